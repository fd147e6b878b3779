"""One scene to one class map."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray

from pitscape.imagery.class_map import names_file
from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import metric_cell_size
from pitscape.imagery.legend import UNOBSERVED
from pitscape.imagery.outputs import check_writable, keep_inputs, sha256_of, sidecar, write_json
from pitscape.imagery.reading import Reading
from pitscape.imagery.scene import Scene, open_scene
from pitscape.inference.blend import Rows, blended_rows
from pitscape.inference.parts import Parts, assemble
from pitscape.inference.predictor import OnnxPredictor, Predictor
from pitscape.inference.tiles import Tiles

BLOCK_ROWS = 512
CACHE_MB = 64
"""GDAL would keep up to 5 % of the machine's memory in decoded blocks; the rows of a tile are read once."""

Progress = Callable[[int, int], None]
"""Called with tiles done and tiles in all."""


@dataclass(frozen=True)
class RunOptions:
    """How a scene is cut up.

    Attributes:
        tile: Side of the square tiles [px]; the card's by default.
        overlap: Of neighbouring tiles [px]; the card's by default.
        batch: Tiles that go through the network at once.
        reading: What the user says of the scene.
        resume: Go on with a run that was stopped, and leave a map that the same run has finished.
    """

    tile: int | None = None
    overlap: int | None = None
    batch: int = 4
    reading: Reading = field(default_factory=Reading)
    resume: bool = False


def predict_scene(
    source: Path,
    predictor: OnnxPredictor,
    output: Path,
    *,
    options: RunOptions | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Map a scene; the map, its class names and a JSON of how it was made appear when all of it is done.

    Args:
        source: The scene, with the bands of the model's card.
        predictor: The model.
        output: The class map, a cloud-optimised GeoTIFF.
        options: How the scene is cut up.
        progress: Told of tiles done.

    Returns:
        What stands in the JSON beside the map: inputs, options, versions and the offset that was applied.

    Raises:
        InputError: If the scene does not fit the card or nothing of it was observed, or the output cannot be written.
    """
    options = options or RunOptions()
    outputs = (output, sidecar(output), names_file(output))
    keep_inputs(outputs, (source, predictor.path, *([options.reading.mask] if options.reading.mask else [])))
    for path in outputs:
        check_writable(path)
    card = predictor.card
    with (
        rasterio.Env(GDAL_CACHEMAX=CACHE_MB),
        open_scene(source, card.sensor, bands=card.bands, reading=options.reading) as scene,
    ):
        _check_resolution(scene, card.gsd_m)
        tiles = _tiles(scene, predictor, options)
        made_of = _made_of(scene, predictor, tiles, options.reading)
        if options.resume and (record := _record_beside(output, made_of)):
            return record
        parts = Parts(output.with_name(output.name + ".parts"), scene.grid, card.legend, made_of)
        parts.begin(resume=options.resume)
        try:
            _map(scene, predictor, tiles, parts, batch=options.batch, progress=progress)
        except InputError:  # it has to be another input: what was made of this one is of no use
            shutil.rmtree(parts.folder)
            raise
    assemble(parts.folder, output)
    record = made_of | {"schema": 1, "batch": options.batch, "notes": list(card.legend.notes)}
    write_json(sidecar(output), record)
    shutil.rmtree(parts.folder)
    return record


def _record_beside(output: Path, made_of: dict[str, Any]) -> dict[str, Any] | None:
    """The record of a finished map, if it was made of the same."""
    try:
        record: dict[str, Any] = json.loads(sidecar(output).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    same = all(record.get(key) == value for key, value in json.loads(json.dumps(made_of)).items())
    return record if same and output.exists() else None


def _map(
    scene: Scene, predictor: Predictor, tiles: Tiles, parts: Parts, *, batch: int, progress: Progress | None
) -> None:
    """Map a scene block by block, from the first row on that is not finished."""
    rows = class_rows(scene, predictor, tiles, batch=batch, first_row=parts.first_row, progress=progress)
    for first_row, ids in _blocks(rows):
        parts.add(first_row, ids)
    if not parts.observed:
        raise InputError(f"{scene.path}: no pixel of it was observed; check nodata, clouds and mask.")
    parts.close()


def class_rows(
    scene: Scene,
    predictor: Predictor,
    tiles: Tiles,
    *,
    batch: int,
    first_row: int = 0,
    progress: Progress | None = None,
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Class ids of a scene from a first row to its end: first row and ids (y, x), 255 where unobserved."""
    done = 0

    def count(finished: int) -> None:
        nonlocal done
        done += finished
        if progress:
            progress(done, len(tiles))

    for rows in blended_rows(scene, predictor, tiles, batch=batch, first_row=first_row, on_tile=count):
        yield rows.start, _classes(rows)


def _classes(rows: Rows) -> NDArray[np.uint8]:
    """The most probable class; of equal ones the first."""
    best = rows.probabilities.argmax(axis=0).astype(np.uint8)
    return np.where(rows.observed, best, np.uint8(UNOBSERVED))


def _blocks(rows: Iterator[tuple[int, NDArray[np.uint8]]]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Gather rows into blocks of at least ``BLOCK_ROWS``, the last one excepted."""
    waiting: list[NDArray[np.uint8]] = []
    first = 0
    for start, ids in rows:
        if not waiting:
            first = start
        waiting.append(ids)
        if sum(map(len, waiting)) >= BLOCK_ROWS:
            yield first, np.concatenate(waiting)
            waiting = []
    if waiting:
        yield first, np.concatenate(waiting)


def _tiles(scene: Scene, predictor: Predictor, options: RunOptions) -> Tiles:
    tile = options.tile or predictor.card.tile
    overlap = options.overlap if options.overlap is not None else min(predictor.card.overlap, tile // 4)
    if not 0 <= overlap < tile:
        raise InputError(f"--tile {tile} --overlap {overlap}: the overlap must be smaller than the tile.")
    height, width = scene.grid.shape
    return Tiles(height=height, width=width, tile=tile, overlap=overlap)


def _check_resolution(scene: Scene, gsd_m: float) -> None:
    """Refuse grids that are much coarser or finer than what the network was trained on, or not in metres."""
    found = max(metric_cell_size(scene.grid, scene.path))
    if not 0.5 <= found / gsd_m <= 2:
        raise InputError(f"{scene.path}: has pixels of {found:g} m, the model was trained at {gsd_m:g} m; resample it.")


def _made_of(scene: Scene, predictor: OnnxPredictor, tiles: Tiles, reading: Reading) -> dict[str, Any]:
    return {
        "scene": scene.path.name,
        "scene_sha256": sha256_of(scene.path),
        "mask": reading.mask.name if reading.mask else None,
        "mask_sha256": sha256_of(reading.mask) if reading.mask else None,
        "clouds_kept": reading.keep_clouds,
        "sensor": f"{scene.sensor.name}, {scene.recognised}",
        "acquired": scene.acquired.isoformat() if scene.acquired else None,
        "model": predictor.card.name,
        "model_sha256": sha256_of(predictor.path),
        "radiometry": predictor.card.radiometry,
        "added_offset": scene.radiometry.added,
        "added_offset_reason": scene.radiometry.reason,
        "tile": tiles.tile,
        "overlap": tiles.overlap,
        "versions": {"pitscape": version("pitscape"), "onnxruntime": version("onnxruntime")},
    }
