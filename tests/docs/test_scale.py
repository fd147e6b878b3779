"""The model of docs/scale.md against hand calculation, and its page against the model."""

import math
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def table(*options: str) -> list[str]:
    """What the model prints."""
    command = [sys.executable, str(ROOT / "benchmarks" / "scale.py"), *options]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def test_the_page_has_the_table_of_the_model() -> None:
    printed = "\n".join(table()).split("\n\n")[0]
    assert printed.startswith("| work")
    assert printed in (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("workers", "rounds"), [(2, 179), (16, 23), (64, 6), (178, 3), (179, 2), (256, 2), (356, 2), (357, 1), (1000, 1)]
)
def test_sites_are_done_in_rounds(workers: int, rounds: int) -> None:
    """Of 8 x 9 Mpx each, at 10 s a Mpx: 6 s of mapping and none for the rest but 4 s of a site."""
    costs = ["--mapping", "6", "--cut", "0", "--joining", "0", "--looking", "0", "--task", "0", "--site", "4"]
    [mines] = [line for line in table(*costs, "--workers", str(workers)) if "mines" in line]
    seconds, told = rounds * 720, mines.split("|")[-2].strip()
    assert told == (f"{seconds / 3600:.1f} h" if seconds >= 7200 else f"{seconds / 60:.0f} min")
    assert rounds == math.ceil(357 / workers)
