"""Class maps of all epochs of a site on one grid, for whatever compares epochs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from odc.geo.geobox import GeoBox

from pitscape.imagery.class_map import ClassMap, names_file, new_class_map
from pitscape.imagery.cog import BLOCK
from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import same_grid
from pitscape.imagery.legend import UNOBSERVED
from pitscape.inference.areas.epochs import coarsest, open_maps, reader_on

FOLDER = "metric"
"""Where maps stand that were brought to another grid, in the folder of results."""


def metric_map(out: Path, epoch: str) -> Path:
    """Where the map of an epoch stands if it was brought to another grid."""
    return out / FOLDER / f"{epoch}.tif"


def write_metric_maps(maps: Mapping[str, Path], out: Path, *, resample: bool) -> dict[str, Any]:
    """Bring the class maps of all epochs to the coarsest grid among them, by the most frequent class.

    Args:
        maps: Class map by name of epoch.
        out: Folder of results; a map that lies on the grid is not written there.
        resample: Whether maps on other grids are brought to it, or refused.

    Returns:
        ``resampled``, the names of the epochs whose maps were written; ``observed_share`` of each epoch, of the cells of
        the grid that any epoch observed, NaN where there are none.

    Raises:
        InputError: If legends differ, a grid is turned, or grids differ and are refused.
    """
    with open_maps(list(maps.values())) as opened:
        first, grid = opened[0], coarsest(opened).grid
        for each in opened:
            if each.legend.names != first.legend.names:
                raise InputError(
                    f"{each.path}: has another legend than {first.path}; map all epochs with models of one legend."
                )
            if not resample and not same_grid(first.grid, each.grid):
                raise InputError(
                    f"{each.path}: is on another grid than {first.path}; bring them to one, or say metric_grid: coarsest."
                )
        moved = {name: each for name, each in zip(maps, opened, strict=True) if not same_grid(each.grid, grid)}
        for name in maps:
            path = metric_map(out, name)
            if name in moved:
                _write(path, moved[name], grid)
            else:  # of an earlier run
                path.unlink(missing_ok=True)
                names_file(path).unlink(missing_ok=True)
    return {"resampled": list(moved), "observed_share": _observed(maps, moved, out)}


def _write(path: Path, source: ClassMap, grid: GeoBox) -> None:
    height, width = grid.shape
    with reader_on(source, grid) as read, new_class_map(path, grid, source.legend) as write:
        for start in range(0, height, BLOCK):
            write(start, read(slice(start, min(start + BLOCK, height)), slice(0, width)))


def _observed(maps: Mapping[str, Path], moved: Mapping[str, ClassMap], out: Path) -> dict[str, float]:
    """Share of the land that each epoch observed, in bands of rows."""
    on_grid = [metric_map(out, name) if name in moved else path for name, path in maps.items()]
    seen, land = np.zeros(len(maps)), 0
    with open_maps(on_grid) as opened:
        height, width = opened[0].grid.shape
        for start in range(0, height, BLOCK):
            rows = slice(start, min(start + BLOCK, height))
            observed = np.stack([each.read(rows, slice(0, width)) != UNOBSERVED for each in opened])
            seen += observed.sum(axis=(1, 2))
            land += int(observed.any(axis=0).sum())
    return {name: float(cells / land) if land else float("nan") for name, cells in zip(maps, seen, strict=True)}
