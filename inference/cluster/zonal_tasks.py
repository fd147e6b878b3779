"""What a worker does for areas by zone: the sums of some batches of a map's windows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.class_map import open_class_map
from pitscape.imagery.file_stamps import FileStamps
from pitscape.imagery.legend import Legend
from pitscape.inference.areas.coverage import Coverage, Edges
from pitscape.inference.areas.sums import Sums, batch_sums, batches, open_probabilities
from pitscape.inference.areas.zone_file import read_zone_file
from pitscape.inference.cluster.same_files import SameFiles


@dataclass(frozen=True)
class BatchTask:
    """Batches of the windows of a map, as workers get them: what they read they open themselves.

    Attributes:
        classes: The map.
        legend: Its legend, for maps that carry none.
        probabilities: Map of the probabilities, if there is one.
        zones: File of all zones.
        numbers: Of those that come near the batches, rising.
        batches: Their numbers.
        edges: How cells at the edge of a zone count.
        files: What was seen, where the run was begun, of the rasters that the batches are read from.
        shared: The same of the zones and of virtual mosaics, by all of their bytes.
    """

    classes: Path
    legend: Legend
    probabilities: Path | None
    zones: Path
    numbers: NDArray[np.int64]
    batches: Sequence[int]
    edges: Edges
    files: SameFiles
    shared: SameFiles


def sum_batches(task: BatchTask) -> list[Sums]:
    """The sums of each batch.

    Raises:
        InputError: If a map is damaged, or a file is another one here.
        PitscapeError: If a file was replaced meanwhile.
    """
    task.shared.check_once()
    read = FileStamps(task.files.paths)
    task.files.check()
    with (
        open_class_map(task.classes, task.legend) as classes,
        open_probabilities(task.probabilities, classes) as stored,
    ):
        zones = read_zone_file(task.zones, task.numbers.tolist())
        coverage, every = Coverage(zones, classes.grid, edges=task.edges), batches(classes.grid.shape)
        found = []
        for number in task.batches:
            found.append(batch_sums(classes, coverage, every[number], numbers=task.numbers, probabilities=stored))
            read.check()
        return found
