"""The documentation as tests see it: pages, and their blocks of code with what is said of them in comments."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
FENCE = re.compile(
    r"(?:<!-- (?:not run: (?P<reason>[^>]+)|file: (?P<file>\S+)) -->\n)?"
    r"^(?P<fence>`{3,})(?P<language>[^\n`]*)\n(?P<code>.*?)^(?P=fence)$",
    re.DOTALL | re.MULTILINE,
)
RUNS = frozenset({"python", "sh", "yaml"})
SHOWN = frozenset({"text"})
"""What programs print."""


@dataclass(frozen=True)
class Block:
    """A block of code.

    Attributes:
        place: Page and line, for messages.
        language: As the page says.
        code: What stands in it.
        reason: Why it cannot be run; None if it can.
        file: The name under which the blocks after it find it.
    """

    place: str
    language: str
    code: str
    reason: str | None
    file: str | None


def name_of(page: Path) -> str:
    """A page as readers know it."""
    return page.relative_to(ROOT).as_posix()


def blocks_of(page: Path) -> list[Block]:
    """The blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            f"{name_of(page)}:{text.count(chr(10), 0, found.start('fence')) + 1}",
            found["language"],
            found["code"],
            found["reason"],
            found["file"],
        )
        for found in FENCE.finditer(text)
    ]
