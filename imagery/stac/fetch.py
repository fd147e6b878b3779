"""Fetching the scenes of a catalogue: planned, checked against a cap, taken up again where it stopped."""

import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from affine import Affine
from odc.geo.geobox import GeoBox
from rasterio.warp import transform_bounds

from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.outputs import make_folder
from pitscape.imagery.progress import Progress
from pitscape.imagery.radiometry import Radiometry, facts_of_item, radiometry
from pitscape.imagery.sensor import Band, Sensor
from pitscape.imagery.stac.address import clean
from pitscape.imagery.stac.catalogue import Box, Search, search_catalogue
from pitscape.imagery.stac.composite import Composite, Group, Period, grouped
from pitscape.imagery.stac.fetched_image import Image
from pitscape.imagery.stac.item import Item, safe_name
from pitscape.imagery.stac.item_stack import ItemStack
from pitscape.imagery.stac.web import Web

LOOK = 256
"""Side of the picture on which the clouds of a day are looked at [px]."""
WIDEST = 9
"""Of a box [degrees]: one and a half zones of UTM."""
PACKAGES = ("pitscape", "pystac-client", "odc-stac", "rasterio")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """How scenes are fetched.

    Attributes:
        bands: Names; none for those that a network takes by default.
        composite: Of scenes.
        period: What one composite covers.
        resolution_m: Side of a pixel [m]; None for the finest of the bands.
        keep_clouds: Whether pixels that the quality band says are hidden stay.
        max_gb: Most that is read from the web [GB].
    """

    bands: tuple[str, ...] = ()
    composite: Composite = "scenes"
    period: Period = "season"
    resolution_m: float | None = None
    keep_clouds: bool = False
    max_gb: float = 10.0

    def __post_init__(self) -> None:
        """Refuse numbers that make no sense."""
        if self.resolution_m is not None and not 0 < self.resolution_m < math.inf:
            raise InputError(f"--resolution {self.resolution_m:g}: must be a number of metres above 0.")
        if not 0 < self.max_gb < math.inf:
            raise InputError(f"--max-gb {self.max_gb:g}: must be a number above 0.")


def fetch(
    web: Web, sensor: Sensor, search: Search, options: Options, out: Path, *, say: Say, progress: Progress
) -> list[Path]:
    """Fetch the scenes of a search.

    Args:
        web: Of ``connect``.
        sensor: Whose scenes are wanted.
        search: Which of them.
        options: As what.
        out: Folder for the GeoTIFFs, one for each scene or composite, with a JSON beside each.
        say: Told what happens.
        progress: Told of windows done, of how many.

    Returns:
        The GeoTIFFs, those that were there already included.

    Raises:
        InputError: If there is no such scene, too much would be read, something else stands in a file's place, or a
            scene refers to what must not be read.
        PitscapeError: If the catalogue or a file cannot be read; what is finished stays, and is not fetched again.
    """
    make_folder(out)
    bands = chosen_bands(sensor, options.bands)
    grid = output_grid(search.bbox, options.resolution_m or min(band.gsd_m for band in bands))
    found = search_catalogue(web, sensor, search)
    say(f"{found.collection}: {len(found.items)} scenes")
    check_size(grid, found.items, bands, options.max_gb)
    numbers = {
        item.id: radiometry(sensor, [facts_of_item(item.properties, f"item {safe_name(item.id)}")])
        for item in found.items
    }
    quality = None if options.keep_clouds else sensor.quality
    if sensor.quality is None:
        say(f"{sensor.name}: has no quality band, so that clouds stay")
    stack = ItemStack(web, grid, found.items, numbers, bands=bands, quality=quality)
    height, width = grid.shape
    small = grid.zoom_to((min(height, LOOK), min(width, LOOK)))
    prefix = safe_name(sensor.name)
    groups = grouped(
        found.items, options.composite, options.period, prefix, clear=lambda items: stack.clear(items, small)
    )
    told = {"catalogue": clean(web.rules.catalogue), "collection": found.collection, "bbox": list(search.bbox)}
    told |= _request(sensor, options, stack)
    images = [
        Image(out / f"{group.name}.tif", group, options.composite == "median", told | _of_group(group, numbers))
        for group in groups
    ]
    return _made(images, stack, sensor, say, progress)


def chosen_bands(sensor: Sensor, names: Sequence[str]) -> tuple[Band, ...]:
    """The bands that are fetched: those named, else those that a network takes and that are no slope.

    Raises:
        InputError: If the sensor has no such band.
    """
    chosen = [sensor.band(name) for name in names or sensor.band_names]
    bands = tuple(dict.fromkeys(band.name for band in chosen if band.kind != "slope"))
    if not bands:
        raise InputError(f"--bands: slope is derived from elevation on reading; fetch elevation of {sensor.name}.")
    return tuple(sensor.band(name) for name in bands)


