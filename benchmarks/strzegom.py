"""The network of configs/train/strzegom.yaml on land and dates on which it was not trained, beside a random forest.

    python benchmarks/strzegom.py FOLDER [NAME ...]

PITSCAPE_DATA holds strzegom_sentinel2. Held out are columns 0-99, 100-199 and 200-299 in turn, 16 px of buffer, three seeds
(fold0-seed0 ... fold2-seed2), each date alone (date2021-06-19 ...), and each date on the columns of a fold
(date2021-06-19-fold0 ...; NAME asks for some). Networks lie in FOLDER/NAME; one that is there is not trained again. Judged is the
last step: the best one was chosen on the land that judges. Probabilities are those of one look, and the mean over the eight
symmetries of the square, as predict --tta has it. FOLDER/NAME.json holds the counts by date.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import torch
from numpy.typing import NDArray

from pitscape.imagery.confusion import Counts, confusion_counts, scores
from pitscape.imagery.settings import read_yaml
from pitscape.inference.tiles import Area
from pitscape.learning import quiet
from pitscape.models.checkpoint import deployed, load_checkpoint
from pitscape.training.baseline import agreement, random_forest
from pitscape.training.land import Land
from pitscape.training.run import data_of, run_training

CONFIG = Path(__file__).parents[1] / "configs" / "train" / "strzegom.yaml"
DATES = ("2021-06-19", "2022-06-19", "2022-07-19", "2022-10-12", "2023-02-09", "2023-03-01", "2023-07-09")
WINTER = ("2023-02-09", "2023-03-01")
BARE_SOIL, MINED = 5, 0

Run = dict[str, Any]


def columns(fold: int) -> dict[str, Any]:
    """The split that holds out a third of the columns."""
    return {"kind": "columns", "train": [0, 300], "validate_on": [100 * fold, 100 * fold + 100], "buffer": 16}


def splits() -> dict[str, tuple[dict[str, Any], int]]:
    """Split and seed of each run by its name."""
    folds = {f"fold{fold}-seed{seed}": (columns(fold), seed) for seed in range(3) for fold in range(3)}
    dates = {f"date{date}": ({"kind": "leave_out", "dates": [date]}, 0) for date in DATES}
    both = {
        f"date{date}-fold{fold}": ({"kind": "leave_out", "dates": [date], "space": columns(fold)}, 0)
        for date in DATES
        for fold in range(3)
    }
    return folds | dates | both


def judged(folder: Path, name: str) -> Run:
    """Counts of network and forest by date; trains what is missing."""
    split, seed = splits()[name]
    kept, run = folder / f"{name}.json", folder / name
    if kept.exists():
        found: Run = json.loads(kept.read_text())
        return found
    options = [f"--data.init_args.split={json.dumps(split)}", f"--seed_everything={seed}"]
    if not _trained(run):
        run_training("fit", CONFIG, [*options, f"--trainer.default_root_dir={run}"])
    data = data_of(CONFIG, options)
    recipe, network = load_checkpoint(run / "last.ckpt")
    model = deployed(recipe, network).eval()
    classes = len(data.legend)
    dates: dict[str, Any] = {}
    for land in data.judging:
        labels = land.labels(land.area)
        bare = (_codes(land) == BARE_SOIL) & land.mask(land.area)
        once, averaged = _classes(model, land)
        dates[str(land.scene.acquired)] = {
            "network": confusion_counts(once, labels, classes=classes).tolist(),
            "network, averaged": confusion_counts(averaged, labels, classes=classes).tolist(),
            "bare_soil": int(bare.sum()),
            "bare_soil_as_mined": int((once[bare] == MINED).sum()),
        }
    forest = random_forest(data.training) if seed == 0 else None
    if forest:
        for land in data.judging:
            dates[str(land.scene.acquired)]["forest"] = agreement(forest, [land], classes).tolist()
    result = {"split": str(data.split), "steps": recipe.training.steps, "dates": dates}
    kept.write_text(json.dumps(result))
    return result


def _trained(run: Path) -> bool:
    """Whether a run has taken all of its steps."""
    if not (run / "last.ckpt").exists():
        return False
    wanted: int = read_yaml(CONFIG)["trainer"]["max_steps"]
    return load_checkpoint(run / "last.ckpt")[0].training.steps >= wanted


def _classes(model: torch.nn.Module, land: Land) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The classes in the rectangle of a land at one look, and averaged; from the whole scene, so that edges have surroundings."""
    height, width = land.scene.shape
    stored = torch.from_numpy(land.scene.pixels(Area(0, height, 0, width))[0])[None]
    total = torch.zeros(())
    with torch.inference_mode():
        once = model(stored)
        for turns in range(4):
            for mirrored in (False, True):
                given = torch.rot90(stored.flip(-1) if mirrored else stored, turns, (-2, -1))
                found = torch.rot90(model(given), -turns, (-2, -1))
                total = total + (found.flip(-1) if mirrored else found)
    one, mean = (each[0].argmax(dim=0).numpy()[land.area.rows, land.area.columns] for each in (once, total))
    return one, mean


def _codes(land: Land) -> NDArray[np.uint8]:
    """The codes of the masks, before the crosswalk."""
    path = land.scene.image.parents[1] / "masks" / land.scene.image.name
    with rasterio.open(path) as dataset:
        codes: NDArray[np.uint8] = dataset.read(1)
    return codes[land.area.rows, land.area.columns]


def counts_of(run: Run, who: str, dates: Sequence[str] = DATES) -> Counts:
    """Counts of the network, or of the forest, over dates together."""
    return np.sum([each[who] for date, each in run["dates"].items() if date in dates], axis=0)


def row(title: str, counts: Counts) -> str:
    """A line of the table: mean IoU, and that of each class."""
    found = scores(counts)
    return f"{title:34s} {found.macro_iou:.3f}  ({', '.join(f'{iou:.3f}' for iou in found.iou)})"


def group(title: str, runs: Sequence[Run]) -> Iterator[str]:
    """Lines of the table on runs together; the forest was trained with seed 0 alone."""
    cold = [run for run in runs if set(WINTER) & run["dates"].keys()]
    for who in ("network", "network, averaged", "forest"):
        if any(who in each for run in runs for each in run["dates"].values()):
            yield row(f"{title}, {who}", np.sum([counts_of(run, who) for run in runs], axis=0))
            if cold:
                yield row(f"  in winter, {who}", np.sum([counts_of(run, who, WINTER) for run in cold], axis=0))
    dates = [each for run in runs for each in run["dates"].values()]
    mined, bare = (sum(each[key] for each in dates) for key in ("bare_soil_as_mined", "bare_soil"))
    yield f"  bare soil as mined {100 * mined / bare:.2f} % of {bare}"


def main() -> None:
    """Run what is missing, and print the table."""
    quiet()
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    names = sys.argv[2:] or [name for name in splits() if not ("date" in name and "fold" in name)]
    runs = {name: judged(folder, name) for name in names}
    for name, run in runs.items():
        print(row(f"{name}, network", counts_of(run, "network")))
    groups = {f"folds, seed {seed}": [run for name, run in runs.items() if f"-seed{seed}" in name] for seed in range(3)}
    groups["dates"] = [run for name, run in runs.items() if name.startswith("date") and "fold" not in name]
    groups["dates and land"] = [run for name, run in runs.items() if name.startswith("date") and "fold" in name]
    for title, chosen in groups.items():
        print(*(group(title, chosen) if chosen else ()), sep="\n")


if __name__ == "__main__":
    main()
