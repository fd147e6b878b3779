"""Areas by zone on the workers of a cluster: batches of a map's windows as tasks, their sums added in one order."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.class_map import ClassMap
from pitscape.imagery.errors import PitscapeError
from pitscape.imagery.legend import Legend
from pitscape.imagery.progress import Progress
from pitscape.imagery.raster_file import naming_damage
from pitscape.inference.areas.coverage import Coverage, Edges
from pitscape.inference.areas.proportions import ALL, ClassArea, area_rows
from pitscape.inference.areas.sums import Sums, batch_sums, batches, open_probabilities
from pitscape.inference.areas.zone_file import read_zone_file, write_zone_file
from pitscape.inference.areas.zones import Zone
from pitscape.inference.cluster.held_map import HeldMap
from pitscape.inference.cluster.kept_sums import KeptSums
from pitscape.inference.cluster.tasks import run_tasks

if TYPE_CHECKING:
    from distributed import Client

ZONES = "zones.bin"


@dataclass(frozen=True)
class BatchTask:
    """A batch of the windows of a map, as workers get it: what they read they open themselves.

    Attributes:
        run: Of the command.
        classes: The map.
        legend: Its legend, for maps that carry none.
        probabilities: Map of the probabilities, if there is one.
        zones: File of all zones.
        numbers: Of those that come near the batch, rising.
        batch: Its number.
        edges: How cells at the edge of a zone count.
    """

    run: str
    classes: Path
    legend: Legend
    probabilities: Path | None
    zones: Path
    numbers: NDArray[np.int64]
    batch: int
    edges: Edges


def sum_batch(task: BatchTask) -> Sums:
    """The sums of a batch.

    Raises:
        InputError: If a map is damaged.
    """
    classes, stored = _held.of(task.run, task.classes, task.legend, task.probabilities)
    zones = read_zone_file(task.zones, task.numbers.tolist())
    coverage = Coverage(zones, classes.grid, edges=task.edges)
    with naming_damage(str(task.classes)), naming_damage(str(task.probabilities or task.classes)):
        batch = batches(classes.grid.shape)[task.batch]
        return batch_sums(classes, coverage, batch, numbers=task.numbers, probabilities=stored)


_held = HeldMap()


def shared_class_areas(
    client: "Client",
    folder: Path,
    classes: ClassMap,
    zones: Sequence[Zone] = ALL,
    *,
    edges: Edges = "exact",
    probabilities: Path | None = None,
    progress: Progress = lambda _done, _total: None,
) -> list[ClassArea]:
    """What ``class_areas`` gives, to the last bit, from the workers of a cluster.

    Args:
        client: Of the cluster.
        folder: That this process alone has for its work, on a disk that the workers share. Sums of batches stay there until
            all are done.
        classes: The open map.
        zones: They may overlap.
        edges: How cells at the edge of a zone count.
        probabilities: Map of the classes' probabilities.
        progress: Told of batches of windows.

    Raises:
        InputError: If the probabilities are not of this map.
        PitscapeError: If batches failed, or the scheduler is lost; another call does only those that are missing.
    """
    with open_probabilities(probabilities, classes):
        coverage, all_batches = Coverage(zones, classes.grid, edges=edges), batches(classes.grid.shape)
    file = (folder / ZONES).absolute()
    write_zone_file(file, zones)
    known = [path.absolute() for path in (classes.path, probabilities) if path]
    kept = KeptSums(folder, files=known, made_of=[classes.legend.model_dump_json(), edges], zones=file)
    tasks, run = dict[str, BatchTask](), secrets.token_hex(8)
    for number, batch in enumerate(all_batches):
        if len(near := coverage.near(batch)) and not kept.has(number):
            given = (run, known[0], classes.legend, known[1] if probabilities else None, file, near, number, edges)
            tasks[str(number)] = BatchTask(*given)
    done = len(all_batches) - len(tasks)
    progress(done, len(all_batches))

    def keep(name: str, sums: Sums) -> None:
        nonlocal done
        kept.write(int(name), sums)
        done += 1
        progress(done, len(all_batches))

    failures = run_tasks(client, sum_batch, tasks, on_result=keep).failures
    if missing := len(all_batches) - done:
        reasons = "; ".join(dict.fromkeys(failures.values())) or "no worker took them"
        raise PitscapeError(
            f"{classes.path}: {missing} of {len(all_batches)} batches are missing ({reasons}); the others are kept, and the "
            "same command does only these."
        )
    total = Sums.total(kept.all(len(all_batches)), len(zones), len(classes.legend))
    return area_rows(classes, zones, total, soft=probabilities is not None)
