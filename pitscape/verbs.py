"""How a verb of the command line is made."""

import argparse
from typing import TypeAlias

Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - no public name


def new_verb(verbs: Verbs, name: str, run: str, text: str) -> argparse.ArgumentParser:
    """Add a verb.

    Args:
        verbs: Of the command line.
        name: What is typed.
        run: The function that does it, module:function, loaded when the verb is called.
        text: What it does, for the help; no full stop.
    """
    verb: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    verb.set_defaults(run=run)
    return verb
