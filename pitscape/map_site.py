"""A site known from class maps, ready ones or of a model: areas, extents and the measures of its epochs."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pitscape.affected_land import write_affected
from pitscape.ecosystem_types import types_of_maps
from pitscape.epoch_mapping import MappedEpoch, mapped_epoch
from pitscape.frame import Frame, read_climate
from pitscape.growth import site_growth
from pitscape.imagery.class_map import open_class_map
from pitscape.inference.areas.proportions import ClassArea, class_areas, write_areas
from pitscape.input_files import digest_of
from pitscape.kept_measures import kept, restored
from pitscape.measured_site import MeasuredSite
from pitscape.measures import Measures, index_of, measure
from pitscape.metric_maps import FOLDER as METRIC
from pitscape.metric_maps import metric_map, write_metric_maps
from pitscape.mined_extents import mined_extents
from pitscape.observed_epochs import without_indices
from pitscape.reference_accuracy import accuracy
from pitscape.resilience_maps import write_resilience_map
from pitscape.site_files import content_with_hashes
from pitscape.site_maps import SiteMaps, site_maps
from pitscape.site_settings import CLASSES, SiteSettings
from pitscape.step_memory import StepMemory
from pitscape.zone_resilience import site_zones, zone_rows

OUTPUTS = ("areas.csv", "extents.gpkg", "affected.gpkg", "outlines.svg")
"""What a site with maps has beside its class maps and pages."""


STEPS_ON_MAPS = (
    "areas",
    "extents",
    "metric grid",
    "growth",
    "landscape and resilience",
    "affected land",
    "accuracy",
)
"""Steps of a site with maps, after the map of each epoch."""

LATER = {
    "title",
    "notes",
    "language",
    "polygons",
    "confidence",
    "baseline",
    "production",
    "mine",
    "affected",
    "score_variants",
    "weights",
    "bounds",
    "uncertainty",
}
"""Settings that do not decide what is measured on the maps."""


def measure_maps(settings: SiteSettings, path: Path, memory: StepMemory) -> MeasuredSite:
    """Map every epoch and measure it; areas, extents and maps of resilience are written.

    Args:
        settings: The site file.
        path: Its path, for messages.
        memory: Does the steps, in its folder.

    Raises:
        InputError: If maps do not fit each other, or have no cell that all observed.
    """
    out, hashes = memory.out, memory.hashes
    mapped = tuple(mapped_epoch(epoch, settings, memory) for epoch in settings.epochs)
    own = {each.epoch.name: each.classes for each in mapped}
    of_own = {name: map_hash(classes, memory) for name, classes in own.items()}
    sure = {m.epoch.name: m.confidence for m in mapped if m.confidence}
    areas = memory.step("areas", {"maps": of_own}, lambda: _areas(mapped, out), outputs=[out / "areas.csv"])
    extents = memory.step(
        "extents",
        {"maps": of_own, "confidence": {name: hashes.of(each) for name, each in sure.items()}},
        lambda: mined_extents(own, out / "extents.gpkg", confidence=sure),
        outputs=[out / "extents.gpkg"],
    )
    on_grid = memory.step(
        "metric grid",
        {"maps": of_own, "settings": settings.metric_grid},
        lambda: write_metric_maps(own, out, resample=settings.metric_grid == "coarsest"),
        outputs=[metric_map(out, name) for name in own],
    )
    maps = site_maps(settings, path, own, on_grid, out)
    of_maps = {name: map_hash(classes, memory) for name, classes in maps.paths.items()}
    given = content_with_hashes(settings, hashes.of)
    on_maps = {"maps": of_maps, "settings": {name: value for name, value in given.items() if name not in LATER}}
    compared = {name: of_maps[name] for name in maps.compared}
    growth = memory.step("growth", {"maps": compared}, lambda: site_growth(maps.compared))
    measured = memory.step(
        "landscape and resilience",
        on_maps,
        lambda: _measured(maps, out),
        outputs=[out / "resilience" / f"{epoch.name}.tif" for epoch in settings.epochs],
    )
    measures = restored(measured["measures"])
    frame = Frame(settings, path, types_of_maps(settings, maps.legend, path), read_climate(settings))
    affected = memory.step(
        "affected land",
        {"maps": of_maps, "areas": areas, "settings": given["affected"], "measures": measured["measures"]},
        lambda: write_affected(maps.paths, measures[-1], frame, areas, output=out / "affected.gpkg", say=memory.say),
        outputs=[out / "affected.gpkg"],
    )
    references = [(m.epoch.name, m.classes, Path(m.epoch.reference)) for m in mapped if m.epoch.reference]
    of_references = {name: digest_of(reference, hashes.of) for name, _, reference in references}
    content = {
        "epochs": [_described(each, on_grid) for each in mapped],
        "legend": maps.legend.model_dump()["classes"],
        "observed_share_of_all_epochs": measured["observed_share"],
        "observed_land_share": measured["observed_land_share"],
        "areas": areas,
        "extents": extents,
        "growth": growth,
        "affected": affected,
        "accuracy": memory.step(
            "accuracy", {"maps": of_own, "references": of_references}, lambda: accuracy(references, maps.legend)
        ),
        "zones": measured["zones"],
        "resilience_maps": measured["resilience_maps"],
    }
    made_of = tuple(each.made_of for each in mapped)
    return MeasuredSite(measures, frame, content, maps.compared, made_of, maps.legend.notes)


def map_hash(path: Path, memory: StepMemory) -> str:
    """The SHA-256 of a class map; of a ready one with what belongs to it."""
    own = path.parent in {memory.out / CLASSES, memory.out / METRIC}
    return memory.hashes.of(path) if own else digest_of(path, memory.hashes.of)


def _described(mapped: MappedEpoch, on_grid: dict[str, Any]) -> dict[str, Any]:
    epoch = mapped.epoch
    return {
        "name": epoch.name,
        "year": epoch.year,
        "class_map": mapped.classes.name,
        "observed_share": on_grid["observed_share"][epoch.name],
        "resampled": epoch.name in on_grid["resampled"],
    }


def _areas(mapped: Sequence[MappedEpoch], out: Path) -> list[dict[str, Any]]:
    """Areas of all classes and epochs, which are written."""
    rows: list[tuple[str, ClassArea]] = []
    for each in mapped:
        with open_class_map(each.classes) as classes:
            rows += [(each.epoch.name, row) for row in class_areas(classes)]
    write_areas(out / "areas.csv", [row for _, row in rows], [epoch for epoch, _ in rows])
    return [asdict(row) | {"epoch": epoch} for epoch, row in rows]


def _measured(maps: SiteMaps, out: Path) -> dict[str, Any]:
    """Measures of the epochs, and the resilience of zones and moving windows."""
    ground, epochs = maps.ground, maps.settings.epochs
    zones = site_zones(ground, next(iter(maps.paths.values())))
    measured: dict[str, Measures] = {}
    by_zone, windows = [], []
    for epoch in (each for each in epochs if maps.enough[each.name]):
        ids, index = maps.ids[epoch.name], index_of(epoch, ground)
        measured[epoch.name] = measure(epoch, ids, ground, index)
        by_zone += zone_rows(epoch, ids, ground, index, zones)
        if ground.settings.window_m:
            file = out / "resilience" / f"{epoch.name}.tif"
            windows.append(write_resilience_map(file, epoch, ids, ground, index))
    like = next(iter(measured.values()), None)
    measures = [measured.get(each.name) or without_indices(each.name, each.year, like) for each in epochs]
    return {
        "measures": kept(measures),
        "observed_share": float(ground.land.mean()),
        "observed_land_share": maps.observed_share,
        "zones": by_zone,
        "resilience_maps": windows,
    }
