"""What a network must give: probabilities of classes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.errors import PitscapeError

SUM_TOLERANCE = 1e-3
"""The probabilities of a pixel may differ from a sum of 1 by this."""


def check_probabilities(results: NDArray[np.float32], shape: tuple[int, ...]) -> None:
    """Refuse what are no class probabilities.

    Raises:
        PitscapeError: If the shape is another, a value is not finite, or those of a pixel do not sum to 1.
    """
    if results.shape != shape:
        raise PitscapeError(f"the network gave values of shape {results.shape}, not {shape}; export the model again.")
    total = results.sum(axis=1)
    least, most = float(total.min()), float(total.max())
    if least >= 1 - SUM_TOLERANCE and most <= 1 + SUM_TOLERANCE and results.min() >= -SUM_TOLERANCE:
        return
    if not np.isfinite(results).all():
        raise PitscapeError("the network gave values that are not finite; check the model and the scene's numbers.")
    raise PitscapeError(
        f"the network gave values that are no probabilities (pixels sum to {least:.3g} to {most:.3g}); export it with its "
        "softmax."
    )


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Answer what is wrong with a network's values with the name of its file."""
    try:
        yield
    except PitscapeError as error:
        raise PitscapeError(f"{path}: {error}") from error
