"""Peak memory of a program in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

STATUS = Path("/proc/self/status")
needs_proc = pytest.mark.skipif(not STATUS.exists(), reason="the peak memory of a process is read from /proc")

REPORT = """
from pathlib import Path
print([line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")][0])
"""


def peak_mb(program: str, *arguments: object) -> float:
    """Run Python code with arguments; its peak resident memory [MB], not that of the process which starts it."""
    command = [sys.executable, "-c", program + REPORT, *map(str, arguments)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return float(printed.split()[-1]) / 1024
