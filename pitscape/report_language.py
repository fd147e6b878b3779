"""The language of a report: its texts, its numbers, and the words of ``site.json`` in it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Any

import yaml

from pitscape.imagery.errors import InputError

LANGUAGES = ("en", "zh")
TERM = "terms."
LONGEST_WORD = 60


@dataclass(frozen=True)
class Language:
    """Texts of one language file of ``report_page``.

    Attributes:
        code: Of the language, as HTML has it.
        texts: By dotted key. Numbers in braces have their digits: ``{area:2}``.
    """

    code: str
    texts: Mapping[str, str]

    def say(self, key: str, **values: object) -> str:
        """A text with its values; numbers are written as the language writes them."""
        return _Sentence(self).vformat(self.texts[key], (), values)

    def has(self, key: str) -> bool:
        """Whether there is such a text."""
        return key in self.texts

    def number(self, value: float | None, digits: int = 3) -> str:
        """A number for people; a dash where there is none.

        >>> language = load_language("en")
        >>> language.number(1234.5678, 1), language.number(None)
        ('1,234.6', '–')
        """
        if value is None:
            return "–"
        marks = {",": self.texts["number.group"], ".": self.texts["number.decimal"]}
        return "".join(marks.get(each, each) for each in f"{value:,.{digits}f}")

    def term(self, word: str) -> str:
        """A word of ``site.json`` or of a legend; names that the language file does not know stay."""
        return self.texts.get(TERM + word, word)

    def terms(self, text: str) -> str:
        """A text of a chart: the whole where it is a term, else each term in it.

        >>> load_language("zh").terms("initial, 2015")
        '初期, 2015'
        """
        if TERM + text in self.texts:
            return self.texts[TERM + text]
        return text if self.code == "en" else _words(self.code).sub(lambda found: self.term(found[0]), text)


class _Sentence(Formatter):
    """Fills a text; a number's format is its digits."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def format_field(self, value: Any, format_spec: str) -> str:  # noqa: ANN401 - as the base class has it
        if format_spec.isdigit():
            return self.language.number(value, int(format_spec))
        text: str = super().format_field(value, format_spec)
        return text


@cache
def load_language(code: str = "en") -> Language:
    """The language file of a code.

    Raises:
        InputError: If there is none.
    """
    if code not in LANGUAGES:
        raise InputError(f"--language {code}: there are {', '.join(LANGUAGES)}; choose one of them.")
    text = (files("pitscape") / "report_page" / f"{code}.yaml").read_text(encoding="utf-8")
    return Language(code, dict(_flat(yaml.safe_load(text))))


def _flat(content: dict[str, Any]) -> list[tuple[str, str]]:
    """Sections and keys as ``section.key``."""
    return [(f"{section}.{key}", text) for section, texts in content.items() for key, text in texts.items()]


@cache
def _words(code: str) -> re.Pattern[str]:
    """All terms of a language that may stand within a text, the longest first."""
    keys = [key.removeprefix(TERM) for key in load_language(code).texts if key.startswith(TERM)]
    short = sorted((re.escape(key) for key in keys if len(key) < LONGEST_WORD), key=len, reverse=True)
    return re.compile(rf"(?<![\w])(?:{'|'.join(short)})(?![\w])")
