"""Areas by zone on the workers of a cluster: batches of a map's windows as tasks, their sums added in one order."""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pitscape.imagery.class_map import ClassMap
from pitscape.imagery.errors import PitscapeError
from pitscape.imagery.outputs import sha256_of
from pitscape.imagery.progress import Progress
from pitscape.imagery.remote.path import is_remote
from pitscape.inference.areas.coverage import Coverage, Edges
from pitscape.inference.areas.map_files import MapFiles
from pitscape.inference.areas.proportions import ALL, ClassArea, area_rows
from pitscape.inference.areas.sums import Sums, batches, open_probabilities
from pitscape.inference.areas.zone_file import write_zone_file
from pitscape.inference.areas.zones import Zone
from pitscape.inference.cluster.kept_sums import SUMS, KeptSums, batch_keys
from pitscape.inference.cluster.same_files import SameFiles
from pitscape.inference.cluster.tasks import run_tasks, told
from pitscape.inference.cluster.workers import ClusterLostError, Tell
from pitscape.inference.cluster.zonal_tasks import BatchTask, sum_batches
from pitscape.inference.parts_folder import remove

if TYPE_CHECKING:
    from distributed import Client

WORK = re.compile(r"map_\d+")
"""Folders of the work on the maps of a table."""

ZONES = "zones.bin"

FILES_OPENED = 300
"""Of a mosaic, in a tenth of the time that a batch takes: a task has a batch more for as many files."""


def shared_class_areas(
    client: "Client",
    folder: Path,
    classes: ClassMap,
    zones: Sequence[Zone] = ALL,
    *,
    edges: Edges = "exact",
    probabilities: Path | None = None,
    progress: Progress = lambda _done, _total: None,
    tell: Tell | None = None,
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
        tell: Told that workers are waited for.

    Raises:
        InputError: If the probabilities are not of this map.
        PitscapeError: If batches failed, or a file was replaced meanwhile; another call does only those that are missing.
        ClusterLostError: If the scheduler or all workers are lost; the same.
    """
    known = [path.absolute() for path in (classes.path, probabilities) if path]
    files = MapFiles(known)
    with open_probabilities(probabilities, classes):
        coverage, every = Coverage(zones, classes.grid, edges=edges), batches(classes.grid.shape)
    file = (folder / ZONES).absolute()
    write_zone_file(file, zones)
    place = [str(list(classes.grid.shape)), str(list(classes.grid.affine)), str(classes.grid.crs)]
    keys = batch_keys(every, files, [classes.legend.model_dump_json(), *place, edges, sha256_of(file)])
    kept = KeptSums(folder, keys)
    near = {number: coverage.near(batch) for number, batch in enumerate(every)}
    counted = [number for number, found in near.items() if len(found)]
    wanted = [number for number in counted if not kept.has(number)]
    given = (known[0], classes.legend, known[1] if probabilities else None, file)
    seen, shared = SameFiles.of(files.rasters), SameFiles.of([file, *files.virtual], whole=True)
    tasks = dict[str, BatchTask]()
    for together in _groups(wanted, 1 + len(files.rasters) // FILES_OPENED):
        numbers = np.unique(np.concatenate([near[number] for number in together]))
        read = seen.only({path for number in together for path in files.read_for(every[number])})
        tasks[str(together[0])] = BatchTask(*given, numbers, together, edges, read, shared)
    done, reasons = len(every) - len(wanted), list[str]()
    progress(done, len(every))

    def keep(name: str, found: list[Sums]) -> None:
        nonlocal done
        for number, sums in zip(tasks[name].batches, found, strict=True):
            try:
                files.check(every[number])
            except PitscapeError as error:
                reasons.append(str(error))
                continue
            kept.write(number, sums)
            done += 1
        progress(done, len(every))

    def missing(reasons: Iterable[str]) -> str:
        return (
            f"{classes.path}: {len(every) - done} of {len(every)} batches are missing ({told(reasons)}); the others are kept, and "
            "the same command does only these."
        )

    try:
        failures = run_tasks(client, sum_batches, tasks, on_result=keep, tell=tell).failures
    except ClusterLostError as error:
        raise ClusterLostError(error.lost, missing([*reasons, error.lost])) from error
    if done < len(every):
        raise PitscapeError(missing([*reasons, *failures.values()]))
    files.check()
    total = Sums.total(kept.all(counted), len(zones), len(classes.legend))
    return area_rows(classes, zones, total, soft=probabilities is not None)


def forget(folder: Path) -> None:
    """Remove the work on a map, and nothing else."""
    remove(folder, SUMS)
    (folder / ZONES).unlink(missing_ok=True)
    if not is_remote(folder):
        with suppress(OSError):  # it holds something else
            folder.rmdir()


def _groups(numbers: Sequence[int], size: int) -> list[Sequence[int]]:
    """Numbers in groups of a size, the last one of what is left.

    >>> _groups([1, 2, 5], 2)
    [[1, 2], [5]]
    """
    return [numbers[start : start + size] for start in range(0, len(numbers), size)]
