"""A site known from class maps, ready ones or of a model: areas, extents and the measures of its epochs."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from pitscape.affected_land import write_affected
from pitscape.ecosystem_types import types_of_maps
from pitscape.epoch_settings import Epoch
from pitscape.frame import Frame, read_climate
from pitscape.ground import Ground, common_ground
from pitscape.growth import site_growth
from pitscape.imagery.class_map import ClassMap, open_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import same_grid
from pitscape.imagery.legend import UNOBSERVED, Legend, load_legend
from pitscape.imagery.sensor import load_sensor
from pitscape.inference.areas.proportions import ClassArea, class_areas, write_areas
from pitscape.inference.predictor import OnnxPredictor
from pitscape.inference.run_options import RunOptions
from pitscape.inference.scene_run import predict_scene
from pitscape.kept_measures import kept, restored
from pitscape.measured_site import MeasuredSite
from pitscape.measures import index_of, measure
from pitscape.mined_extents import mined_extents
from pitscape.ready_map import write_ready_map
from pitscape.reference_accuracy import accuracy
from pitscape.resilience_maps import write_resilience_map
from pitscape.site_settings import SiteSettings, content_with_hashes
from pitscape.step_memory import StepMemory
from pitscape.zone_resilience import site_zones, zone_rows

OUTPUTS = ("areas.csv", "extents.gpkg", "affected.gpkg", "outlines.svg")
"""What a site with maps has beside its class maps and pages."""


LATER = {
    "title",
    "notes",
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


@dataclass(frozen=True)
class MappedEpoch:
    """An epoch with its class map."""

    epoch: Epoch
    classes: Path
    made_of: dict[str, Any]


@dataclass(frozen=True)
class SiteMaps:
    """The class maps of a site, on one grid; ids are read where a step needs them, one byte a cell and epoch.

    Attributes:
        settings: The site file.
        path: Its path, for messages.
        mapped: The epochs in order of time.
        legend: Of all maps.
        grid: Of all maps.
    """

    settings: SiteSettings
    path: Path
    mapped: tuple[MappedEpoch, ...]
    legend: Legend
    grid: GeoBox

    @property
    def paths(self) -> dict[str, Path]:
        """Class map by name of epoch."""
        return {each.epoch.name: each.classes for each in self.mapped}

    @cached_property
    def ids(self) -> list[NDArray[np.uint8]]:
        """Class ids (y, x) of each epoch."""
        found = []
        for path in self.paths.values():
            with open_class_map(path) as classes:
                found.append(classes.read())
        return found

    @cached_property
    def ground(self) -> Ground:
        """What the epochs share.

        Raises:
            InputError: If no cell was observed at every epoch.
        """
        land = np.logical_and.reduce([ids != UNOBSERVED for ids in self.ids])
        if not land.any():
            raise InputError(f"{self.path}: no cell is observed at every epoch; leave out the cloudiest one.")
        sensor = self.settings.sensor
        known = OnnxPredictor(Path(self.settings.model)).card.sensor if self.settings.model else load_sensor(sensor)
        return common_ground(self.settings, self.path, self.grid, self.legend, sensor=known, land=land)


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
    mapped = tuple(_mapped(epoch, settings, memory) for epoch in settings.epochs)
    maps = _site_maps(settings, path, mapped)
    of_maps = {name: hashes.of(classes) for name, classes in maps.paths.items()}
    given = content_with_hashes(settings, hashes.of)
    on_maps = {"maps": of_maps, "settings": {name: value for name, value in given.items() if name not in LATER}}
    areas = memory.step("areas", {"maps": of_maps}, lambda: _areas(mapped, out), outputs=[out / "areas.csv"])
    extents = memory.step(
        "extents",
        {"maps": of_maps},
        lambda: mined_extents(list(maps.paths.items()), out / "extents.gpkg"),
        outputs=[out / "extents.gpkg"],
    )
    growth = memory.step("growth", {"maps": of_maps}, lambda: site_growth(maps.paths))
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
        {"maps": of_maps, "settings": given["affected"], "measures": measured["measures"]},
        lambda: write_affected(maps.paths, measures[-1], frame, areas, output=out / "affected.gpkg", say=memory.say),
        outputs=[out / "affected.gpkg"],
    )
    references = [(m.epoch.name, m.classes, Path(m.epoch.reference)) for m in mapped if m.epoch.reference]
    of_references = {name: hashes.of(reference) for name, _, reference in references}
    content = {
        "epochs": [{"name": m.epoch.name, "year": m.epoch.year, "class_map": m.classes.name} for m in mapped],
        "legend": maps.legend.model_dump()["classes"],
        "observed_share_of_all_epochs": measured["observed_share"],
        "areas": areas,
        "extents": extents,
        "growth": growth,
        "affected": affected,
        "accuracy": memory.step(
            "accuracy", {"maps": of_maps, "references": of_references}, lambda: accuracy(references, maps.legend)
        ),
        "zones": measured["zones"],
        "resilience_maps": measured["resilience_maps"],
    }
    classes, made_of = (tuple(getattr(each, name) for each in mapped) for name in ("classes", "made_of"))
    return MeasuredSite(measures, frame, content, classes, made_of, maps.legend.notes)


def own_maps(settings: SiteSettings, out: Path) -> list[Path]:
    """Class maps that a run writes."""
    return [each for epoch in settings.epochs if (each := settings.map_of(epoch, out)) != Path(epoch.classes or "")]


def _mapped(epoch: Epoch, settings: SiteSettings, memory: StepMemory) -> MappedEpoch:
    output, hashes = settings.map_of(epoch, memory.out), memory.hashes
    name = f"map {epoch.name}"
    if epoch.classes:
        ready = Path(epoch.classes)
        made_of = {"class_map": ready.name, "class_map_sha256": hashes.of(ready)}
        if output != ready:
            legend = load_legend(settings.legend or "four_class")
            decided = made_of | {"legend": legend.model_dump(), "crosswalk": settings.crosswalk}
            memory.step(
                name, decided, lambda: write_ready_map(ready, output, legend, settings.crosswalk), outputs=[output]
            )
        return MappedEpoch(epoch, output, made_of)
    assert epoch.image is not None
    assert settings.model is not None
    image, model = Path(epoch.image), Path(settings.model)
    decided = {
        "image": [image.name, hashes.of(image)],
        "model": hashes.of(model),
        "offset": epoch.offset,
        "mask": hashes.of(Path(epoch.mask)) if epoch.mask else None,
    }
    options = RunOptions(reading=epoch.reading, resume=True)
    found = memory.step(
        name,
        decided,
        lambda: predict_scene(image, OnnxPredictor(model), output, options=options),
        outputs=[output],
    )
    return MappedEpoch(epoch, output, found)


def _site_maps(settings: SiteSettings, path: Path, mapped: tuple[MappedEpoch, ...]) -> SiteMaps:
    opened: list[ClassMap] = []
    for each in mapped:
        with open_class_map(each.classes) as classes:
            opened.append(classes)
        first = opened[0]
        if not same_grid(first.grid, classes.grid):
            raise InputError(f"{each.classes}: is on another grid than {first.path}; bring all epochs to one grid.")
        if classes.legend.names != first.legend.names:
            raise InputError(f"{each.classes}: has another legend than {first.path}; map all epochs with one model.")
    return SiteMaps(settings, path, mapped, opened[0].legend, opened[0].grid)


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
    ground = maps.ground
    zones = site_zones(ground, maps.mapped[0].classes)
    measures, by_zone, windows = [], [], []
    for each, ids in zip(maps.mapped, maps.ids, strict=True):
        epoch, index = each.epoch, index_of(each.epoch, ground)
        measures.append(measure(epoch, ids, ground, index))
        by_zone += zone_rows(epoch, ids, ground, index, zones)
        if ground.settings.window_m:
            file = out / "resilience" / f"{epoch.name}.tif"
            windows.append(write_resilience_map(file, epoch, ids, ground, index))
    return {
        "measures": kept(measures),
        "observed_share": float(ground.land.mean()),
        "zones": by_zone,
        "resilience_maps": windows,
    }
