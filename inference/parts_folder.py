"""The folder ``OUT.parts`` beside an output, which keeps what is done of it: its name, and what may lie in it."""

import re
from pathlib import Path

from pitscape.imagery.errors import InputError
from pitscape.imagery.remote.path import RemotePath, is_remote

SUFFIX = ".parts"
BLOCKS = re.compile(r"(block_\d{6}|manifest)\.(tif|json)|\.(block_\d{6}|manifest)\.[0-9a-f]{8}\.(tif|json)")
"""What a scene run keeps."""

LOCKS = re.compile(r"(run|begin|shard_\d+_of_\d+)\.lock")
PASSING = re.compile(r"\.DS_Store|\.nfs.*|tmp\w{8}|\.pitscape\.[0-9a-f]{8}")
"""What systems put into folders for a moment, or for themselves."""


def parts_of(output: Path) -> Path:
    """The folder of the parts of an output.

    >>> parts_of(Path("out/classes.tif")).name
    'classes.tif.parts'
    """
    return output.with_name(output.name + SUFFIX)


def check_folder(folder: Path, kept: re.Pattern[str], *, folders: bool = False) -> None:
    """Refuse a folder that holds something else than parts.

    Args:
        folder: Of the parts; it need not be there.
        kept: Names of what a run keeps there.
        folders: Whether these may be folders.

    Raises:
        InputError: Naming what it holds.
    """
    if folder.is_file():
        raise InputError(f"{folder}: is a file where the parts of the run would lie; choose another output.")
    for path in folder.iterdir() if folder.exists() else ():
        is_folder = not is_remote(path) and path.is_dir()
        known = (kept,) if is_folder and folders else () if is_folder else (kept, LOCKS, PASSING)
        if not any(names.fullmatch(path.name) for names in known):
            raise InputError(f"{folder}: holds {path.name}, which is no part of a run; choose another output.")


def remove(folder: Path, kept: re.Pattern[str]) -> None:
    """Remove the files of a run that bear such names, and nothing else."""
    ours = [path for path in folder.iterdir() if kept.fullmatch(path.name)]
    if isinstance(folder, RemotePath):
        folder.store.delete([folder / path.name for path in ours])
        return
    for path in ours:
        path.unlink(missing_ok=True)
