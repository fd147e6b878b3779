"""One site, from its file to ``site.json`` and the report."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pitscape.adjusted_areas import adjusted_areas
from pitscape.affected_land import affected_land
from pitscape.course import course
from pitscape.epoch_settings import Epoch
from pitscape.flags import flags
from pitscape.frame import Frame
from pitscape.ground import check_records, common_ground
from pitscape.imagery.class_map import ClassMap, open_class_map
from pitscape.imagery.confusion import confusion_counts, scores
from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import same_grid
from pitscape.imagery.legend import UNOBSERVED, Legend, load_legend
from pitscape.imagery.outputs import keep_inputs, make_folder, sha256_of, write_json
from pitscape.imagery.sensor import load_sensor
from pitscape.inference.extents import class_extents, write_extents, write_layer
from pitscape.inference.predictor import OnnxPredictor
from pitscape.inference.proportions import ClassArea, class_areas, write_areas
from pitscape.inference.run_options import RunOptions
from pitscape.inference.scene_run import predict_scene
from pitscape.integrity import integrity
from pitscape.measures import Measures, index_of, measure
from pitscape.ready_map import write_ready_map
from pitscape.resilience.mines import MINES
from pitscape.resilience.national import national_area
from pitscape.resilience_maps import write_resilience_map
from pitscape.sensitivity import variants, what_moved_e
from pitscape.site_settings import SiteSettings, inputs_of, load_site
from pitscape.table_site import measure_tables, with_epochs
from pitscape.uncertainty import uncertainty
from pitscape.zone_resilience import site_zones, zone_rows

Say = Callable[[str], None]
"""Told in one line what is being done."""

PAGES = ("site.json", "report.html")
OUTPUTS = ("areas.csv", "extents.gpkg", "affected.gpkg", "outlines.svg", *PAGES)
"""What a run writes beside its class maps; a site without maps has the pages alone."""

PATHS = {"affected", "epochs", "model", "climate", "production", "ecosystems", "tables", "zones", "legend"}
"""Settings that name files, which stand in the provenance by name and hash."""


@dataclass(frozen=True)
class MappedEpoch:
    """An epoch with its class map."""

    epoch: Epoch
    classes: Path
    made_of: dict[str, Any]


@dataclass(frozen=True)
class MeasuredSite:
    """What maps or tables gave.

    Attributes:
        measures: One for each epoch.
        frame: What the epochs share.
        content: Parts of ``site.json``: epochs, legend, areas, extents, accuracy, zones, maps of resilience.
        maps: The class maps, none for a site of tables.
        notes: Of the legend.
    """

    measures: list[Measures]
    frame: Frame
    content: dict[str, Any]
    maps: list[MappedEpoch]
    notes: tuple[str, ...]


def run_site(path: Path, out: Path, *, say: Say = lambda _: None) -> dict[str, Any]:
    """Map every epoch of a site and measure it; class maps, extents and areas go to a folder.

    Args:
        path: The site file.
        out: The folder.
        say: Told what is being done.

    Returns:
        The content of ``site.json`` for ``save_site``, with NaN for what is not known.

    Raises:
        InputError: If the site file or one of its inputs does not fit.
    """
    settings = load_site(path)
    if not settings.has_maps:
        settings = with_epochs(settings, path)
    check_records(settings, path)
    inputs = inputs_of(settings)
    outputs = [out / name for name in OUTPUTS if settings.has_maps or name in PAGES]
    keep_inputs([*_own_maps(settings, out), *outputs], [path, *inputs])
    make_folder(out)
    measure_site = _measure_maps if settings.has_maps else _measure_tables
    found = measure_site(settings, path, out, say)
    measures, frame = found.measures, found.frame
    say("uncertainty")
    standing = integrity(measures, frame)
    return {
        "schema": 1,
        "site": {
            "name": settings.site,
            "title": settings.title or settings.site,
            "notes": _notes(settings, found.notes),
        },
        **found.content,
        "adjusted_areas": adjusted_areas(measures, frame, found.content["areas"]),
        "landscape": [{"epoch": m.epoch} | m.landscape for m in measures],
        "resilience": [{"epoch": m.epoch, "shares": m.shares} | m.resilience for m in measures],
        "what_moved_e": what_moved_e(measures, frame),
        "sensitivity": variants(measures, frame),
        "vegetation": [{"epoch": m.epoch} | asdict(m.vegetation) for m in measures],
        "ndvi_months": [
            {"epoch": m.epoch, "months": frame.seasons[m.year].months} for m in measures if m.year in frame.seasons
        ],
        "npp": [{"epoch": m.epoch} | asdict(m.npp) for m in measures],
        "et": [{"epoch": m.epoch} | asdict(m.et) for m in measures],
        "water": [{"epoch": m.epoch} | m.water | {"q_mm": m.q} for m in measures],
        "integrity": standing,
        "uncertainty": uncertainty(measures, frame),
        "flags": flags(measures, frame, standing),
        **course(
            settings.mine,
            settings.production,
            epochs=found.content["epochs"],
            integrity=standing,
            classes=[m.classes for m in found.maps],
        ),
        "national": _national(),
        "provenance": {
            "site_file": path.name,
            "inputs_sha256": {f"{each.parent.name}/{each.name}": sha256_of(each) for each in inputs}
            | {path.name: sha256_of(path)},
            "settings": settings.model_dump(exclude=PATHS),
            "maps": [m.made_of for m in found.maps],
            "versions": {"pitscape": version("pitscape")},
        },
    }


def _measure_tables(settings: SiteSettings, path: Path, _: Path, say: Say) -> MeasuredSite:
    say("tables")
    measures, frame, content = measure_tables(settings, path)
    return MeasuredSite(measures, frame, content | {"affected": None, "zones": [], "resilience_maps": []}, [], ())


def _measure_maps(settings: SiteSettings, path: Path, out: Path, say: Say) -> MeasuredSite:
    """Map every epoch and measure it; areas, extents and maps of resilience are written."""
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
    areas = [(m.epoch.name, row) for m in mapped for row in _areas(m)]
    extents = _extents(mapped, out)
    write_areas(out / "areas.csv", [row for _, row in areas], [epoch for epoch, _ in areas])
    say("landscape, resilience and integrity")
    zones = site_zones(ground, mapped[0].classes)
    measures, by_zone, windows = [], [], []
    for each, (_, ids) in zip(mapped, maps, strict=True):
        index = index_of(each.epoch, ground)
        measures.append(measure(each.epoch, ids, ground, index))
        by_zone += zone_rows(each.epoch, ids, ground, index, zones)
        if settings.window_m:
            file = out / "resilience" / f"{each.epoch.name}.tif"
            windows.append(write_resilience_map(file, each.epoch, ids, ground, index))
    rows = [asdict(row) | {"epoch": epoch} for epoch, row in areas]
    content = {
        "epochs": [{"name": m.epoch.name, "year": m.epoch.year, "class_map": m.classes.name} for m in mapped],
        "legend": legend.model_dump()["classes"],
        "observed_share_of_all_epochs": float(land.mean()),
        "areas": rows,
        "extents": extents,
        "affected": _affected(mapped[-1], measures[-1], ground, areas=rows, out=out),
        "accuracy": _accuracy(mapped, legend),
        "zones": by_zone,
        "resilience_maps": windows,
    }
    return MeasuredSite(measures, ground, content, mapped, legend.notes)


def save_site(site: dict[str, Any], out: Path) -> Path:
    """Write ``site.json``; what is not known becomes null."""
    path = out / "site.json"
    write_json(path, _without_nan(site))
    return path


def _own_maps(settings: SiteSettings, out: Path) -> list[Path]:
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


def _areas(mapped: MappedEpoch) -> list[ClassArea]:
    with open_class_map(mapped.classes) as classes:
        return class_areas(classes)


def _extents(mapped: Sequence[MappedEpoch], out: Path) -> list[dict[str, Any]]:
    """Polygons of all mined classes of all epochs in one file, and their sums."""
    tables, sums = [], []
    for each in mapped:
        with open_class_map(each.classes) as classes:
            mined = [c.name for c in classes.legend.classes if c.role == "mined"]
            found = [class_extents(classes, name, epoch=each.epoch.name) for name in mined]
        tables += found
        areas = [float(area) for table in found for area in table["area_km2"]]
        largest = max(areas, default=0.0)
        sums.append({"epoch": each.epoch.name, "polygons": len(areas), "area_km2": sum(areas), "largest_km2": largest})
    joined = pd.concat([t for t in tables if len(t)] or tables[:1], ignore_index=True)
    write_extents(out / "extents.gpkg", geopandas.GeoDataFrame(joined, geometry="geometry", crs=tables[0].crs))
    return sums


def _affected(
    last: MappedEpoch, measures: Measures, frame: Frame, *, areas: Sequence[dict[str, Any]], out: Path
) -> dict[str, Any] | None:
    """The affected land that the site file names; its outline is written."""
    with open_class_map(last.classes) as classes:
        said, outline = affected_land(frame.settings.affected, classes, measures, frame, areas)
    if outline is not None:
        write_layer(out / "affected.gpkg", outline, "affected")
    return said


def _accuracy(mapped: Sequence[MappedEpoch], legend: Legend) -> dict[str, Any] | None:
    """Agreement with the reference maps, epoch by epoch and over all."""
    classes = len(legend)
    total = np.zeros((classes, classes), np.int64)
    epochs = []
    for each in mapped:
        if each.epoch.reference is None:
            continue
        with open_class_map(each.classes) as found, open_class_map(Path(each.epoch.reference), legend) as truth:
            if not same_grid(found.grid, truth.grid):
                raise InputError(f"{truth.path}: is on another grid than {found.path}; bring it to the image's grid.")
            if truth.legend.names != legend.names:
                raise InputError(f"{truth.path}: has another legend than {found.path}; give a map of the same classes.")
            reference = truth.read()
            counts = confusion_counts(found.read(), reference, classes=classes)
        total += counts
        epochs.append({"epoch": each.epoch.name, "confusion": counts.tolist()} | score_table(counts, legend))
    if not epochs:
        return None
    return {"network": score_table(total, legend) | {"confusion": total.tolist()}, "epochs": epochs}


def score_table(counts: NDArray[np.int64], legend: Legend) -> dict[str, Any]:
    """Accuracies of confusion counts with the names of their classes."""
    found = scores(counts)
    per_class = zip(legend.names, found.iou, found.f1, found.users, found.producers, strict=True)
    return {
        "mean_iou": found.macro_iou,
        "mean_f1": found.macro_f1,
        "overall": found.overall,
        "classes": [
            {"class_name": name, "iou": iou, "f1": f1, "users_accuracy": users, "producers_accuracy": producers}
            for name, iou, f1, users, producers in per_class
        ],
    }


def _national() -> dict[str, Any]:
    """The paper's national figure: of its five mines, not of this site."""
    found = national_area([mine.affected_km2 for mine in MINES])
    return {"of": "the five mines of Dong et al. (2025), not of this site"} | asdict(found)


def _notes(settings: SiteSettings, of_legend: Sequence[str]) -> list[str]:
    return [*settings.notes, *(note for note in of_legend if note not in settings.notes)]


def _without_nan(value: Any) -> Any:  # noqa: ANN401 - plain content of any depth
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _without_nan(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(each) for each in value]
    return value
