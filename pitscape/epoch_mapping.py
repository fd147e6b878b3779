"""The class map of an epoch: a ready one, or what a model makes of its scenes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pitscape.epoch_images import scene_of
from pitscape.epoch_settings import Epoch
from pitscape.imagery.legend import load_legend
from pitscape.imagery.outputs import sidecar
from pitscape.inference.predictor import OnnxPredictor
from pitscape.inference.run_options import Outputs, RunOptions
from pitscape.inference.scene_run import predict_scene
from pitscape.input_files import digest_of
from pitscape.metric_maps import metric_map
from pitscape.ready_map import write_ready_map
from pitscape.site_settings import SiteSettings
from pitscape.step_memory import StepMemory


@dataclass(frozen=True)
class MappedEpoch:
    """An epoch with its class map, and what it was made of; with the probability of its classes where that is wanted."""

    epoch: Epoch
    classes: Path
    made_of: dict[str, Any]
    confidence: Path | None = None


def own_maps(settings: SiteSettings, out: Path) -> list[Path]:
    """Class maps that a run writes, and what it writes beside them."""
    found = [metric_map(out, epoch.name) for epoch in settings.epochs]
    for epoch in settings.epochs:
        if not epoch.classes:
            found += _wanted(epoch, settings, out).paths.values()
        elif (own := settings.map_of(epoch, out)) != Path(epoch.classes):
            found.append(own)
    return found


def made_maps(settings: SiteSettings) -> list[Epoch]:
    """Epochs whose class map is made as a step; others have a ready one that stays where it lies."""
    return [each for each in settings.epochs if not each.classes or settings.legend or settings.crosswalk]


def _wanted(epoch: Epoch, settings: SiteSettings, out: Path) -> Outputs:
    """The files that mapping an epoch gives."""
    found = _possible(epoch, settings, out)
    return Outputs(
        found.classes,
        confidence=found.confidence if settings.confidence else None,
        polygons=found.polygons if settings.polygons else None,
    )


def _possible(epoch: Epoch, settings: SiteSettings, out: Path) -> Outputs:
    """The files that mapping an epoch can give."""
    return Outputs(
        settings.map_of(epoch, out),
        confidence=out / "confidence" / f"{epoch.name}.tif",
        polygons=out / "polygons" / f"{epoch.name}.gpkg",
    )


def _with_records(outputs: Outputs) -> list[Path]:
    """Files of a map and the JSON beside each."""
    return [each for path in outputs.paths.values() for each in (path, sidecar(path))]


def mapped_epoch(epoch: Epoch, settings: SiteSettings, memory: StepMemory) -> MappedEpoch:
    """The class map of an epoch, made as a step unless it is a ready one in the site's legend.

    Raises:
        InputError: If the image does not fit its model, or a ready map does not fit the legend.
    """
    output, hashes = settings.map_of(epoch, memory.out), memory.hashes
    name = f"map {epoch.name}"
    if epoch.classes:
        ready = Path(epoch.classes)
        made_of = {"class_map": ready.name, "class_map_sha256": hashes.of(ready)}
        if output != ready:
            legend = load_legend(settings.legend or "four_class")
            of_ready = made_of | {
                "with_it": digest_of(ready, hashes.of),
                "legend": legend.model_dump(),
                "crosswalk": settings.crosswalk,
            }
            memory.step(
                name,
                of_ready,
                lambda: write_ready_map(ready, output, legend, settings.crosswalk),
                outputs=[output],
                stay=True,
            )
        return MappedEpoch(epoch, output, made_of)
    model, wanted = settings.model_of(epoch), _wanted(epoch, settings, memory.out)
    assert model is not None
    scenes = {"image": epoch.image} if epoch.image else epoch.images
    decided: dict[str, Any] = {
        "scenes": {sensor: [Path(scene).name, digest_of(Path(scene), hashes.of)] for sensor, scene in scenes.items()},
        "model": digest_of(model, hashes.of),
        "offset": epoch.offset,
        "mask": digest_of(Path(epoch.mask), hashes.of) if epoch.mask else None,
        "outputs": [*wanted.paths],
    }
    outputs = _with_records(wanted)
    options = RunOptions(reading=epoch.reading, resume=not memory.force, threads=memory.threads)

    def mapped() -> dict[str, Any]:
        memory.remove(path for path in _with_records(_possible(epoch, settings, memory.out)) if path not in outputs)
        for path in wanted.paths.values():  # without its record a map that was damaged is made again; its blocks go on
            sidecar(path).unlink(missing_ok=True)
        return predict_scene(scene_of(epoch), OnnxPredictor(model), wanted, options=options, progress=memory.within)

    found = memory.step(name, decided, mapped, outputs=outputs, stay=True)
    return MappedEpoch(epoch, output, found, wanted.confidence)
