"""Examples in docstrings as blocks of code, which Markdown would take for quotations."""

import re
from typing import Any

from griffe import Extension, Object

EXAMPLE = re.compile(r"^( *)(>>> .*(?:\n(?! *$).+)*)", re.MULTILINE)


class DoctestBlocks(Extension):
    """Fences every paragraph that begins with ``>>>``."""

    def on_object(self, *, obj: Object, **_: Any) -> None:  # noqa: ANN401 - of griffe's own
        """Change the docstring of a module, class or function before it is parsed."""
        if obj.docstring:
            obj.docstring.value = EXAMPLE.sub(r"\1```pycon\n\1\2\n\1```", obj.docstring.value)
