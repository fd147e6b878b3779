"""Resilience of parts of a site: E with its components for each zone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.features import geometry_mask

from pitscape.ecology import naming, shares_of
from pitscape.epoch_settings import Epoch
from pitscape.ground import Ground
from pitscape.imagery.class_map import open_class_map
from pitscape.imagery.legend import UNOBSERVED
from pitscape.inference.areas.zones import Zone, read_zones
from pitscape.measures import vegetation_of
from pitscape.resilience.vegetation import vegetation_activity
from pitscape.vegetation_index import IndexMap


def site_zones(ground: Ground, class_map: Path) -> list[Zone]:
    """The zones of a site file; none where it has none.

    Raises:
        InputError: If the file has no polygon on the map.
    """
    if not ground.settings.zones:
        return []
    with open_class_map(class_map, ground.legend) as classes:
        return read_zones(Path(ground.settings.zones), classes, name_column=ground.settings.zone_name)


def zone_rows(
    epoch: Epoch, ids: NDArray[np.uint8], ground: Ground, index: IndexMap | None, zones: Sequence[Zone]
) -> list[dict[str, Any]]:
    """Shares and resilience of each zone of an epoch, on the land that all epochs observed.

    A zone without such land is left out; it has NDVI of its own from a map, and that of the site from a table.
    """
    codes = ground.codes(ids)
    found = []
    for zone in zones:
        inside = _inside(zone, ground) & ground.land
        if not inside.any():
            continue
        shares = shares_of(np.where(inside, codes, np.uint8(UNOBSERVED)), ground.grid, ground.types.names)
        ndvi = vegetation_of(epoch, ground).value if index is None else vegetation_activity(index.values, zone=inside)
        with naming(ground.source):
            resilience, _ = ground.resilience(shares, ndvi, epoch.year)
        found.append({"zone": zone.name, "epoch": epoch.name, "shares": shares, **resilience})
    return found


def _inside(zone: Zone, ground: Ground) -> NDArray[np.bool_]:
    if zone.geometry is None:
        return np.ones(ground.grid.shape, np.bool_)
    found: NDArray[np.bool_] = geometry_mask([zone.geometry], ground.grid.shape, ground.grid.affine, invert=True)
    return found
