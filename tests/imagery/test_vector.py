from pathlib import Path

import geopandas
import pytest
from shapely.geometry import box

from pitscape.imagery.errors import InputError
from pitscape.imagery.vector import read_vector


def layer(path: Path, name: str, *, mode: str = "w", crs: str | None = "EPSG:32633") -> Path:
    geopandas.GeoDataFrame({"name": [name]}, geometry=[box(0, 0, 1, 1)], crs=crs).to_file(path, layer=name, mode=mode)
    return path


def test_of_several_layers_one_must_be_meant(tmp_path: Path) -> None:
    path = layer(layer(tmp_path / "two.gpkg", "first"), "second", mode="a")
    with pytest.raises(InputError, match=r"two\.gpkg: has the layers first, second; save the one"):
        read_vector(path)
    assert read_vector(path, first_layer=True)["name"].tolist() == ["first"]


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_files_without_land_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.gpkg").write_text("no polygons")
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    for name, problem in {
        "none.gpkg": "no such file",
        "text.gpkg": "is not a vector file",
        "table.csv": "has no geometry",
    }.items():
        with pytest.raises(InputError, match=rf"{name}: {problem}"):
            read_vector(tmp_path / name)
    with pytest.raises(InputError, match=r"bare\.gpkg: has no coordinate reference system"):
        read_vector(layer(tmp_path / "bare.gpkg", "bare", crs=None))
