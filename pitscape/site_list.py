"""Site files of one command, and the folder of results of each."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pitscape.imagery.errors import InputError
from pitscape.step_memory import FOLDER

PAGE, TABLE, SUMMARY = "index.html", "sites.csv", "sites.json"
"""What stands in the common folder, beside a folder for each site."""


@dataclass(frozen=True)
class ListedSite:
    """A site of several.

    Attributes:
        name: Of its file, without ``.yaml``; that of its folder.
        path: Its file, absolute: workers have folders of their own.
        out: Its folder, absolute.
    """

    name: str
    path: Path
    out: Path

    def shortened(self, reason: str) -> str:
        """A message on the site without the folders of the machine in which its files and results lie.

        >>> ListedSite("a", Path("/sites/a.yaml"), Path("/out/a")).shortened(f"{Path('/sites/a.yaml')}: holds no keys.")
        'a.yaml: holds no keys.'
        """
        for folder in (self.path.parent, self.out.parent):
            reason = reason.replace(f"{folder}{os.sep}", "").replace(f"{folder}: ", f"{folder.name}: ")
        return reason


def is_one_site(named: Sequence[Path]) -> bool:
    """Whether a command names one site file, whose results go into the folder itself."""
    return len(named) == 1 and not named[0].is_dir()


def listed_sites(named: Sequence[Path], out: Path) -> list[ListedSite]:
    """The sites of files and of folders of files.

    Args:
        named: Site files, and folders of which every ``*.yaml`` is one, in order of name.
        out: The common folder.

    Returns:
        In the order in which they are named, each with a folder in ``out`` of its file's name.

    Raises:
        InputError: If a file is missing or given twice, two sites would write to one folder, or a folder is of a site's
            results.
    """
    if _is_result(out):
        raise InputError(f"{out}: holds the results of one site; choose another folder for several.")
    taken = {name.casefold(): Path(name) for name in (PAGE, TABLE, SUMMARY)}
    found: list[ListedSite] = []
    for path in _files(named):
        name = path.stem
        if other := taken.get(name.casefold()):  # some file systems take no notice of case
            what = (
                "is given twice" if other.absolute() == path.absolute() else f"and {other} would both be {out / name}"
            )
            raise InputError(f"{path}: {what}; give each site once, under a name of its own.")
        taken[name.casefold()] = path
        found.append(ListedSite(name, path.absolute(), (out / name).absolute()))
    return found


def _files(named: Sequence[Path]) -> Iterator[Path]:
    for path in named:
        if not path.is_dir():
            if not path.is_file():
                raise InputError(f"{path}: no such site file or folder of site files; check the path.")
            yield path
            continue
        if _is_result(path):
            raise InputError(f"{path}: holds the results of a site; name its site file, or a folder of site files.")
        within = sorted(each for each in path.glob("*.yaml") if each.is_file() and not each.name.startswith("."))
        if not within:
            raise InputError(f"{path}: holds no site file (*.yaml); check the path.")
        yield from within


def _is_result(folder: Path) -> bool:
    """Whether a site was run into a folder."""
    return (folder / "site.json").exists() or (folder / FOLDER).is_dir()
