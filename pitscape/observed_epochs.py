"""Epochs of which enough was observed for indices, and what is said of the others."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from pitscape.frame import Frame
from pitscape.measures import Measures, Vegetation
from pitscape.quantities import Quantity
from pitscape.site_settings import SiteSettings

FrameT = TypeVar("FrameT", bound=Frame)


def enough_observed(observed_share: Mapping[str, float], settings: SiteSettings) -> dict[str, bool]:
    """Whether each epoch was observed on the share of the land that indices need."""
    return {name: share >= settings.least_observed for name, share in observed_share.items()}


def without_indices(epoch: str, year: int, like: Measures | None) -> Measures:
    """The measures of an epoch of which too little was observed: none.

    Args:
        epoch: Its name.
        year: Its calendar year.
        like: Of another epoch of the site, which says what there would be.
    """
    told = like.resilience if like else {"ndvi": math.nan, "e": math.nan, "coarse_legend": False, "score_set": ""}
    nothing = {key: value if isinstance(value, bool | str) else math.nan for key, value in told.items()}
    return Measures(
        epoch=epoch,
        year=year,
        landscape=dict.fromkeys(like.landscape if like else (), math.nan),
        shares={},
        adjusted=None,
        vegetation=Vegetation(),
        resilience=nothing,
        elastic=None,
        npp=Quantity(),
        et=Quantity(),
        q=math.nan,
        water={},
        observed=False,
    )


def observed_part(measures: Sequence[Measures], frame: FrameT) -> tuple[list[Measures], FrameT]:
    """The epochs of which enough was observed, with a frame of them alone; none where the baseline is not among them."""
    settings = frame.settings
    if not measures[settings.baseline_place].observed:
        return [], frame
    told = [each for each in measures if each.observed]
    names = {each.epoch for each in told}
    epochs = tuple(epoch for epoch in settings.epochs if epoch.name in names)
    return told, replace(frame, settings=settings.model_copy(update={"epochs": epochs}))


def observation_flags(content: Mapping[str, Any], settings: SiteSettings) -> list[dict[str, str]]:
    """What a reader must know of the land that was observed, as flags of the site.

    Args:
        content: Parts of ``site.json``: ``epochs``, ``observed_land_share``.
        settings: The site file.
    """
    return [{"flag": name, "text": text} for name, text in _flags(content, settings)]


def _flags(content: Mapping[str, Any], settings: SiteSettings) -> Iterator[tuple[str, str]]:
    least, epochs = settings.least_observed, content["epochs"]
    known = {epoch["name"]: epoch.get("observed_share") for epoch in epochs}
    for name, share in known.items():
        if share is not None and share < least:
            part = f"{100 * share:.0f} % of the land, less than {100 * least:.0f} %"
            yield (
                "little_observed",
                f"{name} was observed on {part}: it has areas of what was observed, and no indices.",
            )
    common = content["observed_land_share"]
    if common is not None and common < least:
        yield "common_land", f"Indices compare {100 * common:.0f} % of the land: what all epochs with indices observed."
    if moved := [epoch["name"] for epoch in epochs if epoch.get("resampled")]:
        maps = f"Maps of {', '.join(moved)} were brought to the coarsest grid for all that compares epochs"
        yield "resampled", f"{maps}; areas and extents are those of each epoch's own map."
