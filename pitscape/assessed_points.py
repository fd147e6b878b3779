"""Labelled points beside the maps that they are to assess."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from pitscape.assessed_material import Material, assessed_codes
from pitscape.imagery.cell_area import M2_PER_KM2
from pitscape.imagery.errors import InputError
from pitscape.imagery.progress import Progress
from pitscape.inference.sample.sample_points import LabelledPoints, read_points
from pitscape.inference.sample.sampled_land import NO_CODE, Census, SampledLand
from pitscape.inference.sample.stratified import StratifiedSample, proportions

SAME_LAND = 1e-6
"""Relative difference of area up to which the land of a sample and that of a map are one."""

MOST_MOVED = 0.5
"""Share of the points; where more of them lie elsewhere, x and y are in another projection."""

Floats = NDArray[np.float64]


def of_points(path: Path, land: SampledLand, *, allow_unlabelled: bool, progress: Progress | None = None) -> Material:
    """Labelled points beside the maps.

    Args:
        path: The points; see :func:`read_points`.
        land: The maps.
        allow_unlabelled: Leaves points without a label out.
        progress: Is told of rows done and in all.

    Raises:
        InputError: If points lack labels and that is not allowed, none can be used, their strata are not known, or some
            were moved or copied.
    """
    points = read_points(path, CRS.from_user_input(str(land.after.grid.crs)), land.names)
    _check_places(path, points, land)
    mapped, inside = land.codes_at(points.x, points.y)
    labelled = points.labels >= 0
    open_points = int((~labelled).sum())
    if open_points and not allow_unlabelled:
        raise InputError(
            f"{path}: {open_points} of {len(mapped)} points have no label; label them, or leave them out with --allow-unlabelled."
        )
    used = labelled & (mapped != NO_CODE)
    if not used.any():
        raise InputError(f"{path}: no labelled point lies on observed land of {land.after.path}; check both.")
    left_out = {
        "unlabelled": open_points,
        "unobserved": int((labelled & inside & (mapped == NO_CODE)).sum()),
        "outside": int((labelled & ~inside).sum()),
    }
    census = land.census(progress)
    seen = np.bincount(points.labels[used], minlength=len(land.names))
    codes = assessed_codes((census.areas > 0) | (seen > 0) | (land.before is not None))
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
    notes += [*more, *_left_out(left_out)]
    return Material(sample, mapped_km2, total, counts.sum(0), left_out, tuple(codes.tolist()), tuple(notes))


def _check_places(path: Path, points: LabelledPoints, land: SampledLand) -> None:
    """Points lie where they were drawn, as far as the file tells, and each in a place of its own."""
    places = np.stack([points.x, points.y], axis=1)
    first = np.unique(places, axis=0, return_index=True)[1]
    if copies := sorted(set(range(len(places))) - set(first.tolist())):
        raise InputError(
            f"{path}: row {copies[0] + 1} lies where another point does; one place counts once, remove it."
        )
    if points.drawn is None:
        return
    side = abs(land.after.grid.affine.determinant) ** 0.5
    away = np.hypot(*(places - points.drawn).T)
    moved = away > side / 2
    if moved.any() and moved.mean() < MOST_MOVED:
        row = int(moved.argmax())
        raise InputError(
            f"{path}: row {row + 1} lies {away[row]:.4g} map units from its x and y; put it back, it was drawn there."
        )


def _left_out(left_out: dict[str, int]) -> list[str]:
    kinds = {"unlabelled": "without a label", "unobserved": "on unobserved land", "outside": "outside the map"}
    said = [f"{left_out[kind]} {words}" for kind, words in kinds.items() if left_out[kind]]
    return [f"points left out, as if at random: {', '.join(said)}"] if said else []


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
    by_class = sample.is_by_class
    notes = [] if by_class else ["strata differ from the mapped classes: estimators of Stehman (2014)"]
    if abs(float(areas.sum()) - drawn) <= SAME_LAND * drawn:
        return areas / M2_PER_KM2, notes
    other = float(areas.sum()) / M2_PER_KM2
    notes.append(
        f"the sample was drawn from {drawn / M2_PER_KM2:.4g} km2, the map shows {other:.4g} km2: mapped areas are estimated from the points"
    )
    return proportions(sample).sum(1) * drawn / M2_PER_KM2, notes
