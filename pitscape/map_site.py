"""A site known from class maps, ready ones or of a model: areas, extents and the measures of its epochs."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitscape.affected_land import write_affected
from pitscape.epoch_settings import Epoch
from pitscape.ground import Ground, common_ground
from pitscape.growth import site_growth
from pitscape.imagery.class_map import ClassMap, open_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import same_grid
from pitscape.imagery.legend import UNOBSERVED, Legend, load_legend
from pitscape.imagery.outputs import sha256_of
from pitscape.imagery.sensor import load_sensor
from pitscape.inference.areas.proportions import ClassArea, class_areas, write_areas
from pitscape.inference.predictor import OnnxPredictor
from pitscape.inference.run_options import RunOptions
from pitscape.inference.scene_run import predict_scene
from pitscape.measured_site import MeasuredSite
from pitscape.measures import Measures, index_of, measure
from pitscape.mined_extents import mined_extents
from pitscape.ready_map import write_ready_map
from pitscape.reference_accuracy import accuracy
from pitscape.resilience_maps import write_resilience_map
from pitscape.site_settings import SiteSettings
from pitscape.zone_resilience import site_zones, zone_rows

OUTPUTS = ("areas.csv", "extents.gpkg", "affected.gpkg", "outlines.svg")
"""What a site with maps has beside its class maps and pages."""


@dataclass(frozen=True)
class MappedEpoch:
    """An epoch with its class map."""

    epoch: Epoch
    classes: Path
    made_of: dict[str, Any]


def measure_maps(settings: SiteSettings, path: Path, out: Path, say: Callable[[str], None]) -> MeasuredSite:
    """Map every epoch and measure it; areas, extents and maps of resilience are written.

    Ids of all epochs are in memory at once, one byte a cell and epoch.

    Args:
        settings: The site file.
        path: Its path, for messages.
        out: Where outputs go.
        say: Told what is being done.

    Raises:
        InputError: If maps do not fit each other, or have no cell that all observed.
    """
    predictor = OnnxPredictor(Path(settings.model)) if settings.model else None
    sensor = predictor.card.sensor if predictor else load_sensor(settings.sensor)
    mapped = []
    for number, epoch in enumerate(settings.epochs):
        say(f"epoch {epoch.name} ({number + 1} of {len(settings.epochs)})")
        mapped.append(_mapped(epoch, settings, predictor, out))
    say("areas and extents")
    maps, legend = _read_maps(mapped)
    land = np.logical_and.reduce([ids != UNOBSERVED for _, ids in maps])
    if not land.any():
        raise InputError(f"{path}: no cell is observed at every epoch; leave out the cloudiest one.")
    ground = common_ground(settings, path, maps[0][0].grid, legend, sensor=sensor, land=land)
    areas = _areas(mapped, out)
    paths = {each.epoch.name: each.classes for each in mapped}
    extents = mined_extents(list(paths.items()), out / "extents.gpkg")
    say("landscape, resilience and integrity")
    measures, content = _measured(
        [(each.epoch, ids) for each, (_, ids) in zip(mapped, maps, strict=True)], ground, mapped[0].classes, out
    )
    references = [
        (each.epoch.name, each.classes, Path(each.epoch.reference)) for each in mapped if each.epoch.reference
    ]
    content |= {
        "epochs": [{"name": m.epoch.name, "year": m.epoch.year, "class_map": m.classes.name} for m in mapped],
        "legend": legend.model_dump()["classes"],
        "observed_share_of_all_epochs": float(land.mean()),
        "areas": areas,
        "extents": extents,
        "growth": site_growth(paths),
        "affected": write_affected(paths, measures[-1], ground, areas, output=out / "affected.gpkg", say=say),
        "accuracy": accuracy(references, legend),
    }
    classes, made_of = (tuple(getattr(each, name) for each in mapped) for name in ("classes", "made_of"))
    return MeasuredSite(measures, ground, content, classes, made_of, legend.notes)


def own_maps(settings: SiteSettings, out: Path) -> list[Path]:
    """Class maps that a run writes."""
    return [each for epoch in settings.epochs if (each := settings.map_of(epoch, out)) != Path(epoch.classes or "")]


def _mapped(epoch: Epoch, settings: SiteSettings, predictor: OnnxPredictor | None, out: Path) -> MappedEpoch:
    output = settings.map_of(epoch, out)
    if epoch.classes:
        ready = Path(epoch.classes)
        if output != ready:
            write_ready_map(ready, output, load_legend(settings.legend or "four_class"), settings.crosswalk)
        return MappedEpoch(epoch, output, {"class_map": ready.name, "class_map_sha256": sha256_of(ready)})
    assert predictor is not None
    assert epoch.image is not None
    return MappedEpoch(
        epoch, output, predict_scene(Path(epoch.image), predictor, output, options=RunOptions(reading=epoch.reading))
    )


def _read_maps(mapped: Sequence[MappedEpoch]) -> tuple[list[tuple[ClassMap, NDArray[np.uint8]]], Legend]:
    maps = []
    for each in mapped:
        with open_class_map(each.classes) as classes:
            maps.append((classes, classes.read()))
        first = maps[0][0]
        if not same_grid(first.grid, classes.grid):
            raise InputError(f"{each.classes}: is on another grid than {first.path}; bring all epochs to one grid.")
        if classes.legend.names != first.legend.names:
            raise InputError(f"{each.classes}: has another legend than {first.path}; map all epochs with one model.")
    return maps, maps[0][0].legend


def _areas(mapped: Sequence[MappedEpoch], out: Path) -> list[dict[str, Any]]:
    """Areas of all classes and epochs, which are written."""
    rows: list[tuple[str, ClassArea]] = []
    for each in mapped:
        with open_class_map(each.classes) as classes:
            rows += [(each.epoch.name, row) for row in class_areas(classes)]
    write_areas(out / "areas.csv", [row for _, row in rows], [epoch for epoch, _ in rows])
    return [asdict(row) | {"epoch": epoch} for epoch, row in rows]


def _measured(
    epochs: Sequence[tuple[Epoch, NDArray[np.uint8]]], ground: Ground, first: Path, out: Path
) -> tuple[list[Measures], dict[str, Any]]:
    """Measures of the epochs, and the resilience of zones and moving windows."""
    zones = site_zones(ground, first)
    measures, by_zone, windows = [], [], []
    for epoch, ids in epochs:
        index = index_of(epoch, ground)
        measures.append(measure(epoch, ids, ground, index))
        by_zone += zone_rows(epoch, ids, ground, index, zones)
        if ground.settings.window_m:
            file = out / "resilience" / f"{epoch.name}.tif"
            windows.append(write_resilience_map(file, epoch, ids, ground, index))
    return measures, {"zones": by_zone, "resilience_maps": windows}
