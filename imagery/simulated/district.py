"""A simulated site as pieces of land: one where it is small, else squares that each hold a mine of their own."""

from collections.abc import Iterator
from dataclasses import dataclass

from pitscape.imagery.simulated.sensing.day import Grain, draw_grain
from pitscape.imagery.simulated.terrain.land import Territory, simulate_territory
from pitscape.imagery.simulated.terrain.place import Place, whole_place

LARGEST_WHOLE = 2048
"""Rows and columns of sites that are drawn whole."""

PIECE = 768
"""Rows and columns of the pieces of larger ones: whole blocks of the files, and whole cells of 30 m."""

SITE, PIECES, SHARED = 0, 5, 6
"""What follows the seed in the keys of a whole site, of pieces, and of what pieces share."""


@dataclass(frozen=True)
class Piece:
    """A square of a site, with all that lasts in it.

    Attributes:
        number: From 1, row by row.
        territory: The land and its mine.
        grain: What lasts in its look.
        rows: Its rows in the site; those of the last pieces may be fewer than were drawn.
        columns: The same across.
    """

    number: int
    territory: Territory
    grain: Grain
    rows: slice
    columns: slice

    @property
    def place(self) -> Place:
        """Where it lies in the site."""
        return self.territory.place

    @property
    def inside(self) -> tuple[slice, slice]:
        """Rows and columns of what was drawn that lie inside the site."""
        return slice(0, self.rows.stop - self.rows.start), slice(0, self.columns.stop - self.columns.start)


@dataclass(frozen=True)
class District:
    """How a site is cut into pieces.

    Attributes:
        seed: Equal seeds draw equal land.
        size: Rows and columns of the site.
        side: Rows and columns of its pieces.
        opens: When digging begins [year, fractional].
        complete: When the mines have reached their final extent.
    """

    seed: int
    size: int
    side: int
    opens: float
    complete: float

    @property
    def across(self) -> int:
        """How many pieces lie side by side."""
        return -(-self.size // self.side)

    def pieces(self) -> Iterator[Piece]:
        """Draw the pieces one after the other, row by row."""
        for number in range(self.across**2):
            yield self.piece(*divmod(number, self.across))

    def piece(self, row: int, column: int) -> Piece:
        """Draw the piece of a row and column of pieces."""
        place = self.place(row, column)
        key = (self.seed, SITE) if place.alone else (self.seed, PIECES, row + 1, column + 1)
        territory = simulate_territory(key, place.size, opens=self.opens, complete=self.complete, place=place)
        grain = draw_grain(key, territory.at(self.opens - 1), place)
        rows, columns = (slice(at, min(at + self.side, self.size)) for at in (place.row, place.column))
        return Piece(row * self.across + column + 1, territory, grain, rows, columns)

    def place(self, row: int, column: int) -> Place:
        """Where the piece of a row and column of pieces lies."""
        shared = (self.seed, SHARED)
        if self.across == 1:
            return whole_place(shared, self.size)
        return Place(shared, row * self.side, column * self.side, self.side, self.size)


def side_of_pieces(size: int) -> int:
    """Rows and columns of the pieces that a site of some rows and columns is drawn in.

    >>> side_of_pieces(384), side_of_pieces(20_000)
    (384, 768)
    """
    return size if size <= LARGEST_WHOLE else PIECE
