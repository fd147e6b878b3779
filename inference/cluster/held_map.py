"""The map that a thread of a worker holds open from one task to the next."""

import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pitscape.imagery.class_map import ClassMap, open_class_map
from pitscape.imagery.legend import Legend
from pitscape.inference.areas.sums import open_probabilities


class HeldMap(threading.local):
    """A class map with its probabilities, opened once a run: a mosaic of thousands of files takes a second.

    The last one stays open until another run's takes its place. Who reads names damage of the files himself.
    """

    def __init__(self) -> None:
        self._run = ""
        self._stack = ExitStack()
        self._held: tuple[ClassMap, Any] | None = None

    def of(self, run: str, classes: Path, legend: Legend, probabilities: Path | None) -> tuple[ClassMap, Any]:
        """The map of a run, and that of its probabilities or None.

        Args:
            run: Another one opens anew: files may have changed.
            classes: The map.
            legend: Its legend, where it carries none.
            probabilities: Map of the probabilities.

        Raises:
            InputError: If one cannot be opened.
        """
        if self._held is None or self._run != run:
            self._held = None
            self._stack.close()
            with ExitStack() as opening:
                found = opening.enter_context(open_class_map(classes, legend))
                stored = opening.enter_context(open_probabilities(probabilities, found))
                self._stack = opening.pop_all()
            self._run, self._held = run, (found, stored)
        return self._held
