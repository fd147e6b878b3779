"""The work on one tile of a mosaic, here or on a worker: read it, and leave what the mosaic needs of it as a part."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar
from zipfile import BadZipFile

import numpy as np
import shapely
from numpy.typing import NDArray

from pitscape.categories import Categories, open_categories
from pitscape.ecology import naming
from pitscape.imagery.cog import BLOCK
from pitscape.imagery.legend import Legend
from pitscape.imagery.outputs import replacing
from pitscape.inference.cluster.run_mark import check_mark
from pitscape.inference.cluster.same_files import SameFiles
from pitscape.map_mosaic import MapTile
from pitscape.resilience.patches import Patches, patches_of
from pitscape.resilience.runs import UnobservedError, runs_of_bands
from pitscape.resilience.spacing import Spacing, spacing_of, unobserved_spacing
from pitscape.resilience.tile import Tile, tile_of, unobserved_tile
from pitscape.zone_rectangle import inside_zone

Part = TypeVar("Part", Tile, Spacing)


@dataclass(frozen=True, kw_only=True)
class TileTask:
    """To find the patches of a tile.

    Attributes:
        tile: Where it is.
        sha256: Of its file, and of what that is read from.
        same: These files, as they were seen before they were hashed.
        folder: Where the part is left.
        unit: "m" for rasters without CRS.
        nodata: As the user gave it.
        legend: The classes, for rasters that do not carry them.
        zone: WKB of the zone beyond which all is nodata, None where all counts.
        threads: How many work at once.
        mark: In the folder, where a worker does the task.
    """

    tile: MapTile
    sha256: str
    same: SameFiles
    folder: Path
    unit: str | None
    nodata: int | None
    legend: Legend | None
    zone: bytes | None
    threads: int | None
    mark: Path | None = None

    def check_folder(self) -> None:
        """Make sure that a worker sees the folder, and that the run goes on.

        Raises:
            InputError: If not.
        """
        if self.mark:
            check_mark(self.mark)

    @property
    def part(self) -> Path:
        """Where the part lies; its name tells what it was made of."""
        return self.folder / f"{hashlib.sha256(json.dumps(self._made_of()).encode()).hexdigest()}.npz"

    def _made_of(self) -> dict[str, Any]:
        rows, columns = self.tile.rows, self.tile.columns
        return {
            "pitscape": version("pitscape"),
            "file": self.sha256,
            "window": [rows.start, rows.stop, columns.start, columns.stop],
            "place": self.tile.place,
            "nodata": self.nodata,
            "legend": self.legend is not None,
            "zone": self.zone and self.zone.hex(),
        }


@dataclass(frozen=True, kw_only=True)
class SpacingTask(TileTask):
    """To measure the distances in a tile.

    Attributes:
        united: Patches of the tile that are one with an earlier one of it in the mosaic, and that one, shape (u, 2).
        cell_size: Width and height of a cell [m].
        distance: Threshold T of CONNECT [m].
    """

    united: NDArray[np.int32]
    cell_size: tuple[float, float]
    distance: float

    def _made_of(self) -> dict[str, Any]:
        united = hashlib.sha256(self.united.tobytes()).hexdigest()
        return super()._made_of() | {"united": united, "cell_size": self.cell_size, "distance": self.distance}


def find_tile(task: TileTask) -> None:
    """Find the patches of a tile and leave a :class:`Tile`.

    Raises:
        InputError: If the file cannot be read, is another one by now or on this machine, or holds more than 255 classes, or
            the folder is not that of the run.
    """
    patches, tile = _patches(task), task.tile
    shape = (tile.rows.stop - tile.rows.start, tile.columns.stop - tile.columns.start)
    _leave(task, tile_of(patches, tile.place) if patches else unobserved_tile(shape, tile.place))


def measure_tile(task: SpacingTask) -> None:
    """Measure the distances in a tile and leave a :class:`Spacing`.

    Raises:
        InputError: If the file cannot be read, or is another one by now or on this machine, or the folder is not that of the
            run.
    """
    patches = _patches(task)
    if patches is None:
        _leave(task, unobserved_spacing())
        return
    united = np.arange(patches.cells.size, dtype=np.int32)
    united[task.united[:, 0]] = task.united[:, 1]
    _leave(
        task,
        spacing_of(patches, united, cell_size=task.cell_size, distance=task.distance, threads=task.threads),
    )


def read_part(kind: type[Part], path: Path) -> Part | None:
    """A part that was left, None where it is missing or damaged."""
    try:
        with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as stored:
            return kind(**{name: stored[name] for name in kind._fields})
    except (OSError, ValueError, KeyError, BadZipFile):
        return None


def _leave(task: TileTask, part: Tile | Spacing) -> None:
    task.check_folder()
    with replacing(task.part) as temporary:
        np.savez(temporary, **part._asdict())


def _patches(task: TileTask) -> Patches | None:
    """The patches of a tile, None where no cell is observed."""
    task.check_folder()
    with (
        open_categories(task.tile.path, unit=task.unit, nodata=task.nodata, legend=task.legend) as classes,
        naming(task.tile.path),
    ):
        try:
            patches = patches_of(runs_of_bands(_bands(task, classes), nodata=classes.nodata), threads=task.threads)
        except UnobservedError:
            patches = None
    task.same.check()
    return patches


def _bands(task: TileTask, classes: Categories) -> Iterator[NDArray[np.integer[Any]]]:
    """The tile in bands of rows, from top to bottom."""
    zone = shapely.from_wkb(task.zone) if task.zone else None
    for start in range(task.tile.rows.start, task.tile.rows.stop, BLOCK):
        rows = slice(start, min(start + BLOCK, task.tile.rows.stop))
        ids = classes.read(rows, task.tile.columns)
        if zone is None:
            yield ids
        else:
            inside = inside_zone(zone, classes.affine, rows, task.tile.columns)
            yield np.where(inside, ids.astype(np.int64), classes.nodata)
