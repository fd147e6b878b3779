import numpy as np
import pytest

from pitscape.imagery.errors import InputError
from pitscape.inference.lock import Shard
from pitscape.inference.plan import TILE_SIDES, Budget, Load, best_tile, plan_run
from pitscape.inference.tiles import Tiles

LOAD = Load(bands=10, classes=4, layers=1, model_mb=30, blocks=(512, 512))


@pytest.mark.parametrize("shape", [(1, 1), (513, 4096), (8192, 8192), (16384, 16384), (700, 32768)])
@pytest.mark.parametrize("memory", [700, 1500, 8000])
@pytest.mark.parametrize("threads", [1, 2, 16])
def test_blocks_cover_every_pixel_once_within_the_budget(shape: tuple[int, int], memory: int, threads: int) -> None:
    plan = plan_run(shape, LOAD, Budget(memory, threads), tile=512, overlap=64)
    assert sum(b.shape[0] * b.shape[1] for b in plan.blocks) == shape[0] * shape[1]
    cells = np.zeros((-(-shape[0] // 32), -(-shape[1] // 32)), np.uint8)  # corners of 32 px; blocks are larger
    for block in plan.blocks:
        cells[-(-block.top // 32) : -(-block.bottom // 32), -(-block.left // 32) : -(-block.right // 32)] += 1
    assert (cells == 1).all()
    assert plan.lanes * plan.threads_per_lane <= threads
    widest = max(plan.tiles.around(block).shape[1] for block in plan.blocks)
    needed = LOAD.fixed_mb() + plan.lanes * LOAD.lane_mb(max(plan.tiles.shape), 1)
    needed += widest * LOAD.column_mb(plan.tiles.shape[0])
    assert needed <= memory


def test_the_tiles_do_not_depend_on_memory_or_threads() -> None:
    plans = [plan_run((5000, 9000), LOAD, Budget(m, t), tile=512, overlap=64) for m, t in ((700, 1), (9000, 32))]
    assert plans[0].tiles == plans[1].tiles
    assert len(plans[0].blocks) > len(plans[1].blocks)


def test_the_best_tile_leaves_the_network_the_least_to_do() -> None:
    for shape in ((4096, 4096), (1000, 30000), (10980, 10980), (50, 70)):
        pixels = {side: Tiles(height=shape[0], width=shape[1], tile=side, overlap=64).pixels for side in TILE_SIDES}
        assert pixels[best_tile(shape, 64)] == min(pixels.values())
    assert best_tile((4096, 4096), 400) == 1600  # an overlap for which none of the usual sides does


def test_neighbouring_blocks_of_a_strip_are_mapped_in_one_go() -> None:
    plan = plan_run((2000, 30000), LOAD, Budget(700, 1), tile=512, overlap=64)
    per_strip = 4
    strips = len(plan.blocks) // per_strip
    assert strips > 2
    segments = list(plan.segments([0, 1, 3, 4, 5]))
    assert [run for _, run in segments] == [[0, 1], [3], [4, 5]]
    assert segments[0][0].shape == (1024, plan.blocks[0].right)


def test_too_little_memory_is_told_with_what_is_needed() -> None:
    with pytest.raises(InputError, match=r"--memory 400: is too little for tiles of 512 px; give at least \d+ MB"):
        plan_run((9000, 9000), LOAD, Budget(400, 1), tile=512, overlap=64)


@pytest.mark.parametrize("of", [1, 3, 7, 40])
def test_shards_share_all_blocks_without_gap(of: int) -> None:
    parts = [Shard(number, of).share(list(range(25))) for number in range(1, of + 1)]
    assert [number for part in parts for number in part] == list(range(25))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
