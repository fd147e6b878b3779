"""What runs of sites left: their ``site.json`` files."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pitscape.imagery.errors import InputError

SECTIONS = {"site", "epochs", "areas", "legend", "resilience", "integrity"}


def read_sites(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """The contents of ``site.json`` files.

    Raises:
        InputError: If one is no such file, or two are of one site.
    """
    found: dict[str, dict[str, Any]] = {}
    for path in paths:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: cannot be read as JSON ({error}); give what pitscape run writes.") from error
        if not isinstance(content, dict) or not set(content) >= SECTIONS:
            raise InputError(f"{path}: is no site.json; give what pitscape run writes.")
        name = content["site"]["name"]
        if name in found:
            raise InputError(f"{path}: site {name!r} is given twice; give each site once.")
        found[name] = content
    return list(found.values())
