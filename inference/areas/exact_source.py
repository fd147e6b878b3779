"""A polygon as exactextract reads it: as bytes, where its own sources would write it out as JSON."""

from collections.abc import Iterator

import shapely
from exactextract.feature import FeatureSource, JSONFeature
from shapely.geometry.base import BaseGeometry


class PolygonSource(FeatureSource):  # type: ignore[misc] # exactextract has no types
    """One polygon without a CRS of its own."""

    def __init__(self, shape: BaseGeometry) -> None:
        super().__init__()
        self._shape = shape

    def count(self) -> int:
        """How many there are."""
        return 1

    def srs_wkt(self) -> None:
        """Its CRS: that of the raster."""

    def __iter__(self) -> Iterator[JSONFeature]:
        yield _Polygon(self._shape)


class _Polygon(JSONFeature):  # type: ignore[misc] # exactextract has no types
    def __init__(self, shape: BaseGeometry) -> None:
        super().__init__()
        self._shape = shape

    def geometry(self) -> bytes:
        """Well-known binary."""
        found: bytes = shapely.to_wkb(self._shape)
        return found
