"""How the sources of a card enter its graph: the names of the inputs, and what each is given."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.radiometry import UNOBSERVED_STORED
from pitscape.imagery.stack import Channels, slices_of
from pitscape.models.card import SourceInput

STORED = "stored"
"""The one input of a network of one source; with several, each has the name of its sensor added."""

PRESENT = "present"
"""Input of a network of several sources: 1 where an image of the batch has a source, 0 where it lacks it, (N, sources)."""


def input_names(sources: Sequence[SourceInput]) -> tuple[str, ...]:
    """Names of a graph's inputs, in order."""
    if len(sources) == 1:
        return (STORED,)
    return (*(f"{STORED}_{source.sensor.name}" for source in sources), PRESENT)


def feeds(sources: Sequence[SourceInput], stored: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """What each input of a graph is given.

    Args:
        sources: Of the card, in order.
        stored: Stored numbers (N, channels, H, W) of all sources; 0 in all bands of a source where it was not observed.

    Returns:
        Arrays by name of the input: views of ``stored``, and which image has which source.
    """
    if len(sources) == 1:
        return {STORED: stored}
    parts = [stored[:, part] for part in slices_of([Channels(source.sensor, source.bands) for source in sources])]
    present = np.stack([(part != UNOBSERVED_STORED).any(axis=(1, 2, 3)) for part in parts], axis=1)
    return dict(zip(input_names(sources), [*parts, present.astype(np.float32)], strict=True))
