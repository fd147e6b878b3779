"""Class maps of several epochs, opened together."""

import itertools
import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pitscape.imagery.class_map import ClassMap, open_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import load_legend
from pitscape.imagery.product import date_of, epoch_of


@contextmanager
def open_series(paths: Sequence[Path], legend: str | None) -> Iterator[list[ClassMap]]:
    """Open class maps in the order given.

    Args:
        paths: In order of time.
        legend: For maps without one: its name or file.

    Raises:
        InputError: If one is no class map or has no legend.
    """
    with ExitStack() as stack:
        classes = load_legend(legend) if legend else None
        yield [stack.enter_context(open_class_map(path, classes)) for path in paths]


def epoch_names(paths: Sequence[Path]) -> list[str]:
    """The dates that file names tell, else the names themselves.

    Raises:
        InputError: If dates tell that the maps are not in order of time, or a map is given twice.
    """
    dates = [date_of(path) for path in paths]
    told = [(date, path) for date, path in zip(dates, paths, strict=True) if date]
    for (date, path), (later, other) in itertools.pairwise(told):
        if later < date:
            raise InputError(f"{other}: is of {later}, before {path.name} of {date}; give maps in order of time.")
    if len({path.resolve() for path in paths}) < len(paths):
        raise InputError(f"{paths[-1]}: a map is given twice; give each epoch once.")
    return [epoch_of(path) for path in paths]


def check_number(value: float | None, option: str, *, low: float = 0.0, high: float = math.inf) -> None:
    """Make sure that an option lies in its range.

    Raises:
        InputError: If not, or if it is not a number.
    """
    if value is not None and not low <= value <= high:
        raise InputError(f"{option} {value:g}: must be between {low:g} and {high:g}.")