def output_grid(bbox: Box, resolution_m: float) -> GeoBox:
    """The grid of all images of a fetch: UTM in the zone of the box's centre, edges at multiples of the resolution.

    Raises:
        InputError: If the box is too wide for one zone.

    >>> output_grid((16.27, 50.94, 16.28, 50.95), 10.0).crs.epsg
    32633
    """
    west, south, east, north = bbox
    if east - west > WIDEST:
        raise InputError(f"--bbox: is {east - west:g} degrees wide, and one UTM grid holds {WIDEST}; cut it in parts.")
    zone = min(int(((west + east) / 2 + 180) // 6) + 1, 60)
    crs = f"EPSG:{(32600 if south + north >= 0 else 32700) + zone}"
    left, bottom, right, top = (side / resolution_m for side in transform_bounds("EPSG:4326", crs, *bbox))
    first, last = (math.floor(left), math.ceil(top)), (math.ceil(right), math.floor(bottom))
    affine = Affine(resolution_m, 0, first[0] * resolution_m, 0, -resolution_m, first[1] * resolution_m)
    return GeoBox((max(first[1] - last[1], 1), max(last[0] - first[0], 1)), affine, crs)


def check_size(grid: GeoBox, items: Sequence[Item], bands: Sequence[Band], max_gb: float) -> float:
    """Estimate what will be read, before compression: of each band, the cells of its own size that the grid covers.

    Returns:
        Gigabytes.

    Raises:
        InputError: If that is more than the cap.
    """
    height, width = grid.shape
    area = height * width * grid.affine.a**2
    total = 0.0
    for item in items:
        for band in bands:
            file, _ = item.find(band)
            gsd = file.gsd_m if math.isfinite(file.gsd_m) else band.gsd_m
            total += min(area / gsd**2, file.cells) * file.itemsize
    if total / 1e9 > max_gb:
        raise InputError(
            f"--max-gb {max_gb:g}: {len(items)} scenes with {len(bands)} bands in this box are about {total / 1e9:.3g} GB "
            f"before compression; narrow --bbox, --dates or --cloud-cover, or raise --max-gb."
        )
    return total / 1e9


def _request(sensor: Sensor, options: Options, stack: ItemStack) -> dict[str, Any]:
    """What decides the pixels of all images of a fetch."""
    height, width = stack.grid.shape
    return {
        "sensor": sensor.name,
        "convention": sensor.convention,
        "bands": [band.name for band in stack.bands],
        "grid": {
            "crs": str(stack.grid.crs),
            "height": height,
            "width": width,
            "transform": list(stack.grid.affine)[:6],
        },
        "composite": options.composite,
        "clouds": f"hidden by {stack.quality.name}" if stack.quality else "kept",
    }


def _of_group(group: Group, numbers: Mapping[str, Radiometry]) -> dict[str, Any]:
    items = [
        {
            "id": item.id,
            "acquired": item.acquired.isoformat(),
            "platform": item.platform,
            "cloud_cover_percent": item.cloud_cover,
            "added_offset": numbers[item.id].added,
            "added_offset_reason": numbers[item.id].reason,
        }
        for item in group.items
    ]
    return {"items": items, "acquired": group.acquired.isoformat()}


def _made(images: Sequence[Image], stack: ItemStack, sensor: Sensor, say: Say, progress: Progress) -> list[Path]:
    """Make the images that are not there yet."""
    wanted = [image for image in images if not image.is_there()]
    for image in images:
        if image not in wanted:
            say(f"{image.path}: is there already")
    _check_space(wanted, stack.grid, len(stack.bands))
    total, done = sum(len(image.windows(stack)) for image in wanted), 0

    def step() -> None:
        nonlocal done
        done += 1
        progress(done, total)

    versions = {name: version(name) for name in PACKAGES}
    for image in wanted:
        share = image.make(stack, sensor, versions, step)
        scenes = len(image.group.items)
        say(f"{image.path}: made of {scenes} scene{'s' * (scenes > 1)}, {100 * share:.0f} % observed")
    return [image.path for image in images]


def _check_space(images: Sequence[Image], grid: GeoBox, bands: int) -> None:
    if not images:
        return
    height, width = grid.shape
    needed = len(images) * bands * height * width * 4
    free = shutil.disk_usage(images[0].path.parent).free
    if needed > free:
        raise PitscapeError(
            f"{images[0].path.parent}: has {free / 1e9:.1f} GB free, and {len(images)} images may need {needed / 1e9:.1f} GB."
        )
