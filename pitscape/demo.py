"""The whole chain on a simulated mine whose every pixel is known."""

import argparse
import shutil
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from pitscape.imagery.errors import InputError
from pitscape.imagery.outputs import write_text
from pitscape.progress import bar, say
from pitscape.truth_errors import affected_areas, excavated_areas

STEPS = 450
AVERAGING = {
    "class_path": "lightning.pytorch.callbacks.EMAWeightAveraging",
    "init_args": {"decay": 0.98, "update_starting_at_step": 50},
}
NETWORK = {
    "architecture": "unet",
    "encoder": "mobilenet_v2",
    "encoder_depth": 4,
    "decoder_channels": [64, 32, 16, 16],
}


def run(arguments: argparse.Namespace) -> None:
    """``pitscape demo``."""
    from pitscape.reference_accuracy import print_scores
    from pitscape.report import write_report
    from pitscape.site import run_site, save_site

    started = time.perf_counter()
    out: Path = arguments.out
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: is not empty; choose a new folder, or delete this one.")
    say("1 of 5: simulating a mine")
    folder = simulated_site(out / "simulated", seed=arguments.seed)
    trains = find_spec("torch") is not None
    if trains:
        say("2 of 5: training a network on other simulated mines; some minutes")
        train_and_export(folder / "train.yaml", folder / "model.onnx")
    else:
        lay_shipped_model(folder / "model.onnx")
    say("3 of 5: mapping and measuring the site")
    site = run_site(folder / "site.yaml", out, say=say)
    if trains:
        say("4 of 5: a random forest on the same data, for comparison")
        site["accuracy"]["random_forest"] = forest_scores(folder)
    else:
        say("4 of 5: no random forest for comparison: it needs pip install 'pitscape[train]'")
    site["accuracy"]["excavated_area"] = excavated_areas(site)
    site["accuracy"]["affected_area"] = affected_areas(site, folder / "truth.json")
    save_site(site, out)
    say("5 of 5: report")
    report = write_report(out, site_file=folder / "site.yaml")
    print_scores("network", site["accuracy"]["network"])
    if trains:
        print_scores("random forest", site["accuracy"]["random_forest"])
    _print_site(site)
    print(f"done in {time.perf_counter() - started:.0f} s; the report: {report}")


def simulated_site(
    out: Path, *, size: int = 384, epochs: int = 5, seed: int = 0, layers: Sequence[str] | None = None
) -> Path:
    """Simulate a site and, unless only some of its layers are wanted, lay its site file and training beside it.

    Returns:
        The folder, with ``site.yaml`` and ``train.yaml``.
    """
    from pitscape.imagery.simulated.site import simulate_site
    from pitscape.imagery.simulated.site_writer import EVERYTHING

    with bar("simulating") as progress:
        site = simulate_site(out, size=size, epochs=epochs, seed=seed, layers=layers or EVERYTHING, progress=progress)
    if layers is None:
        write_text(out / "site.yaml", _yaml(_site_file(out, site.images)))
        write_text(out / "train.yaml", _yaml(_training_file(out, side=min(size, 384))))
    return out


def train_and_export(config: Path, output: Path) -> None:
    """Train as a configuration says, and export the checkpoint that is best on its validation land."""
    from pitscape.learning import quiet
    from pitscape.models.export import export_onnx
    from pitscape.training.run import run_training

    quiet()
    cli = run_training("fit", config)
    _, parity = export_onnx(Path(cli.trainer.default_root_dir) / "best.ckpt", output)
    say(f"exported; torch and onnxruntime differ by at most {parity.largest_difference:.1e}")


def lay_shipped_model(output: Path) -> None:
    """Take the model that comes with pitscape instead of training one, and say so."""
    from pitscape.models.shipped import CAVEAT, shipped_model

    path = shipped_model()
    say(
        f"2 of 5: no torch here, so nothing is trained: using {path.stem} ({CAVEAT}); pip install 'pitscape[train]' trains"
    )
    shutil.copyfile(path, output)


