"""``python -m pitscape``."""

import sys

from pitscape.cli import main

if __name__ == "__main__":  # workers that are spawned import this again
    sys.exit(main())
