"""Maps of shares in [0, 1], one byte a pixel: probabilities, confidence, entropy."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from odc.geo.geobox import GeoBox

from pitscape.imagery.cog import Write, new_cog

SHARE_STEPS = 250
"""A share in [0, 1] is stored as round(250 share); 255 where there is none."""


@contextmanager
def new_share_map(
    path: Path, grid: GeoBox, names: Sequence[str], *, made_of: Mapping[str, Any] | None = None
) -> Iterator[Write]:
    """Write shares as a cloud-optimised GeoTIFF; it appears whole when the block ends well.

    Args:
        path: The output.
        grid: Where its pixels are.
        names: Of its bands.
        made_of: Goes to its tags; equal work should give equal ones.

    Yields:
        A function of a first row, a first column and stored shares (band, y, x). GIS programs scale them by 1/250.
    """

    def describe(dataset: Any) -> None:  # noqa: ANN401
        dataset.descriptions = tuple(names)
        dataset.scales = (1 / SHARE_STEPS,) * len(names)
        dataset.update_tags(PITSCAPE=json.dumps(made_of or {}, sort_keys=True))

    with new_cog(path, grid, len(names), overviews="AVERAGE", describe=describe) as write:
        yield write