def forest_scores(folder: Path) -> dict[str, Any]:
    """Accuracies on the site of a random forest that was trained on all that the network had."""
    from pitscape.imagery.legend import UNOBSERVED, load_legend
    from pitscape.imagery.sensor import load_sensor
    from pitscape.imagery.stack import Channels
    from pitscape.reference_accuracy import score_table
    from pitscape.training.baseline import forest_counts
    from pitscape.training.labelled import labelled_scenes
    from pitscape.training.land import lands
    from pitscape.training.run import data_of
    from pitscape.training.split import TRAINS, NoSplit

    data = data_of(folder / "train.yaml")
    sensor, legend = load_sensor("sentinel2_l2a"), load_legend()
    judged = labelled_scenes(
        folder / "images",
        folder / "truth",
        channels=Channels(sensor, sensor.band_names),
        legend=legend,
        crosswalk={UNOBSERVED: "ignore", **dict(enumerate(legend.names))},
    )
    judging = lands(judged, NoSplit(), TRAINS)
    return score_table(forest_counts(data.training, judging, classes=len(legend)), legend)


def _print_site(site: dict[str, Any]) -> None:
    for word in ("excavated", "affected"):
        for row in site["accuracy"][f"{word}_area"]:
            areas = f"{row['area_km2']:.3f} km2, truth {row['truth_km2']:.3f} km2"
            print(f"{word} {row['epoch']}: {areas}, {row['error_percent']:+.1f} %")
    for row, part in zip(site["integrity"]["series"]["published"], site["resilience"], strict=True):
        names = {"sc": "SC", "fc": "FC", "eci": "ECI", "thv": "ThV"}
        scores = ", ".join(f"{name} {row[key]:.3f}" for key, name in names.items() if key in row)
        print(f"{row['epoch']}: E {part['e']:.3f}, {scores}")


def _site_file(folder: Path, images: tuple[Path, ...]) -> dict[str, Any]:
    epochs = [
        {
            "image": f"images/{image.name}",
            "reference": f"truth/{image.name}",
            "npp": f"npp/npp_{year}.tif",
            "et": f"et/et_{year}.tif",
        }
        for image in images
        for year in [image.stem.split("_")[-1][:4]]
    ]
    return {
        "version": 1,
        "site": folder.parent.name if folder.name == "simulated" else folder.name,
        "title": "A simulated open-pit mine",
        "notes": ["Everything here is simulated: no real place, no real mine."],
        "model": "model.onnx",
        "climate": "climate.csv",
        "production": "production.csv",
        "ecosystems": {"raster": "ecosystems.tif", "types": {1: "forest", 2: "grassland", 3: "farmland"}},
        "affected": {"influence": {"dem": f"dem/{images[0].name}"}},
        "runoff": {"mined": 0.3, "occupied": 0.5},
        "epochs": epochs,
    }


def _training_file(folder: Path, *, side: int) -> dict[str, Any]:
    """Other mines; the right quarter of their land judges."""
    cut = side - side // 4
    return {
        "seed_everything": 0,
        "trainer": {
            "default_root_dir": str(folder / "training" / "run"),
            "max_steps": STEPS,
            "gradient_clip_val": 1.0,
            "callbacks": [AVERAGING],
        },
        "model": {
            "class_path": "pitscape.training.task.SegmentationTask",
            "init_args": {"network": NETWORK, "learning_rate": 2e-3, "loss": {"dice": 1.0}},
        },
        "data": {
            "class_path": "pitscape.training.data.LabelledScenes",
            "init_args": {
                "images": str(folder / "training" / "images"),
                "masks": str(folder / "training" / "masks"),
                "licence": "simulated, CC0",
                "crosswalk": {0: "ignore", 1: "mined", 2: "occupied", 3: "vegetated", 4: "water"},
                "split": {"kind": "columns", "train": [0, cut], "validate_on": [cut, None], "buffer": 16},
                "tile": min(128, cut - 16),
                "steps_per_epoch": STEPS // 3,
            },
        },
    }


def _yaml(content: dict[str, Any]) -> str:
    text: str = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    return text
