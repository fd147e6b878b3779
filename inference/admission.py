"""What can be checked of a run before its work begins."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pitscape.imagery.block_cache import block_cache
from pitscape.imagery.class_map import names_file
from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import metric_cell_size
from pitscape.imagery.outputs import check_writable, keep_inputs, scratch_folder, sidecar
from pitscape.inference.joint_scene import JointScene, open_joint
from pitscape.inference.parts_folder import BLOCKS, check_folder, parts_of
from pitscape.inference.predictor import FilePredictor
from pitscape.inference.run_options import Outputs, RunOptions
from pitscape.inference.scene_files import files_of
from pitscape.inference.scene_source import SceneSource

CACHE_MB = 64
"""GDAL would keep up to 5 % of the machine's memory in decoded blocks; those of a tile are read once."""

COMPRESSED = 0.5
"""Of the bytes of all layers, this share is asked to be free for blocks and outputs together."""


@contextmanager
def admitted(
    given: Sequence[SceneSource], predictor: FilePredictor, outputs: Outputs, options: RunOptions
) -> Iterator[JointScene]:
    """Open the scenes of a run, once all that can be checked beforehand has been.

    Args:
        given: The scenes.
        predictor: The model.
        outputs: All files that are wanted.
        options: How the scenes are mapped.

    Yields:
        The open scenes.

    Raises:
        InputError: If an output is an input or cannot be written, the scenes do not fit the card or each other, or the map
            does not fit the disk.
    """
    _check_outputs([each.path for each in given], predictor, outputs, options)
    card = predictor.card
    with block_cache(CACHE_MB), open_joint(given, card, options.reading) as scene:
        check_resolution(scene, card.gsd_m)
        _check_space(scene, outputs, layers=len(outputs.layers.names(card.legend.names)))
        yield scene


def _check_outputs(scenes: Sequence[Path], predictor: FilePredictor, outputs: Outputs, options: RunOptions) -> None:
    """Refuse outputs that are inputs, lie in one, or cannot be written."""
    inputs = [*predictor.files, *([options.reading.mask] if options.reading.mask else [])]
    for scene in scenes:
        inputs += [*files_of(scene), scene.with_suffix(".json")]
    for path in outputs.paths.values():
        if any(scene.is_dir() and path.resolve().is_relative_to(scene.resolve()) for scene in scenes):
            raise InputError(f"{path}: lies in the scene's own folder; choose another output.")
        files = (path, sidecar(path), names_file(path))
        keep_inputs(files, inputs)
        for file in files:
            check_writable(file)
    check_folder(parts_of(outputs.classes), BLOCKS)


def check_resolution(scene: JointScene, gsd_m: float) -> None:
    """Refuse grids that are much coarser or finer than what the network was trained on, or not in metres.

    Raises:
        InputError: Naming both sizes.
    """
    path = scene.first.path
    found = max(metric_cell_size(scene.grid, path))
    if not 0.5 <= found / gsd_m <= 2:
        raise InputError(f"{path}: has pixels of {found:g} m, the model was trained at {gsd_m:g} m; resample it.")


def _check_space(scene: JointScene, outputs: Outputs, *, layers: int) -> None:
    """Refuse scenes whose outputs would not fit the disk; headers that declare a giant size among them."""
    height, width = scene.grid.shape
    needed, free = height * width * layers * COMPRESSED, shutil.disk_usage(scratch_folder(outputs.classes)).free
    if needed > free:
        raise InputError(
            f"{scene.first.path}: has {height} x {width} px, whose map may take {needed / 1e9:.1f} GB; {free / 1e9:.1f} GB "
            "are free. Make room, or cut it."
        )
