"""Products as agencies deliver them, small, that tests make."""

import tarfile
import zipfile
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray

SAFE = "S2A_MSIL2A_20210619T100031_N0301_R122_T33UWR_20210619T121212.SAFE"
LANDSAT = "LC08_L2SP_190024_20220719_20220726_02_T1"
METADATA = """<n1:Level-2A_User_Product><n1:General_Info><Product_Info>
<PRODUCT_START_TIME>2021-06-19T10:00:31.024Z</PRODUCT_START_TIME>
<PROCESSING_BASELINE>{baseline}</PROCESSING_BASELINE></Product_Info></n1:General_Info></n1:Level-2A_User_Product>"""


def write_band(path: Path, pixels: NDArray[np.generic], side: float, driver: str = "GTiff") -> None:
    """One band without a name, at the place of all products here."""
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = pixels.shape
    profile = {"count": 1, "height": height, "width": width, "dtype": pixels.dtype.name, "crs": "EPSG:32633"}
    if driver == "JP2OpenJPEG":
        profile |= {"QUALITY": "100", "REVERSIBLE": "YES"}
    with rasterio.open(
        path, "w", driver=driver, transform=Affine(side, 0, 600000, 0, -side, 5700000), **profile
    ) as file:
        file.write(pixels, 1)


def write_safe(folder: Path, *, baseline: str = "03.01", size: int = 24) -> tuple[Path, dict[str, NDArray[np.uint16]]]:
    """A Sentinel-2 level 2A product of three bands and its scene classes: the folder and the pixels by band."""
    rng = np.random.default_rng(0)
    product = folder / SAFE
    images = product / "GRANULE" / "L2A_T33UWR_A031300_20210619T100027" / "IMG_DATA"
    bands = {
        "B04": rng.integers(100, 4000, (size, size)).astype(np.uint16),
        "B08": rng.integers(100, 4000, (size, size)).astype(np.uint16),
        "B11": rng.integers(100, 4000, (size // 2, size // 2)).astype(np.uint16),
    }
    classes = np.full((size // 2, size // 2), 4, np.uint8)
    classes[0, 0] = 9
    start = "T33UWR_20210619T100031"
    write_band(images / "R10m" / f"{start}_B04_10m.jp2", bands["B04"], 10, "JP2OpenJPEG")
    write_band(images / "R10m" / f"{start}_B08_10m.jp2", bands["B08"], 10, "JP2OpenJPEG")
    write_band(images / "R20m" / f"{start}_B04_20m.jp2", bands["B04"][::2, ::2], 20, "JP2OpenJPEG")
    write_band(images / "R20m" / f"{start}_B11_20m.jp2", bands["B11"], 20, "JP2OpenJPEG")
    write_band(images / "R20m" / f"{start}_SCL_20m.jp2", classes, 20, "JP2OpenJPEG")
    (product / "MTD_MSIL2A.xml").write_text(METADATA.format(baseline=baseline))
    return product, bands


def write_landsat(folder: Path, name: str = LANDSAT) -> tuple[Path, NDArray[np.uint16]]:
    """A Landsat 8 level 2 product of two bands and its quality band: the folder and the pixels of red."""
    rng = np.random.default_rng(1)
    product = folder / name
    red = rng.integers(7500, 20000, (10, 12)).astype(np.uint16)
    red[9, 11] = 0
    quality = np.full((10, 12), 21824, np.uint16)
    quality[2, 3] = 22280
    for band, pixels in [("SR_B4", red), ("SR_B5", red + 1), ("QA_PIXEL", quality)]:
        write_band(product / f"{name}_{band}.TIF", pixels, 30)
    (product / f"{name}_MTL.txt").write_text("GROUP = LANDSAT_METADATA_FILE\nEND\n")
    return product, red


def zipped(product: Path) -> Path:
    """A product as a zip archive that holds its folder."""
    path = product.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(product.rglob("*")):
            archive.write(file, f"{product.name}/{file.relative_to(product).as_posix()}")
    return path


def tarred(product: Path) -> Path:
    """A product as a tar archive of its files."""
    path = product.with_name(product.name + ".tar")
    with tarfile.open(path, "w") as archive:
        for file in sorted(product.iterdir()):
            archive.add(file, file.name)
    return path
