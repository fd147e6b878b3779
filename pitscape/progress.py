"""Progress of long work: a bar on a terminal, nothing in a pipe."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress


@contextmanager
def bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on standard error where that is a terminal; what is printed meanwhile to a pipe still goes there.

    Yields:
        A function of work done and work in all.
    """
    console, same = Console(stderr=True), sys.stdout.isatty()
    with Progress(console=console, disable=not console.is_terminal, transient=True, redirect_stdout=same) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def titled_bar(title: str) -> Iterator[tuple[Callable[[str], None], Callable[[float, float], None]]]:
    """Show a bar on standard error whose title changes, where that is a terminal.

    Yields:
        A function of what is being done, and one of work done and work in all.
    """
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task(title, total=None)
        yield (
            lambda doing: progress.update(task, description=f"{title}: {doing}"),
            lambda done, total: progress.update(task, completed=done, total=total),
        )


def say(message: str) -> None:
    """One line on standard error."""
    print(message, file=sys.stderr, flush=True)
