"""What a reader must know of a site's numbers, as flags with a sentence each."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pitscape.adjusted_areas import observed_km2
from pitscape.frame import Frame
from pitscape.measures import Measures
from pitscape.resilience.climate import FLOOR

GAP = 0.01
"""Share of the land without a value above which a gap is told."""

OTHER_LAND = 0.01
"""Relative difference of area from which on the land of a sample is another than the observed one."""

PLAIN = "NDVI raster"
"""One such file may be the composite of a season."""

Flag = tuple[str, str]


def flags(
    measures: Sequence[Measures], frame: Frame, integrity: dict[str, Any], areas: Sequence[dict[str, Any]]
) -> list[dict[str, str]]:
    """All flags of a site.

    Args:
        measures: One for each epoch.
        frame: What the epochs share.
        integrity: The section of ``site.json``.
        areas: Its rows of ``areas``.
    """
    found = [*_of_land(measures, frame), *_of_samples(measures, areas), *_of_ndvi(measures), *_of_climate(measures)]
    found += [*_of_flows(measures), *_of_integrity(integrity)]
    return [{"flag": name, "text": text} for name, text in found]


def _of_land(measures: Sequence[Measures], frame: Frame) -> Iterator[Flag]:
    shared = [each for each in measures if each.shares]
    if not shared and all(each.observed for each in measures):
        yield "no_areas", "No areas are given: H, ECO_res and E are not computed."
    if not shared:
        return
    if frame.types.scores.coarse:
        yield (
            "coarse_legend",
            "H and ECO_res are over the four land classes (coarse_legend), not over ecosystem types: do not compare them.",
        )
    if single := [each.epoch for each in shared if len(each.shares) == 1]:
        yield "one_type", f"All land is of one type at {_listed(single)}: H, ECO_res and E are 0 there by definition."
    if mapped := [each.epoch for each in shared if each.covariance is None]:
        which = "" if len(mapped) == len(shared) else f" at {_listed(mapped)}"
        yield "mapped_shares", f"Shares{which} are counts of mapped land: no sample says how far they are off."


def _of_samples(measures: Sequence[Measures], areas: Sequence[dict[str, Any]]) -> Iterator[Flag]:
    for each in measures:
        sampled, observed = each.adjusted and each.adjusted.area_km2, observed_km2(areas, each.epoch)
        if sampled and observed and abs(sampled - observed) > OTHER_LAND * observed:
            yield (
                "sampled_land",
                f"The sample of {each.epoch} is of {sampled:.4g} km², and {observed:.4g} km² are observed: its shares are taken for all of them.",
            )


def _of_ndvi(measures: Sequence[Measures]) -> Iterator[Flag]:
    known = [each for each in measures if each.vegetation.source]
    sources = sorted({each.vegetation.source for each in known})
    if len(sources) > 1:
        yield "mixed_ndvi", f"NDVI is of several sources ({', '.join(sources)}): its steps between them are no change."
    if single := [each.epoch for each in known if each.vegetation.dates == 1 and each.vegetation.source != PLAIN]:
        which = "per epoch" if len(single) == len(measures) else f"at {_listed(single)}"
        yield "one_date_ndvi", f"NDVI is that of one date {which}, not a growing-season mean."
    yield from _gaps("ndvi", "NDVI", {each.epoch: each.vegetation.gap for each in known})
    for each in known:
        if each.vegetation.missing:
            yield "ndvi_months", f"NDVI of {each.epoch} lacks {_listed(each.vegetation.missing)}."


def _of_climate(measures: Sequence[Measures]) -> Iterator[Flag]:
    for term in ("c1", "c2"):
        if floored := [each.epoch for each in measures if each.resilience.get(term) == FLOOR]:
            yield (
                f"{term}_floored",
                f"{term.upper()} is at its floor of {FLOOR:g} at {_listed(floored)}: E rests on the floor there.",
            )


def _of_flows(measures: Sequence[Measures]) -> Iterator[Flag]:
    for kind, title in (("npp", "NPP"), ("et", "ET")):
        each_of = [(m.epoch, getattr(m, kind)) for m in measures]
        if estimated := [epoch for epoch, each in each_of if each.estimated]:
            yield (
                f"{kind}_estimated",
                f"{title} of {_listed(estimated)} is estimated from climate, which cannot see the mine: so are FC and ECI.",
            )
        if len(_sources(each_of)) > 1:
            yield f"mixed_{kind}", f"{title} is of several sources ({_listed(_sources(each_of))})."
        yield from _gaps(kind, title, {epoch: each.gap for epoch, each in each_of})


def _of_integrity(integrity: dict[str, Any]) -> Iterator[Flag]:
    if integrity["missing"]:
        absent = ", ".join(integrity["missing"])
        yield "no_integrity", f"FC, ECI and ThV are not computed: the baseline lacks {absent}, which have weight."
    else:
        for row in integrity["undefined"]:
            yield "undefined", f"{row['epoch']} lacks {', '.join(row['indicators'])}: it has no ECI and ThV."
        for row in integrity["series"]["published"]:
            if row["cut"]:
                yield (
                    "cut",
                    f"At {row['epoch']}, {', '.join(row['cut'])} lies outside its bounds and is cut: widen them.",
                )
    if fitted := integrity["bounds_fitted"]:
        yield "fitted_bounds", f"Bounds of {', '.join(fitted)} are fitted to this very series: store them from now on."
    if integrity["weights_from"] == "entropy":
        yield (
            "entropy_weights",
            "Weights are by entropy of this very series, and another epoch changes them: store them in the site file.",
        )


def _gaps(kind: str, title: str, gaps: Mapping[str, float]) -> Iterator[Flag]:
    """One flag for the epochs on whose land a quantity has gaps."""
    told = {epoch: 100 * gap for epoch, gap in gaps.items() if gap > GAP}
    if told:
        ends = dict.fromkeys(f"{each:.0f}" for each in (min(told.values()), max(told.values())))
        yield f"{kind}_gap", f"{title} is not known on {' to '.join(ends)} % of the land at {_listed([*told])}."


def _sources(each_of: Sequence[tuple[str, Any]]) -> list[str]:
    return sorted({each.source for _, each in each_of if each.source})


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 6 else f"{', '.join(names[:5])} and {len(names) - 5} more"
