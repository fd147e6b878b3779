"""Arrays as what a run maps: each source read as a layer of a raster that is in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from pitscape.imagery.errors import InputError
from pitscape.imagery.layer import Layer, Pixels
from pitscape.imagery.scene import BRIGHTEST_REFLECTANCE
from pitscape.imagery.stack import Channels, slices_of
from pitscape.imagery.warp import Alignment
from pitscape.inference.joint_scene import TERRAIN
from pitscape.models.card import ModelCard, SourceInput


class ArrayRaster:
    """An image in memory (band, y, x), read as a file is.

    Attributes:
        grid: Pixels themselves, in no CRS.
        shape: Rows and columns.
        block_shape: The same.
        nodata: The number that means "not observed", once per band; NaN where there is none.
    """

    def __init__(self, pixels: NDArray[Any], *, hidden: NDArray[np.bool_] | None, nodata: float | None) -> None:
        self._pixels = pixels
        self._hidden = hidden
        count, height, width = pixels.shape
        self.shape = (height, width)
        self.block_shape = self.shape
        self.grid = GeoBox(self.shape, Affine.identity(), None)
        self.nodata = (float("nan") if nodata is None else float(nodata),) * count

    def read(
        self, indexes: Sequence[int], rows: slice, columns: slice, *, shape: tuple[int, int] | None = None
    ) -> NDArray[Any]:
        """Values (band, y, x) of a window, a copy; ``shape`` must be None."""
        assert shape is None
        return self._pixels[[index - 1 for index in indexes], rows, columns]

    def masked(self, rows: slice, columns: slice, *, shape: tuple[int, int] | None = None) -> NDArray[np.bool_] | None:
        """Where the caller says that there is nothing (y, x)."""
        assert shape is None
        return None if self._hidden is None else self._hidden[rows, columns].copy()


@dataclass(frozen=True)
class ArrayScene:
    """Images of a model's sources, whose channels are those of its card; any thread may read them.

    What counts as observed is what counts so in files: see ``JointScene`` and ``Layer``.

    Attributes:
        layers: One per source that there is.
        places: Where the channels of each lie.
        telling: Which of them say whether the land was observed.
        channels: Of the model.
    """

    layers: tuple[Layer, ...]
    places: tuple[slice, ...]
    telling: tuple[bool, ...]
    channels: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.layers[0].raster.shape

    @property
    def block_shape(self) -> tuple[int, int]:
        """Rows and columns in which it is best read."""
        return self.layers[0].raster.block_shape

    def read(self, rows: slice, columns: slice) -> Pixels:
        """Stored numbers (channel, y, x) of a window, 0 where not observed, and where it was observed (y, x)."""
        shape = rows.stop - rows.start, columns.stop - columns.start
        stored, observed = np.zeros((self.channels, *shape), np.float32), np.zeros(shape, np.bool_)
        for layer, place, tells in zip(self.layers, self.places, self.telling, strict=True):
            stored[place], seen = layer.read(rows, columns)
            if tells:
                observed |= seen
        return stored, observed


def array_scene(
    images: Mapping[str, NDArray[Any]], card: ModelCard, *, hidden: NDArray[np.bool_] | None, nodata: float | None
) -> ArrayScene:
    """Images of a model's sources on one grid.

    Args:
        images: Stored numbers (bands, H, W) of any numeric type, in the card's convention, by name of the sensor; sources
            of the card may be left out.
        card: Of the model.
        hidden: Where land is hidden (H, W) from the source that would give the grid (see ``open_joint``); None: nowhere.
        nodata: The number that means "not observed"; None: none but those of the sensors.

    Raises:
        InputError: If an image is of none of the card's sensors, of another number of bands, size or type than it must be,
            or holds reflectance.
    """
    names = [source.sensor.name for source in card.sources]
    if not images or (unknown := sorted(set(images) - set(names))):
        raise InputError(f"images of {', '.join(images and unknown) or 'nothing'}: the model takes {', '.join(names)}.")
    slices = slices_of([Channels(source.sensor, source.bands) for source in card.sources])
    present = [
        (source, place) for source, place in zip(card.sources, slices, strict=True) if source.sensor.name in images
    ]
    shapes = {images[source.sensor.name].shape[1:] for source, _ in present}
    if hidden is not None:
        shapes.add(hidden.shape)
    if len(shapes) != 1:
        raise InputError(f"images and mask are of {' and '.join(map(str, sorted(shapes)))} px; bring them to one grid.")
    only_terrain = all(map(_is_terrain, card.sources))
    first = names[0] if names[0] in images else next(iter(images))
    return ArrayScene(
        layers=tuple(
            _layer(images[name], source, hidden if name == first else None, nodata)
            for source, _ in present
            for name in [source.sensor.name]
        ),
        places=tuple(place for _, place in present),
        telling=tuple(only_terrain or not _is_terrain(source) for source, _ in present),
        channels=card.channels,
    )


def _layer(pixels: NDArray[Any], source: SourceInput, hidden: NDArray[np.bool_] | None, nodata: float | None) -> Layer:
    name, bands = source.sensor.name, tuple(source.sensor.band(band) for band in source.bands)
    if pixels.ndim != 3 or len(pixels) != len(bands) or not pixels.size:
        raise InputError(
            f"{name}: an image of shape {pixels.shape}; give ({len(bands)}, H, W): {', '.join(source.bands)}."
        )
    if pixels.dtype.kind not in "uif":
        raise InputError(f"{name}: an image of {pixels.dtype}; give whole numbers or floats.")
    if pixels.dtype.kind == "f" and bands[0].kind == "reflectance":
        told = pixels[0][
            np.isfinite(pixels[0]) & ~np.isin(pixels[0], [*bands[0].fill, np.nan if nodata is None else nodata])
        ]
        if 0 < told.max(initial=0) <= BRIGHTEST_REFLECTANCE:
            raise InputError(
                f"{name}: holds reflectance (at most {told.max():.2f}); give (reflectance - {bands[0].offset:g}) / "
                f"{bands[0].scale:g}: {source.sensor.convention}."
            )
    raster = ArrayRaster(pixels, hidden=hidden, nodata=nodata)
    return Layer(raster, bands, tuple(range(1, len(bands) + 1)), 0, Alignment(raster.grid, raster.grid))


def _is_terrain(source: SourceInput) -> bool:
    return all(source.sensor.band(name).kind in TERRAIN for name in source.bands)
