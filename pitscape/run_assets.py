"""Files of a run as assets of a STAC item: what they hold, how large they are, and their SHA-256."""

import math
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from rasterio.errors import RasterioIOError

from pitscape.file_hashes import FileHashes
from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import grid_of
from pitscape.imagery.legend import UNOBSERVED, Legend
from pitscape.imagery.raster import open_raster

Asset: TypeAlias = dict[str, Any]

GEOTIFF = "image/tiff; application=geotiff"
COG = f"{GEOTIFF}; profile=cloud-optimized"
SHA256 = "1220"
"""Multihash: 32 bytes of SHA-256."""


@dataclass(frozen=True)
class Assets:
    """Makes assets of items that lie in a folder.

    Attributes:
        out: The folder of results; what lies elsewhere has no address, which would name folders of the machine.
        folder: Of the items, within it; addresses are relative to it.
        hashes: SHA-256 of files.
    """

    out: Path
    folder: Path
    hashes: FileHashes

    def file(self, path: Path, title: str, kind: str | None, role: str, **fields: Any) -> Asset | None:  # noqa: ANN401
        """A file or folder; None where there is none, or where it lies outside of the folder of results."""
        if not path.exists() or not path.resolve().is_relative_to(self.out.resolve()):
            return None
        address = Path(os.path.relpath(path.resolve(), self.folder.resolve())).as_posix()
        found: Asset = {"href": address, "title": title} | ({"type": kind} if kind else {}) | {"roles": [role]}
        if path.is_file():
            found |= {"file:size": path.stat().st_size, "file:checksum": SHA256 + self.hashes.of(path)}
        return found | fields

    def elsewhere(self, path: str | None) -> dict[str, str] | None:
        """Name and checksum of an input that lies outside of the folder of results; None for one within it."""
        if path is None or Path(path).resolve().is_relative_to(self.out.resolve()):
            return None
        return {"name": Path(path).name, "file:checksum": SHA256 + self.hashes.of(Path(path))}

    def layer(self, path: Path, title: str) -> Asset | None:
        """A GeoPackage."""
        return self.file(path, title, "application/geopackage+sqlite3", "data")

    def scene(self, image: str | None) -> Asset | None:
        """The image that an epoch was mapped from, or that stands beside its map."""
        if image is None:
            return None
        path = Path(image)
        return self.file(path, "image", _kind(path), "source")

    def class_map(self, path: Path, legend: Legend) -> Asset | None:
        """A class map with names and colours of its classes."""
        names = [re.sub(r"[^0-9A-Za-z_-]+", "-", each.name).strip("-") for each in legend.classes]
        classes = [
            {
                "value": each.id,
                "name": name if name and names.count(name) == 1 else f"class-{each.id}",
                "title": each.name,
                "color_hint": each.colour[1:].upper(),
            }
            for each, name in zip(legend.classes, names, strict=True)
        ]
        fields = _raster_fields(path)
        nodata = fields["bands"][0]["nodata"]
        classes.append({"value": nodata, "name": "unobserved", "title": "unobserved", "nodata": True})
        fields["bands"][0] |= {"name": "class", "classification:classes": classes}
        return self.file(path, "class map", _kind(path), "data", **fields)

    def numbers(self, path: Path, title: str) -> Asset | None:
        """A raster of numbers."""
        return self.file(path, title, _kind(path), "data", **_raster_fields(path))


def _raster_fields(path: Path) -> dict[str, Any]:
    """Grid and bands of a raster."""
    with open_raster(path) as dataset:
        grid = grid_of(dataset)
        assert grid.crs is not None
        nodata = UNOBSERVED if dataset.nodata is None else dataset.nodata
        bands = []
        for number, name in enumerate(dataset.descriptions, start=1):
            stored = {
                "minimum": dataset.tags(number).get("STATISTICS_MINIMUM"),
                "maximum": dataset.tags(number).get("STATISTICS_MAXIMUM"),
            }
            known = {key: float(value) for key, value in stored.items() if value is not None}
            band = {
                "name": name or f"band {number}",
                "data_type": dataset.dtypes[number - 1],
                "nodata": "nan" if math.isnan(nodata) else int(nodata),
                "unit": dataset.units[number - 1],
                "statistics": known,
                "raster:sampling": "area",
                "raster:spatial_resolution": abs(grid.affine.a) if grid.affine.b == 0 else None,
            }
            bands.append({key: value for key, value in band.items() if value not in (None, {}, "")})
        epsg = grid.crs.epsg
        return {
            "proj:code": f"EPSG:{epsg}" if epsg else None,
            **({} if epsg else {"proj:wkt2": grid.crs.to_wkt()}),
            "proj:shape": list(grid.shape),
            "proj:transform": [float(each) for each in grid.affine[:6]],
            "proj:bbox": list(grid.boundingbox.bbox),
            "bands": bands,
        }


def _kind(path: Path) -> str | None:
    """Media type of a raster; None for other than GeoTIFF."""
    if path.suffix.lower() not in {".tif", ".tiff"}:
        return None
    try:
        with open_raster(path) as dataset:
            return COG if dataset.tags(ns="IMAGE_STRUCTURE").get("LAYOUT") == "COG" else GEOTIFF
    except (InputError, RasterioIOError):
        return None
