"""Values of options: numbers in their ranges, and lists of names."""

import math

from pitscape.imagery.errors import InputError


def check_number(value: float | None, option: str, *, low: float = 0.0, high: float = math.inf) -> None:
    """Make sure that an option lies in its range.

    Raises:
        InputError: If not, or if it is not a number.
    """
    if value is not None and not low <= value <= high:
        raise InputError(f"{option} {value:g}: must be between {low:g} and {high:g}.")


def names_of(text: str | None) -> tuple[str, ...]:
    """Names that commas part; none where the option was not given.

    >>> names_of("2015, 2018")
    ('2015', '2018')
    """
    return tuple(name.strip() for name in text.split(",")) if text else ()
