"""Stacks: scenes of several sensors, whatever their grids, read window by window onto one."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import check_grid
from pitscape.imagery.reading import Reading
from pitscape.imagery.scene import Scene, open_scene
from pitscape.imagery.sensor import Sensor


@dataclass(frozen=True)
class Source:
    """One source of a stack.

    Attributes:
        path: A raster, SAFE or Landsat product.
        sensor: Whose it is; None to recognise it.
        bands: The bands wanted; the sensor's by default.
        reading: What the user says of it.
    """

    path: Path
    sensor: Sensor | None = None
    bands: tuple[str, ...] | None = None
    reading: Reading | None = None


@dataclass(frozen=True)
class Channels:
    """What a source adds to the channels of a stack.

    Attributes:
        sensor: Says what its numbers mean.
        bands: Names of its bands, one channel each.
    """

    sensor: Sensor
    bands: tuple[str, ...]


def slices_of(sources: Sequence[Channels]) -> tuple[slice, ...]:
    """Where the channels of each source lie among those of all.

    >>> from pitscape.imagery.sensor import load_sensor
    >>> dem, radar = load_sensor("dem"), load_sensor("sentinel1_grd_db")
    >>> slices_of([Channels(dem, ("elevation",)), Channels(radar, ("VV", "VH"))])
    (slice(0, 1, None), slice(1, 3, None))
    """
    ends = np.cumsum([len(source.bands) for source in sources]).tolist()
    return tuple(slice(end - len(source.bands), end) for source, end in zip(sources, ends, strict=True))


@dataclass(frozen=True)
class Stack:
    """Open scenes on one grid; any thread may read them.

    Attributes:
        grid: Where the pixels are.
        scenes: One per source, in order.
    """

    grid: GeoBox
    scenes: tuple[Scene, ...]

    @property
    def bands(self) -> tuple[tuple[str, str], ...]:
        """Sensor and band of each channel that ``read`` gives, in order."""
        return tuple((scene.sensor.name, band) for scene in self.scenes for band in scene.bands)

    def read(self, rows: slice, columns: slice) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Read a window; it equals the same part of a whole read.

        Args:
            rows: Start and stop on the grid.
            columns: The same across.

        Returns:
            Stored numbers in the conventions of their sensors (channel, y, x), 0 where a source was not observed;
            and where each source was (source, y, x).
        """
        if len(self.scenes) == 1:
            values, observed = self.scenes[0].read(rows, columns)
            return values, observed[None]
        pixels = [scene.read(rows, columns) for scene in self.scenes]
        return np.concatenate([p[0] for p in pixels]), np.stack([p[1] for p in pixels])


@contextmanager
def open_stack(sources: Sequence[Source], grid: GeoBox | None = None) -> Iterator[Stack]:
    """Open sources on one grid.

    Args:
        sources: At least one.
        grid: Where pixels are wanted; the first source's own grid by default.

    Yields:
        The open stack.

    Raises:
        InputError: If a source cannot be opened (see ``open_scene``), or does not meet the grid.
    """
    if not sources:
        raise InputError("a stack needs at least one source.")
    if grid is not None:
        check_grid(grid, "the grid wanted")
    with ExitStack() as stack:
        scenes = [
            stack.enter_context(open_scene(source.path, source.sensor, bands=source.bands, reading=source.reading))
            for source in sources
        ]
        target = grid or scenes[0].grid
        for scene in scenes:
            if not scene.meets(target):
                raise InputError(f"{scene.path}: does not overlap {sources[0].path}; give sources of one place.")
        yield Stack(target, tuple(scene.on(target) for scene in scenes))
