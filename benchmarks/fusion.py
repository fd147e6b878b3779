"""Which sources help, and what happens when one is missing: networks of simulated mines, judged on other simulated mines.

    python benchmarks/fusion.py [STEPS]

Sites of several seeds with Sentinel-2, Sentinel-1 and a DEM; whole sites judge. One network for each set of sources and each
way to join them, with and without dropped sources and bands in training; each is judged as it is, and with one source missing.
"""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from pitscape.imagery.confusion import scores
from pitscape.imagery.legend import UNOBSERVED, load_legend
from pitscape.imagery.simulated.site import simulate_site
from pitscape.models.checkpoint import deployed, load_checkpoint
from pitscape.models.fusion import parts_of
from pitscape.training.run import data_of, run_training

TRAIN, JUDGE, SIDE, EPOCHS = range(1, 9), range(9, 12), 256, 4
LAYERS = {"s2": "images", "s1": "sar", "dem": "dem"}
MORE: dict[str, dict[str, Any]] = {
    "s1": {"sensor": "sentinel1_grd_db", "jitter": {"offset": 0.0}},
    "dem": {"sensor": "dem", "jitter": {"gain": 0.0, "band_gain": 0.0, "offset": 10.0}},
}


@dataclass(frozen=True)
class Trial:
    """One network: its sources, how they join, and whether sources and bands are dropped in training."""

    sources: tuple[str, ...]
    fusion: str = "early"
    dropout: bool = False

    @property
    def title(self) -> str:
        """In a few words."""
        fusion = f", {self.fusion}" if len(self.sources) > 1 else ""
        return " + ".join(self.sources) + fusion + (", dropout" if self.dropout else "")


ALL = ("s2", "s1", "dem")
TRIALS = (
    Trial(("s2",)),
    Trial(("s2", "s1")),
    Trial(("s2", "dem")),
    *(Trial(ALL, fusion, dropout) for fusion in ("early", "middle") for dropout in (False, True)),
)


def simulate(folder: Path) -> None:
    """Sites, laid out by layer and seed."""
    for seed in [*TRAIN, *JUDGE]:
        site = folder / "sites" / str(seed)
        simulate_site(site, size=SIDE, epochs=EPOCHS, seed=seed, layers=("images", "sar", "dem", "truth"))
        for layer in ("images", "sar", "dem", "truth"):
            (folder / layer).mkdir(exist_ok=True)
            (site / layer).rename(folder / layer / str(seed))


def configuration(folder: Path, trial: Trial, steps: int) -> Path:
    """The training file of a trial."""
    legend = load_legend()
    dropout = {"source_dropout": 0.3, "band_dropout": 0.3} if trial.dropout else {}
    network = {"encoder": "mobilenet_v2", "encoder_depth": 4, "fusion": trial.fusion}
    averaging = {"decay": 0.98, "update_starting_at_step": 50}
    content = {
        "seed_everything": 0,
        "trainer": {
            "default_root_dir": str(folder / trial.title.replace(" ", "")),
            "max_steps": steps,
            "gradient_clip_val": 1.0,
            "callbacks": [{"class_path": "lightning.pytorch.callbacks.EMAWeightAveraging", "init_args": averaging}],
        },
        "model": {
            "class_path": "pitscape.training.task.SegmentationTask",
            "init_args": {"network": network, "learning_rate": 2e-3, "loss": {"dice": 1.0}},
        },
        "data": {
            "class_path": "pitscape.training.data.LabelledScenes",
            "init_args": {
                "images": str(folder / "images"),
                "masks": str(folder / "truth"),
                "licence": "simulated, CC0",
                "crosswalk": {UNOBSERVED: "ignore", **dict(enumerate(legend.names))},
                "split": {"kind": "leave_out", "sites": [str(seed) for seed in JUDGE]},
                "more": [
                    {
                        "images": str(folder / LAYERS[name]),
                        **MORE[name],
                        "jitter": MORE[name]["jitter"] | ({"band_dropout": 0.3} if trial.dropout else {}),
                    }
                    for name in trial.sources
                    if name in MORE
                ],
                "jitter": dropout,
                "tile": 96,
                "steps_per_epoch": steps,
            },
        },
    }
    path = folder / f"{trial.title.replace(' ', '')}.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def judged(config: Path, checkpoint: Path, missing: int | None) -> float:
    """Mean IoU on the judging sites, with one source left out."""
    data, (recipe, network) = data_of(config), load_checkpoint(checkpoint)
    whole = deployed(recipe, network)
    classes = len(recipe.legend)
    counts = np.zeros((classes, classes), np.int64)
    for stored, labels in data.val_dataloader():
        if missing is not None:
            stored[:, parts_of([len(source.bands) for source in recipe.sources])[missing]] = 0
        known = labels != UNOBSERVED
        with torch.inference_mode():
            mapped = whole(stored).argmax(dim=1)
        pairs = mapped[known] * classes + labels[known]
        counts += np.bincount(pairs.numpy(), minlength=classes**2).reshape(classes, classes)
    return scores(counts).macro_iou


def main() -> None:
    """Train and print the table."""
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulate(folder)
        print("| sources | mIoU | " + " | ".join(f"{source} missing" for source in ALL) + " |", flush=True)
        for trial in TRIALS:
            config = configuration(folder, trial, steps)
            run_training("fit", config)
            checkpoint = folder / trial.title.replace(" ", "") / "last.ckpt"
            found = [judged(config, checkpoint, None)]
            found += [
                judged(config, checkpoint, trial.sources.index(source))
                if source in trial.sources and len(trial.sources) > 1
                else float("nan")
                for source in ALL
            ]
            print(f"| {trial.title} | " + " | ".join(f"{value:.3f}" for value in found) + " |", flush=True)


if __name__ == "__main__":
    main()
