"""What a user says of a scene where its metadata do not, or should not have the last word."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pitscape.imagery.radiometry import OffsetWord


@dataclass(frozen=True)
class Reading:
    """How a scene is read, where the user has a say.

    Attributes:
        stored_bands: The raster's bands by name, in its order, where it does not name them.
        offset: Whether its numbers hold the agency's offset, where its metadata do not say.
        mask: A raster that is not 0 where land is hidden, on any grid.
        gsd_m: Side of a pixel of a raster that says nothing of its place [m]; None: such a raster is refused.
        keep_clouds: Whether pixels stay that the product's quality band calls cloud or shadow.
    """

    stored_bands: Sequence[str] | None = None
    offset: OffsetWord | None = None
    mask: Path | None = None
    gsd_m: float | None = None
    keep_clouds: bool = False
