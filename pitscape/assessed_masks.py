"""A reference mask beside the map that it is to assess."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.windows import Window

from pitscape.assessed_material import Material, assessed_codes
from pitscape.imagery.cell_area import M2_PER_KM2
from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import grid_of, same_grid
from pitscape.imagery.legend import UNOBSERVED
from pitscape.imagery.progress import Progress
from pitscape.imagery.raster import open_raster
from pitscape.inference.sample.clusters import FEW, ClusteredLand, block_cells, labelled_blocks
from pitscape.inference.sample.sampled_land import SampledLand


def of_mask(
    path: Path, land: SampledLand, *, block_m: float, names: dict[int, str] | None, progress: Progress | None = None
) -> Material:
    """A reference mask beside a map, in blocks.

    Args:
        path: One band on the map's grid.
        land: The map.
        block_m: Side of a block [m].
        names: Class name by code of the mask, ``ignore`` for none; None: codes are the map's ids.
        progress: Is told of rows done and in all.

    Raises:
        InputError: If the mask is on another grid or holds an unknown code, or nothing is labelled.
    """
    legend = land.after.legend
    k = len(legend)
    table = None if names is None else legend.crosswalk(names)
    block = block_cells(land.after.grid, block_m)
    with open_raster(path) as dataset:
        if not same_grid(grid_of(dataset), land.after.grid):
            raise InputError(
                f"{path}: lies on another grid than {land.after.path}; bring it there with gdalwarp -r near."
            )
        if dataset.dtypes[0] != "uint8":
            raise InputError(f"{path}: holds {dataset.dtypes[0]}; a mask is one band of uint8.")
        labelled, cells = labelled_blocks(_with_mask(land, dataset, table, progress), block, k)
    if not len(labelled):
        raise InputError(f"{path}: no observed cell of {land.after.path} is labelled; check both, and --codes.")
    areas = land.census().areas
    kept = assessed_codes((areas > 0) | (cells.sum(0) > 0))
    some = np.ix_(kept, kept)
    chosen = tuple(legend.names[n] for n in kept)
    clusters = ClusteredLand(chosen, areas[kept], labelled[:, kept][:, :, kept], cells[some])
    few = [f"{name} ({n})" for name, n in zip(chosen, clusters.blocks, strict=True) if 0 < n < FEW]
    notes = [
        "masks lie where someone chose to label: figures hold for land like the labelled land",
        *([f"mapped classes with labelled cells in few blocks: {', '.join(few)}"] if few else []),
    ]
    km2 = areas[kept] / M2_PER_KM2
    return Material(clusters, km2, float(km2.sum()), cells[some], {}, tuple(kept.tolist()), tuple(notes))


def _with_mask(
    land: SampledLand,
    dataset: Any,  # noqa: ANN401
    table: NDArray[np.uint8] | None,
    progress: Progress | None,
) -> Iterator[tuple[NDArray[np.unsignedinteger], NDArray[np.uint8], GeoBox]]:
    """Bands of rows of the map and of the mask."""
    top, k = 0, len(land.after.legend)
    for codes, grid in land.row_bands(progress):
        height, width = grid.shape
        ids = dataset.read(1, window=Window(0, top, width, height))
        hidden = ids == (UNOBSERVED if dataset.nodata is None else dataset.nodata)
        reference = ids if table is None else table[ids]
        reference[hidden] = UNOBSERVED
        if (wrong := reference[(reference >= k) & (reference != UNOBSERVED)]).size:
            raise InputError(f"{dataset.name}: holds code {wrong[0]}; name the classes of its codes with --codes.")
        yield codes, reference, grid
        top += height
