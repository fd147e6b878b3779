from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitscape.inference.cluster.portions import MOST_EXTRA, TASKS_PER_THREAD, even_plan, portions, tiles_of
from pitscape.inference.cluster.tile_count import TileCount
from pitscape.inference.plan import Budget, Load, Plan, plan_run
from pitscape.inference.tiles import Area, Tiles

LOAD = Load(bands=10, classes=4, layers=1, model_mb=10, blocks=(512, 512))


def planned(
    height: int, width: int, *, tile: int = 640, overlap: int = 64, memory: float = 1500, strips: int = 1
) -> Plan:
    return plan_run((height, width), LOAD, Budget(memory), tile=tile, overlap=overlap, strips=strips)


def every(plan: Plan) -> list[int]:
    return list(range(len(plan.blocks)))


def test_a_row_of_tiles_at_each_cut_is_predicted_twice() -> None:
    """4096 px are 7 tiles of 640 that begin each 576 px: rows 0 to 2047 touch those at 0, 576, 1152 and 1728, the others
    those at 1728 (to 2367), 2304, 2880 and 3456."""
    plan = planned(4096, 4096)
    tasks = portions(plan, every(plan), 2)
    assert tasks == [(0, 1, 2, 3), (4, 5, 6, 7)]
    assert tiles_of(plan, tasks) == 7 * (4 + 4)
    assert tiles_of(plan, portions(plan, every(plan), 1)) == 7 * 7


def test_a_high_scene_gets_four_tasks_for_each_thread() -> None:
    """400,000 rows are 695 rows of tiles; seven cuts add 1 % of them."""
    plan = planned(400_000, 600)
    assert len(portions(plan, every(plan), 2)) == 2 * TASKS_PER_THREAD


@given(
    st.integers(1, 9000),
    st.integers(1, 9000),
    st.integers(1, 9),
    st.integers(1, 4),
    st.sets(st.integers(0, 200)),
)
@settings(max_examples=60, deadline=None)
def test_each_missing_block_is_in_one_task_of_blocks_that_follow_one_another(
    height: int, width: int, threads: int, strips: int, done: set[int]
) -> None:
    plan = planned(height, width, strips=strips)
    numbers = [number for number in every(plan) if number not in done]
    tasks = portions(plan, numbers, threads)
    assert [number for task in tasks for number in task] == numbers
    runs = list(plan.segments(numbers))
    assert len(tasks) <= max(TASKS_PER_THREAD * threads, len(runs))
    for task in tasks:
        for one, other in pairwise(plan.blocks[number] for number in task):
            assert (one.bottom, one.left) == (other.top, other.left)
    if len(tasks) > max(threads, len(runs)):
        fewest = tiles_of(plan, _best(plan, numbers, threads)) if len(runs) == 1 and len(numbers) < 12 else None
        assert fewest is None or tiles_of(plan, tasks) <= (1 + MOST_EXTRA) * fewest + 1e-9


@pytest.mark.parametrize("height", [1500, 2048, 3000, 4096, 5001])
@pytest.mark.parametrize("threads", [2, 3, 4])
def test_the_longest_task_is_as_short_as_can_be(height: int, threads: int) -> None:
    """Against all ways to cut so few blocks."""
    plan = planned(height, 700)
    tasks = portions(plan, every(plan), threads)
    assert _longest(plan, tasks) == _longest(plan, _best(plan, every(plan), threads))


def _best(plan: Plan, numbers: list[int], most: int) -> list[tuple[int, ...]]:
    ways = []
    for count in range(min(most, len(numbers))):
        for cuts in combinations(range(1, len(numbers)), count):
            edges = [0, *cuts, len(numbers)]
            ways.append([tuple(numbers[a:b]) for a, b in pairwise(edges)])
    return min(ways, key=lambda tasks: _longest(plan, tasks))


def _longest(plan: Plan, tasks: list[tuple[int, ...]]) -> int:
    return max(tiles_of(plan, [task]) for task in tasks)


def test_strips_are_cut_where_they_shorten_the_longest_task() -> None:
    """A square of 7 x 7 tiles for four threads: quarters of 4 x 4 tiles, where rows alone would give one of 3 x 7."""
    budget = Budget(1500)
    plan = even_plan((4096, 4096), LOAD, budget, 4, tile=640, overlap=64)
    tasks = portions(plan, every(plan), 4)
    assert [tiles_of(plan, [task]) for task in tasks] == [16] * 4
    rows = planned(4096, 4096)
    assert _longest(rows, portions(rows, every(rows), 4)) == 21
    wide = even_plan((600, 4096), LOAD, budget, 2, tile=640, overlap=64)
    assert [tiles_of(wide, [task]) for task in portions(wide, every(wide), 2)] == [4, 4]


@given(st.integers(300, 4000), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_runs_side_by_side_share_memory_beside_one_model(free: int, runs: int) -> None:
    """So much for each as for one alone."""
    alone = plan_run((3000, 9000), LOAD, Budget(LOAD.fixed_mb() + free), tile=320, overlap=32)
    each = plan_run((3000, 9000), LOAD, Budget(LOAD.fixed_mb() + runs * free, runs=runs), tile=320, overlap=32)
    assert each == alone


def test_a_country_is_cut_in_seconds() -> None:
    """A map of 400,000 x 400,000 px in many strips, for 64 threads: 4 tasks for each add little to so many tiles."""
    plan = even_plan((400_000, 400_000), LOAD, Budget(1500), 64, tile=640, overlap=64)
    tasks = portions(plan, every(plan), 64)
    assert 250 <= len(tasks) <= 64 * TASKS_PER_THREAD
    assert tiles_of(plan, tasks) < 1.04 * sum(plan.tiles.number(area) for area, _ in plan.segments(every(plan)))
    assert _longest(plan, tasks) < 1.2 * tiles_of(plan, tasks) / len(tasks)


def test_what_workers_tell_of_their_tasks_is_summed_and_never_falls() -> None:
    told: list[tuple[int, int]] = []
    count = TileCount({"a": 10, "b": 4}, lambda *one: told.append(one))
    count.hear((0.0, {"task": "a", "done": 6}))
    count.hear((1.0, {"task": "b", "done": 1}))
    count.hear((2.0, {"task": "a", "done": 2}))  # begun anew by another worker
    count.finish("a")
    count.finish("b")
    assert told == [(6, 14), (7, 14), (7, 14), (11, 14), (14, 14)]


def test_tiles_of_an_area_are_counted() -> None:
    tiles = Tiles(height=100, width=100, tile=40, overlap=10)  # they begin at 0, 30 and 60
    assert tiles.number(Area(0, 100, 0, 100)) == 9
    assert tiles.number(Area(0, 30, 40, 60)) == 1
    assert tiles.number(Area(0, 31, 30, 100)) == 2 * 3
