"""Accuracy and speed of every tested pair of network and encoder: the table by which the default is chosen.

    python benchmarks/networks.py FOLDER [STEPS [NETWORK/ENCODER ...]]

Networks are trained on eight simulated mines from random weights, with one recipe, and judged on three others. Encoders have
depth 4 where that can be chosen. Speed is that of onnxruntime on one thread, in turn with the U-Net / ResNet-18, as the median
ratio of the two. Each network adds a line of JSON to FOLDER/networks.jsonl; those that have one are not run again. The U-Net / ResNet-18 is always run first.
"""

import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
import yaml

from pitscape.imagery.legend import UNOBSERVED, load_legend
from pitscape.imagery.simulated.site import simulate_site
from pitscape.learning import quiet
from pitscape.models.checkpoint import deployed, load_checkpoint
from pitscape.models.export import card_of, write_graph
from pitscape.models.network import FREE_DEPTH, PAIRS
from pitscape.training.run import run_training

TRAIN, JUDGE, SIDE, EPOCHS = range(1, 9), range(9, 12), 256, 4
REFERENCE = ("unet", "resnet18")
TILE, ROUNDS = 256, 9


def simulate(folder: Path) -> None:
    """Sites, laid out by layer and seed."""
    for seed in [*TRAIN, *JUDGE]:
        if (folder / "truth" / str(seed)).exists():
            continue
        site = folder / "sites" / str(seed)
        simulate_site(site, size=SIDE, epochs=EPOCHS, seed=seed, layers=("images", "truth"))
        for layer in ("images", "truth"):
            (folder / layer).mkdir(exist_ok=True)
            (site / layer).rename(folder / layer / str(seed))


def configuration(folder: Path, run: Path, pair: tuple[str, str], steps: int) -> Path:
    """The training file of a pair."""
    architecture, encoder = pair
    network = {"architecture": architecture, "encoder": encoder}
    averaging = {"decay": 0.98, "update_starting_at_step": 50}
    content = {
        "seed_everything": 0,
        "trainer": {
            "default_root_dir": str(run),
            "max_steps": steps,
            "gradient_clip_val": 1.0,
            "callbacks": [{"class_path": "lightning.pytorch.callbacks.EMAWeightAveraging", "init_args": averaging}],
        },
        "model": {
            "class_path": "pitscape.training.task.SegmentationTask",
            "init_args": {
                "network": network | ({"encoder_depth": 4} if architecture in FREE_DEPTH else {}),
                "learning_rate": 2e-3,
                "loss": {"dice": 1.0},
            },
        },
        "data": {
            "class_path": "pitscape.training.data.LabelledScenes",
            "init_args": {
                "images": str(folder / "images"),
                "masks": str(folder / "truth"),
                "licence": "simulated, CC0",
                "crosswalk": {UNOBSERVED: "ignore", **dict(enumerate(load_legend().names))},
                "split": {"kind": "leave_out", "sites": [str(seed) for seed in JUDGE]},
                "tile": 96,
                "steps_per_epoch": steps,
            },
        },
    }
    run.mkdir(parents=True, exist_ok=True)
    path = run / "train.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def exported(checkpoint: Path, output: Path) -> int:
    """Write the graph of a checkpoint; the number of its parameters."""
    recipe, network = load_checkpoint(checkpoint)
    write_graph(deployed(recipe, network), card_of(recipe, name=output.stem, tile=TILE), output)
    return sum(weight.numel() for name, weight in network.named_parameters() if name not in network.idle)


def relative_time(graph: Path, reference: Path) -> tuple[float, float]:
    """Time of a graph over that of the reference, and the reference's [ms/Mpx]."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    sessions = [onnxruntime.InferenceSession(str(path), options) for path in (graph, reference)]
    shape = (2, sessions[0].get_inputs()[0].shape[1], TILE, TILE)
    stored = np.random.default_rng(0).uniform(1000, 5000, shape).astype(np.float32)
    rounds = [[_milliseconds(session, stored) for session in sessions] for _ in range(1 + ROUNDS)][1:]
    ratio = statistics.median(own / other for own, other in rounds)
    return ratio, statistics.median(other for _, other in rounds) / (stored[:, 0].size / 1e6)


def _milliseconds(session: onnxruntime.InferenceSession, stored: Any) -> float:  # noqa: ANN401 - an array
    start = time.process_time()
    session.run(None, {"stored": stored})
    return 1000 * (time.process_time() - start)


def judged(folder: Path, pair: tuple[str, str], steps: int) -> dict[str, Any]:
    """Train, judge and time a pair."""
    name = "_".join(pair)
    run = folder / "runs" / name
    start = time.process_time()
    cli = run_training("fit", configuration(folder, run, pair, steps))
    seconds = time.process_time() - start
    metrics = {key: float(value) for key, value in cli.trainer.callback_metrics.items() if key.startswith("val/")}
    graph = folder / f"{name}.onnx"
    parameters = exported(run / "last.ckpt", graph)
    ratio, reference = relative_time(graph, folder / f"{'_'.join(REFERENCE)}.onnx")
    return {
        "network": "/".join(pair),
        "steps": steps,
        "macro_iou": metrics["val/macro_iou"],
        "iou": {key.removeprefix("val/iou_"): value for key, value in metrics.items() if key.startswith("val/iou_")},
        "relative_time": ratio,
        "reference_ms_per_mpx": reference,
        "parameters_million": parameters / 1e6,
        "onnx_mb": graph.stat().st_size / 1e6,
        "training_cpu_s": seconds,
    }


def main() -> None:
    """Run what is missing, and print the table."""
    folder, steps = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 300
    wanted = {"/".join(REFERENCE), *(sys.argv[3:] or map("/".join, PAIRS))}
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    quiet()
    simulate(folder)
    table = folder / "networks.jsonl"
    table.touch()
    done = {row["network"] for row in map(json.loads, table.read_text().splitlines()) if row["steps"] == steps}
    for pair in sorted(PAIRS, key=lambda pair: (pair != REFERENCE, pair)):
        if "/".join(pair) in wanted - done:
            with table.open("a") as file:
                file.write(json.dumps(judged(folder, pair, steps)) + "\n")
    print("| network | mIoU | mined | occupied | vegetated | water | time | parameters [M] | ONNX [MB] |")
    print("|---|---|---|---|---|---|---|---|---|")
    rows = [row for row in map(json.loads, table.read_text().splitlines()) if row["steps"] == steps]
    for row in sorted(rows, key=lambda row: -row["macro_iou"]):
        values = [row["macro_iou"], *row["iou"].values(), row["relative_time"]]
        sizes = [row["parameters_million"], row["onnx_mb"]]
        cells = [f"{value:.3f}" for value in values[:-1]] + [f"{values[-1]:.2f}"] + [f"{size:.1f}" for size in sizes]
        print(f"| {row['network']} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
