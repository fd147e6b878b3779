"""The verb ``init``: a commented site file, with the schema by which editors complete and check it."""

import argparse
import json
from importlib.resources import files
from pathlib import Path

from pitscape.imagery.errors import InputError
from pitscape.imagery.outputs import check_writable, write_text
from pitscape.site_settings import SiteSettings


def run(arguments: argparse.Namespace) -> None:
    """``pitscape init``."""
    write_template(arguments.out)
    print(arguments.out)


def write_template(path: Path) -> None:
    """Write a site file to be filled in, and its JSON schema beside it.

    Args:
        path: The site file; the schema is ``NAME.schema.json``.

    Raises:
        InputError: If one of the two is there already, or they cannot be written.
    """
    schema = path.with_suffix(".schema.json")
    for each in (path, schema):
        if each.exists():
            raise InputError(f"{each}: is there already; name another file with --out.")
        check_writable(each)
    write_text(schema, schema_text())
    write_text(path, f"# yaml-language-server: $schema={schema.name}\n{template_text()}")


def template_text() -> str:
    """The template without its line for editors."""
    return (files("pitscape") / "site_template.yaml").read_text(encoding="utf-8")


def schema_text() -> str:
    """The JSON schema of site files."""
    return json.dumps(SiteSettings.model_json_schema(), indent=2, ensure_ascii=False) + "\n"
