"""What an assessment starts from: maps with labelled points or masks, or an error matrix."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import CRS
from rasterio.windows import Window

from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import grid_of, same_grid
from pitscape.imagery.legend import UNOBSERVED, Legend
from pitscape.imagery.raster import open_raster
from pitscape.inference.clusters import FEW, ClusteredLand, block_cells, labelled_blocks
from pitscape.inference.extents import M2_PER_KM2
from pitscape.inference.sample_points import LabelledPoints, read_points
from pitscape.inference.sampled_land import NO_CODE, Census, Codes, SampledLand
from pitscape.inference.stratified import StratifiedSample, proportions, sample_of_matrix

SAME_LAND = 1e-6
"""Relative difference of area up to which the land of a sample and that of a map are one."""

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Material:
    """Reference data beside what is mapped.

    Attributes:
        units: What is counted as independent: points by stratum, or blocks.
        mapped_km2: Of each class of ``units``.
        area_km2: Of all the land.
        counts: Labelled points or cells, shape (mapped, reference).
        left_out: Number of points by reason.
        codes: Code of each class in the maps' land.
        notes: What a reader must know.
    """

    units: StratifiedSample | ClusteredLand
    mapped_km2: Floats
    area_km2: float
    counts: Integers
    left_out: dict[str, int] = field(default_factory=dict)
    codes: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


def of_points(path: Path, land: SampledLand, *, allow_unlabelled: bool) -> Material:
    """Labelled points beside the maps.

    Raises:
        InputError: If points lack labels and that is not allowed, none can be used, or their strata are not known.
    """
    points = read_points(path, CRS.from_user_input(str(land.after.grid.crs)), land.names)
    mapped, inside = land.codes_at(points.x, points.y)
    open_points = int((points.labels < 0).sum())
    if open_points and not allow_unlabelled:
        raise InputError(
            f"{path}: {open_points} of {len(mapped)} points have no label; label them, or leave them out with --allow-unlabelled."
        )
    used = (points.labels >= 0) & (mapped != NO_CODE)
    if not used.any():
        raise InputError(f"{path}: no labelled point lies on observed land of {land.after.path}; check both.")
    left_out = {
        "unlabelled": open_points,
        "unobserved": int((inside & (mapped == NO_CODE)).sum()),
        "outside": int((~inside).sum()),
    }
    census = land.census()
    seen = np.bincount(points.labels[used], minlength=len(land.names))
    codes = np.flatnonzero((census.areas > 0) | (seen > 0))
    strata, areas, notes = _strata(path, points, mapped[used], land, census)
    counts = np.zeros((len(strata), len(codes), len(codes)), np.int64)
    own = [land.names[code] for code in mapped] if points.strata is None else points.strata
    place = [strata.index(own[n]) for n in np.flatnonzero(used)]
    row, column = np.searchsorted(codes, mapped[used]), np.searchsorted(codes, points.labels[used])
    np.add.at(counts, (place, row, column), 1)
    sample = StratifiedSample(tuple(land.names[code] for code in codes), strata, areas, counts)
    mapped_km2, more = _mapped(sample, census.areas[codes])
    total = float(areas.sum()) / M2_PER_KM2
    return Material(sample, mapped_km2, total, counts.sum(0), left_out, tuple(codes.tolist()), (*notes, *more))


def of_mask(path: Path, land: SampledLand, *, block_m: float, names: dict[int, str] | None) -> Material:
    """A reference mask beside a map, in blocks.

    Args:
        path: One band on the map's grid.
        land: The map.
        block_m: Side of a block [m].
        names: Class name by code of the mask, ``ignore`` for none; None: codes are the map's ids.

    Raises:
        InputError: If the mask is on another grid or holds an unknown code, or nothing is labelled.
    """
    legend = land.after.legend
    k = len(legend)
    block = block_cells(land.after.grid, block_m)
    with open_raster(path) as dataset:
        if not same_grid(grid_of(dataset), land.after.grid):
            raise InputError(f"{path}: lies on another grid than {land.after.path}; bring it there with gdalwarp -r near.")
        if dataset.dtypes[0] != "uint8":
            raise InputError(f"{path}: holds {dataset.dtypes[0]}; a mask is one band of uint8.")
        labelled, cells = labelled_blocks(_with_mask(land, dataset, _table(names, legend), path), block, k)
    if not len(labelled):
        raise InputError(f"{path}: no observed cell of {land.after.path} is labelled; check both, and --codes.")
    areas = land.census().areas
    kept = np.flatnonzero((areas > 0) | (cells.sum(0) > 0))
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


def of_matrix(path: Path, pixels: str, pixel_area: float, names: str | None) -> Material:
    """An error matrix with the mapped pixels of its classes.

    Args:
        path: CSV of counts without header, rows mapped and columns reference.
        pixels: Mapped pixels of each class, separated by commas.
        pixel_area: Area of a pixel [m2].
        names: Of the classes, separated by commas.

    Raises:
        InputError: If the matrix is not square and of counts, or the numbers do not fit it.
    """
    try:
        table = pd.read_csv(path, header=None).to_numpy(np.float64)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: is no CSV of numbers without header; give counts, rows mapped.") from error
    k = len(table)
    if table.shape != (k, k) or k < 2 or not (np.isfinite(table).all() and (table >= 0).all() and (table % 1 == 0).all()):
        raise InputError(f"{path}: is {k} x {table.shape[1]}; a square matrix of counts of at least 2 classes is needed.")
    areas = _pixels(pixels, k) * pixel_area
    classes = tuple(each.strip() for each in names.split(",")) if names else tuple(f"class {n + 1}" for n in range(k))
    if len(set(classes)) != k:
        raise InputError(f"--names {names}: the matrix has {k} classes; give one name of its own for each.")
    counts = table.astype(np.int64)
    sample = sample_of_matrix(counts, areas, classes)
    return Material(sample, areas / M2_PER_KM2, float(areas.sum()) / M2_PER_KM2, counts)


def _pixels(text: str, k: int) -> Floats:
    try:
        pixels = np.array([float(each) for each in text.split(",")])
    except ValueError:
        pixels = np.zeros(0)
    if len(pixels) != k or not (np.isfinite(pixels).all() and (pixels >= 0).all() and pixels.any()):
        raise InputError(f"--pixels {text}: the matrix has {k} classes; give their mapped pixels, separated by commas.")
    return pixels


def _strata(
    path: Path, points: LabelledPoints, mapped: Codes, land: SampledLand, census: Census
) -> tuple[tuple[str, ...], Floats, list[str]]:
    """Names and areas of the strata."""
    by_class = tuple(land.names[code] for code in np.flatnonzero(census.areas))
    if points.strata is None:
        note = "the points have no column stratum: they are taken as a random sample, stratified afterwards by mapped class"
        return by_class, census.areas[census.areas > 0], [note]
    if points.design is not None:
        names = tuple(points.design["stratum"].astype(str))
        areas = points.design["area_km2"].to_numpy(np.float64) * M2_PER_KM2
        notes = []
    else:
        names, areas = by_class, census.areas[census.areas > 0]
        notes = ["the file has no table strata: areas of the strata are those of the mapped classes"]
    if unknown := sorted(set(points.strata) - set(names)):
        raise InputError(f"{path}: has stratum {unknown[0]!r}, whose area is not known; keep the table strata of the sample.")
    return names, areas, notes


def _mapped(sample: StratifiedSample, areas: Floats) -> tuple[Floats, list[str]]:
    """Mapped km2 of the classes on the land of the sample."""
    drawn = float(sample.areas.sum())
    if sample.is_by_class:
        by_name = dict(zip(sample.strata, sample.areas, strict=True))
        return np.array([by_name.get(name, 0.0) for name in sample.classes]) / M2_PER_KM2, []
    notes = ["strata differ from the mapped classes: estimators of Stehman (2014)"]
    if abs(float(areas.sum()) - drawn) <= SAME_LAND * drawn:
        return areas / M2_PER_KM2, notes
    other = float(areas.sum()) / M2_PER_KM2
    notes.append(
        f"the sample was drawn from {drawn / M2_PER_KM2:.4g} km2, the map shows {other:.4g} km2: mapped areas are estimated from the points"
    )
    return proportions(sample).sum(1) * drawn / M2_PER_KM2, notes


def _table(names: dict[int, str] | None, legend: Legend) -> NDArray[np.uint8] | None:
    return None if names is None else legend.crosswalk(names)


def _with_mask(
    land: SampledLand, dataset: Any, table: NDArray[np.uint8] | None, path: Path  # noqa: ANN401
) -> Iterator[tuple[Codes, NDArray[np.uint8], GeoBox]]:
    """Bands of rows of the map and of the mask."""
    top, k = 0, len(land.after.legend)
    for codes, grid in land.row_bands():
        height, width = grid.shape
        ids = dataset.read(1, window=Window(0, top, width, height))
        hidden = ids == (UNOBSERVED if dataset.nodata is None else dataset.nodata)
        reference = ids if table is None else table[ids]
        reference[hidden] = UNOBSERVED
        if (wrong := reference[(reference >= k) & (reference != UNOBSERVED)]).size:
            raise InputError(f"{path}: holds code {wrong[0]}; name the classes of its codes with --codes.")
        yield codes, reference, grid
        top += height
