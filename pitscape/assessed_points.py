"""Labelled points beside the maps that they are to assess."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from pitscape.assessed_material import Material
from pitscape.imagery.cell_area import M2_PER_KM2
from pitscape.imagery.errors import InputError
from pitscape.inference.sample_points import LabelledPoints, read_points
from pitscape.inference.sampled_land import NO_CODE, Census, Progress, SampledLand
from pitscape.inference.stratified import StratifiedSample, proportions

SAME_LAND = 1e-6
"""Relative difference of area up to which the land of a sample and that of a map are one."""

Floats = NDArray[np.float64]


def of_points(path: Path, land: SampledLand, *, allow_unlabelled: bool, progress: Progress | None = None) -> Material:
    """Labelled points beside the maps.

    Args:
        path: The points; see :func:`read_points`.
        land: The maps.
        allow_unlabelled: Leaves points without a label out.
        progress: Is told of rows done and in all.

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
    census = land.census(progress)
    seen = np.bincount(points.labels[used], minlength=len(land.names))
    codes = np.flatnonzero((census.areas > 0) | (seen > 0) | (land.before is not None))
    strata, areas, notes = _strata(path, points, land, census)
    counts = np.zeros((len(strata), len(codes), len(codes)), np.int64)
    own = points.strata or [land.names[code] if code != NO_CODE else "" for code in mapped]
    place = [strata.index(own[n]) for n in np.flatnonzero(used)]
    row, column = np.searchsorted(codes, mapped[used]), np.searchsorted(codes, points.labels[used])
    np.add.at(counts, (place, row, column), 1)
    sample = StratifiedSample(tuple(land.names[code] for code in codes), strata, areas, counts)
    if points.design is None and points.strata and not sample.is_by_class:
        raise InputError(
            f"{path}: has strata that are not the classes of {land.after.path}, and no table of their areas; give the points.gpkg of the sample."
        )
    mapped_km2, more = _mapped(sample, census.areas[codes])
    total = float(areas.sum()) / M2_PER_KM2
    return Material(sample, mapped_km2, total, counts.sum(0), left_out, tuple(codes.tolist()), (*notes, *more))


def _strata(
    path: Path, points: LabelledPoints, land: SampledLand, census: Census
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
        raise InputError(
            f"{path}: has stratum {unknown[0]!r}, whose area is not known; keep the table strata of the sample."
        )
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
