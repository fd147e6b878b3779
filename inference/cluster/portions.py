"""Into which tasks the blocks of a run are cut for so many threads, and what the cuts cost."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from pitscape.inference.plan import BLOCK_ROWS, Budget, Load, Plan, plan_run

TASKS_PER_THREAD = 4
"""So many keep all threads busy to the end where some are slower than others; and workers that join find work."""

MOST_EXTRA = 0.04
"""Tiles that more tasks than threads may add, as a share. A row of tiles at each cut is predicted from both sides."""

MOST_STRIPS = 16

Portion = tuple[int, ...]
"""Numbers of blocks that follow one another in a strip."""


def even_plan(
    shape: tuple[int, int],
    load: Load,
    budget: Budget,
    threads: int,
    *,
    tile: int,
    overlap: int,
    block_rows: int = BLOCK_ROWS,
) -> Plan:
    """The plan whose longest task is the shortest when each thread gets one: in as many strips as help.

    Args:
        shape: Rows and columns of the scene.
        load: What takes memory.
        budget: Of one worker.
        threads: Of all workers.
        tile: Side of the tiles [px].
        overlap: Of neighbouring tiles [px].
        block_rows: Rows of a block.

    Raises:
        InputError: If the memory is too little.
    """
    found: tuple[int, Plan] | None = None
    for strips in range(1, min(threads, MOST_STRIPS) + 1):
        plan = plan_run(shape, load, budget, tile=tile, overlap=overlap, block_rows=block_rows, strips=strips)
        if found and plan.blocks == found[1].blocks:  # memory asks for as many strips or more
            continue
        longest = _longest(plan, _cut(plan, _runs(plan, range(len(plan.blocks))), threads))
        if found is None or longest < found[0]:
            found = longest, plan
        if longest * threads <= (1 + MOST_EXTRA) * len(plan.tiles):
            break
    assert found is not None
    return found[1]


def portions(plan: Plan, numbers: Sequence[int], threads: int) -> list[Portion]:
    """Cut blocks into tasks.

    Each thread gets one, and the longest is as short as can be; there are up to ``TASKS_PER_THREAD`` for each where that
    adds no more than ``MOST_EXTRA`` of the tiles.

    Args:
        plan: Of the run.
        numbers: Of the blocks that are to be mapped, in rising order.
        threads: Of all workers.

    Returns:
        Tasks, in the order of their blocks.
    """
    runs = _runs(plan, numbers)
    fewest = _cut(plan, runs, threads)
    for each in range(TASKS_PER_THREAD, 1, -1):
        more = _cut(plan, runs, each * threads)
        if tiles_of(plan, more) <= (1 + MOST_EXTRA) * tiles_of(plan, fewest):
            return more
    return fewest


def tiles_of(plan: Plan, tasks: Sequence[Portion]) -> int:
    """How many tiles some tasks predict; those that two of them need count twice."""
    return sum(_tiles(plan, task) for task in tasks)


def _cut(plan: Plan, runs: Sequence[Portion], most: int) -> list[Portion]:
    """Runs of blocks cut into ``most`` tasks, or one for each run, so that the longest has the fewest tiles."""
    low, high = 0, _longest(plan, runs)
    while high - low > 1:
        limit = (low + high) // 2
        if len(_within(plan, runs, limit)) > max(most, len(runs)):
            low = limit
        else:
            high = limit
    return _within(plan, runs, high)


def _within(plan: Plan, runs: Sequence[Portion], limit: int) -> list[Portion]:
    """Runs of blocks cut into tasks of so many tiles at most, or of one block."""
    tasks: list[Portion] = []
    for run in runs:
        first = 0
        while first < len(run):
            ends = range(first + 1, len(run))
            last = first + bisect_right(ends, limit, key=lambda end: _between(plan, run[first], run[end]))
            tasks.append(run[first : last + 1])
            first = last + 1
    return tasks


def _tiles(plan: Plan, run: Portion) -> int:
    return _between(plan, run[0], run[-1])


def _between(plan: Plan, first: int, last: int) -> int:
    """Tiles of the blocks of a strip from a first to a last one."""
    return plan.tiles.number(replace(plan.blocks[first], bottom=plan.blocks[last].bottom))


def _longest(plan: Plan, tasks: Sequence[Portion]) -> int:
    return max((_tiles(plan, task) for task in tasks), default=0)


def _runs(plan: Plan, numbers: Sequence[int]) -> list[Portion]:
    """Blocks that follow one another in a strip."""
    return [tuple(run) for _, run in plan.segments(numbers)]
