"""Memory does not grow with the site."""

from pathlib import Path

import pytest
from process_memory import needs_proc, peak_mb

PROGRAM = """
import sys
from pathlib import Path
from pitscape.imagery.simulated.site import simulate_site
simulate_site(Path(sys.argv[1]), size=int(sys.argv[2]), epochs=2, layers=("images", "truth", "dem"))
"""


@pytest.mark.slow
@needs_proc
def test_a_site_four_times_as_large_takes_no_more_memory(tmp_path: Path) -> None:
    whole, small, large = (peak_mb(PROGRAM, tmp_path / str(size), size) for size in (2048, 2304, 4096))
    assert large < 1.15 * small
    assert large < whole
