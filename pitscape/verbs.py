"""How a verb of the command line is made."""

import argparse
from pathlib import Path
from typing import TypeAlias

from pitscape.imagery.errors import InputError
from pitscape.imagery.remote.name import collapsed, without_secrets

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


def add_cluster(verb: argparse._ActionsContainer, what: str) -> None:
    """Add the option ``--cluster``, which does some work on the workers of dask.distributed."""
    verb.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help=f"{what} on workers of dask.distributed: local:N for N processes here, tls://HOST:PORT, or tcp:// on this machine "
        "(docs/howto/cluster.md)",
    )


def check_local(parsed: argparse.Namespace) -> None:
    """Refuse remote names of files that a verb takes from the local disk alone.

    Raises:
        InputError: Naming the first.
    """
    for value in vars(parsed).values():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, Path) and collapsed(each):
                raise InputError(
                    f"{without_secrets(str(each))}: {parsed.verb} takes this from the local disk alone; copy it first "
                    "(docs/howto/cloud.md says what may be remote)."
                )
