"""What tests of all rooms share: small scenes, a small model, the reference data."""

import os
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from object_store import SECRET, Bucket, Wire, serving_store
from small_scenes import BANDS, UTM, SceneMaker, training_file, write_labelled_scenes, write_raster

from pitscape.imagery.legend import load_legend
from pitscape.imagery.remote.gdal_network import ENDPOINT
from pitscape.imagery.sensor import load_sensor
from pitscape.models.card import ModelCard, Normalisation, SourceInput, TrainingRecord


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of real data; tests that need it are skipped where there is none."""
    if "PITSCAPE_DATA" not in os.environ:
        pytest.skip("PITSCAPE_DATA is not set: it names the folder of the reference data")
    return Path(os.environ["PITSCAPE_DATA"])


@pytest.fixture
def write_scene(tmp_path: Path) -> SceneMaker:
    """A function that writes an array (band, y, x) as a scene and gives its path."""

    def write(
        pixels: NDArray[np.generic],
        name: str = "scene_20230709.tif",
        *,
        bands: Sequence[str] | None = BANDS,
        nodata: float | None = None,
        crs: str | None = UTM,
        side: float = 10.0,
    ) -> Path:
        return write_raster(tmp_path / name, pixels, bands=bands, nodata=nodata, crs=crs, side=side)

    return write


@pytest.fixture(scope="session")
def card() -> ModelCard:
    """A card of ten Sentinel-2 bands and the four classes, with small tiles."""
    return ModelCard(
        name="test",
        architecture="none",
        sources=(
            SourceInput(
                sensor=load_sensor("sentinel2_l2a"),
                bands=BANDS,
                normalisation=Normalisation(mean=(0.2,) * 10, std=(0.1,) * 10),
            ),
        ),
        legend=load_legend(),
        gsd_m=10,
        tile=32,
        overlap=8,
        training=TrainingRecord(fingerprint="0", scenes=(), region="none", licence="none", steps=0),
        metrics={},
        versions={},
    )


@pytest.fixture(scope="session")
def several_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ONNX file of a small untrained network of Sentinel-2, Sentinel-1 and a DEM."""
    from several_sources import several_card, several_network

    from pitscape.models.export import write_graph

    path, card = tmp_path_factory.mktemp("several") / "several.onnx", several_card()
    write_graph(several_network(card, "early"), card, path)
    return path


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with labelled scenes, ``train.yaml`` and, in ``run``, what two steps of training leave."""
    from pitscape.training.run import run_training

    folder = tmp_path_factory.mktemp("trained")
    write_labelled_scenes(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Lightning's own
        run_training("fit", training_file(folder))
    return folder


@pytest.fixture(scope="session")
def model(trained: Path) -> Path:
    """The ONNX file of ``trained``."""
    from pitscape.models.export import export_onnx

    path = trained / "model.onnx"
    export_onnx(trained / "run" / "best.ckpt", path, tile=32)
    return path


@pytest.fixture(scope="session")
def object_server() -> Iterator[str]:
    """The address of an object store."""
    with serving_store() as url:
        yield url


@pytest.fixture(scope="session")
def object_client(object_server: str) -> Any:  # noqa: ANN401 - of botocore
    """What asks the object store for tests."""
    import botocore.session

    keys = {"aws_access_key_id": "AKIATEST", "aws_secret_access_key": SECRET}
    return botocore.session.get_session().create_client("s3", "us-east-1", endpoint_url=object_server, **keys)


@pytest.fixture
def bucket(object_server: str, object_client: Any, monkeypatch: pytest.MonkeyPatch) -> Bucket:  # noqa: ANN401
    """A new bucket of the object store, which the environment names with credentials."""
    for name in (*ENDPOINT, "CPL_AWS_CREDENTIALS_FILE", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "")  # put back at the end, whatever is made of it
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", object_server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("GDAL_HTTP_MAX_RETRY", "1")
    return Bucket(object_client)


@pytest.fixture
def wire(bucket: Bucket, object_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """A way to the object store that can be cut. It is no way for what GDAL reads while it keeps Python waiting."""
    del bucket
    way = Wire(object_server)
    monkeypatch.setenv("AWS_ENDPOINT_URL", way.url)
    yield way
    way.close()
