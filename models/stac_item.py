"""The STAC item of an exported file, by which catalogues find it: the card in the terms of the extension MLM.

STAC 1.1.0; extensions Machine Learning Model (MLM) 1.5.0, Classification 2.0.0 and File Info 2.1.0. Loads no torch.
"""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pitscape.imagery.outputs import sha256_of
from pitscape.imagery.product import date_of
from pitscape.imagery.radiometry import UNOBSERVED_STORED
from pitscape.models.card import ModelCard, SourceInput
from pitscape.models.inputs import PRESENT, input_names

EXTENSIONS = tuple(
    f"https://stac-extensions.github.io/{name}/schema.json"
    for name in ("mlm/v1.5.0", "classification/v2.0.0", "file/v2.1.0")
)
TASKS = ["semantic-segmentation"]
ANY = -1
"""A size that is free."""

MULTIHASH_SHA256 = "1220"
"""What stands before a SHA-256 as a multihash: its code and its 32 bytes."""

ALL_TIME = "1900-01-01T00:00:00Z", "9999-12-31T23:59:59Z"
"""Start and end where nothing is known of the dates of the training imagery."""

PLAIN_VERSION = re.compile(r"\d+\.\d+\.\d+")


def stac_path(model: Path) -> Path:
    """The STAC item that stands beside a model.

    >>> stac_path(Path("models/mine.onnx")).name
    'mine.stac.json'
    """
    return model.with_suffix(".stac.json")


def stac_item(card: ModelCard, model: Path, *, side: int | None = None) -> dict[str, Any]:
    """The STAC item of a model.

    Its dates are those of the training imagery, as far as the names of the scenes tell them. It has no geometry: the card
    does not hold where the model was trained.

    Args:
        card: Of the model.
        model: The ONNX file, which lies beside the item.
        side: Of the one square image that its graph takes [px]; None: any batch, height and width.

    Returns:
        What its JSON holds.
    """
    start, end = _training_dates(card.training.scenes)
    bands = [band for source in card.sources for band in _bands(source, card)]
    properties = {
        "title": card.name,
        "datetime": None,
        "start_datetime": start,
        "end_datetime": end,
        "gsd": card.gsd_m,
        "bands": bands,
        "mlm:name": mlm_name(card.name),
        "mlm:architecture": card.architecture,
        "mlm:tasks": TASKS,
        "mlm:framework": "ONNX",
        "mlm:input": _inputs(card, side),
        "mlm:output": [_output(card, side)],
        "mlm:hyperparameters": {"steps": card.training.steps, "tile_px": card.tile, "overlap_px": card.overlap},
        "pitscape:training_licence": card.training.licence,
        "pitscape:training_fingerprint": card.training.fingerprint,
        "pitscape:metrics": card.metrics,
    }
    if PLAIN_VERSION.fullmatch(version := card.versions.get("onnx", "")):
        properties["mlm:framework_version"] = version
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": list(EXTENSIONS),
        "id": card.name,
        "geometry": None,
        "properties": properties,
        "links": [],
        # STAC lets an item have bands only where an asset has them, and MLM wants those of the item
        "assets": {"model": _asset(model) | {"bands": [{"name": band["name"]} for band in bands]}},
    }


def mlm_name(name: str) -> str:
    """A model's name with the characters that the extension allows: ASCII, a letter first, three characters or more.

    >>> [mlm_name(name) for name in ("mine", "Turów (2024)", "2024", "露天矿")]
    ['mine', 'Turow 2024', 'model-2024', 'model-0']
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-zA-Z0-9_.\-\s]+", "", plain).strip(" \t\r\n_.-")
    return words if len(words) > 2 and words[0].isalpha() else f"model-{words or 0}"


def _asset(model: Path) -> dict[str, Any]:
    return {
        "href": f"./{model.name}",
        "type": "application/octet-stream; framework=onnx",
        "title": "Takes stored numbers, gives class probabilities; the model card is in its metadata",
        "roles": ["mlm:model"],
        "mlm:artifact_type": "onnx.save",
        "file:size": model.stat().st_size,
        "file:checksum": MULTIHASH_SHA256 + sha256_of(model),
    }


def _inputs(card: ModelCard, side: int | None) -> list[dict[str, Any]]:
    """One input for each source, and the flags that say which image has which."""
    names = input_names(card.sources)
    found: list[dict[str, Any]] = [
        {
            "name": name,
            "description": f"Stored numbers: {source.sensor.convention}. Unobserved: {card.nodata}.",
            "bands": [band["name"] for band in _bands(source, card)],
            "input": {
                "shape": _shape(len(source.bands), side),
                "dim_order": ["batch", "bands", "height", "width"],
                "data_type": "float32",
            },
            "value_scaling": None,  # it is in the graph
            "resize_type": None,
        }
        for name, source in zip(names, card.sources, strict=False)
    ]
    if PRESENT in names:
        sensors = ", ".join(source.sensor.name for source in card.sources)
        flags = {
            "name": PRESENT,
            "description": f"1 where an image has the source, 0 where it lacks it: {sensors}",
            "bands": [],
            "input": {
                "shape": [1 if side else ANY, len(card.sources)],
                "dim_order": ["batch", "source"],
                "data_type": "float32",
            },
        }
        found.append(flags)
    return found


def _output(card: ModelCard, side: int | None) -> dict[str, Any]:
    classes = [
        {
            "value": each.id,
            "name": re.sub(r"[^0-9A-Za-z_-]+", "_", each.name),
            "title": each.name,
            "description": f"{each.name}, which counts as {each.role}",
            "color_hint": each.colour.removeprefix("#").upper(),
        }
        for each in card.legend.classes
    ]
    bias = f" The logarithms {list(card.class_bias)} are added before a class is chosen." if card.class_bias else ""
    notes = "".join(f" {note[:1].upper()}{note[1:]}." for note in card.legend.notes)
    return {
        "name": "probabilities",
        "description": f"Probability of each class, in order of value.{bias}{notes}",
        "tasks": TASKS,
        "result": {
            "shape": _shape(len(classes), side),
            "dim_order": ["batch", "class", "height", "width"],
            "data_type": "float32",
        },
        "classification:classes": classes,
    }


def _shape(channels: int, side: int | None) -> list[int]:
    return [1, channels, side, side] if side else [ANY, channels, ANY, ANY]


def _bands(source: SourceInput, card: ModelCard) -> list[dict[str, Any]]:
    """Bands as common metadata of STAC has them; with their sensor's name where there are several."""
    before = f"{source.sensor.name}/" if len(card.sources) > 1 else ""
    return [
        {
            "name": before + name,
            "description": f"{source.sensor.title}, band {name}",
            "gsd": source.sensor.band(name).gsd_m,
            "data_type": "float32",
            "nodata": UNOBSERVED_STORED,
        }
        for name in source.bands
    ]


def _training_dates(scenes: Sequence[str]) -> tuple[str, str]:
    days = sorted(day for scene in scenes if (day := date_of(Path(scene))))
    return (f"{days[0]}T00:00:00Z", f"{days[-1]}T23:59:59Z") if days else ALL_TIME
