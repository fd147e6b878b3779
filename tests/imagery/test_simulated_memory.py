"""Memory does not grow with the site: peaks of whole processes, which nothing else can measure."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import resource, sys
from pathlib import Path
from pitscape.imagery.simulated.site import simulate_site
simulate_site(Path(sys.argv[1]), size=int(sys.argv[2]), epochs=2, layers=("images", "truth", "dem"))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak(folder: Path, size: int) -> float:
    """Peak of the resident set, in the system's unit."""
    command = [sys.executable, "-c", PROGRAM, str(folder / str(size)), str(size)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="resource is of POSIX systems")
def test_a_site_four_times_as_large_takes_no_more_memory(tmp_path: Path) -> None:
    whole, small, large = (peak(tmp_path, size) for size in (2048, 2304, 4096))
    assert large < 1.15 * small
    assert large < whole
