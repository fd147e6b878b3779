import subprocess
import sys

import pytest

HEAVY = {"torch", "lightning", "rasterio", "geopandas", "odc", "sklearn"}


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        ("import pitscape.resilience", {"numpy", "scipy", "numba", "cc3d"}),
        ("import pitscape.resilience.elasticity, pitscape.resilience.integrity", {"numba", "cc3d", "scipy"}),
        ("import pitscape.resilience.landscape", set()),
    ],
)
def test_nothing_is_loaded_before_it_is_needed(statement: str, unwanted: set[str]) -> None:
    code = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not (HEAVY | unwanted) & set(done.stdout.split())
