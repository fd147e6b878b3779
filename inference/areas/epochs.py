"""Class maps of several epochs, read together on one grid."""

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from pitscape.imagery.cell_area import cell_areas
from pitscape.imagery.class_map import ClassMap, open_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import check_grid, part, same_grid
from pitscape.imagery.layer import Layer
from pitscape.imagery.legend import UNOBSERVED, Legend
from pitscape.imagery.product import epoch_of
from pitscape.imagery.raster import Raster
from pitscape.imagery.sensor import Band
from pitscape.imagery.warp import Alignment

Target: TypeAlias = Literal["first", "coarsest"]
"""Whose grid all maps are brought to."""

Read: TypeAlias = Callable[[slice, slice], NDArray[np.uint8]]
"""Class ids (y, x) of rows and columns of the common grid."""

DATE = re.compile(r"\d{4}(-\d\d(-\d\d)?)?")
CODES = Band(name="classes", kind="class", gsd_m=1, resampling="nearest", fill=(UNOBSERVED,))


@dataclass(frozen=True)
class Epochs:
    """Open class maps of one place, in order of time.

    Attributes:
        paths: The files.
        names: Of the epochs.
        grid: The common one.
        legend: The classes, the same at every epoch.
        readers: Of each epoch.
    """

    paths: tuple[Path, ...]
    names: tuple[str, ...]
    grid: GeoBox
    legend: Legend
    readers: tuple[Read, ...]

    @property
    def path(self) -> Path:
        """The first file, for messages."""
        return self.paths[0]

    def __len__(self) -> int:
        """Their number."""
        return len(self.names)

    def read(self, rows: slice, columns: slice) -> NDArray[np.uint8]:
        """Class ids (epoch, y, x) of a window, 255 in all epochs where one of them did not observe the land."""
        ids = np.stack([read(rows, columns) for read in self.readers])
        ids[:, (ids == UNOBSERVED).any(axis=0)] = UNOBSERVED
        return ids


@contextmanager
def open_epochs(
    paths: Sequence[Path],
    *,
    names: Sequence[str] = (),
    legend: Legend | None = None,
    target: Target | None = None,
) -> Iterator[Epochs]:
    """Open class maps of several epochs.

    Args:
        paths: In order of time.
        names: Of the epochs; by default the date in a file's name, or the name.
        legend: The classes, for maps that do not carry them.
        target: Whose grid the others are brought to: on a coarser one the most frequent class is taken, else that at
            the cell's centre, and a cell of which less than half was observed is unobserved. None: all lie on one.

    Raises:
        InputError: If there are fewer than two, they are named alike or not in order, or legends or grids differ.
    """
    known = names_in_order(paths, names)
    if len(paths) < 2:
        raise InputError(f"{paths[0]}: is one map; change needs those of two epochs or more.")
    with ExitStack() as stack:
        maps = stack.enter_context(open_maps(paths, legend))
        for other in maps[1:]:
            if other.legend.names != maps[0].legend.names:
                raise InputError(f"{other.path}: has another legend than {paths[0]}; map all epochs with one model.")
        grid = (coarsest(maps) if target == "coarsest" else maps[0]).grid
        readers = tuple(_reader(each, grid, target, stack) for each in maps)
        yield Epochs(tuple(paths), known, grid, maps[0].legend, readers)


@contextmanager
def open_maps(paths: Sequence[Path], legend: Legend | None = None) -> Iterator[list[ClassMap]]:
    """Open class maps in the order given, each with its own observed land; a legend is for maps that carry none.

    Raises:
        InputError: If one is no class map or has no legend.
    """
    with ExitStack() as stack:
        yield [stack.enter_context(open_class_map(path, legend)) for path in paths]


def names_in_order(paths: Sequence[Path], names: Sequence[str] = ()) -> tuple[str, ...]:
    """Names of the epochs of maps, as :func:`epoch_names` has them; those that are dates or years must rise.

    Raises:
        InputError: If they do not, a map is given twice, or names do not fit.
    """
    if len({path.resolve() for path in paths}) < len(paths):
        raise InputError(f"{paths[-1]}: a map is given twice; give each epoch once.")
    known = epoch_names(paths, names)
    dated = [(name, path) for name, path in zip(known, paths, strict=True) if DATE.fullmatch(name)]
    for (earlier, before), (later, path) in itertools.pairwise(dated):
        if later < earlier[: len(later)]:
            raise InputError(f"{path}: is of {later}, before {before.name} of {earlier}; give maps in order of time.")
    return known


def epoch_names(paths: Sequence[Path], names: Sequence[str] = ()) -> tuple[str, ...]:
    """Names of the epochs of maps: those given, or the date in each file's name, or that name.

    Raises:
        InputError: If there are more or fewer names than maps, or two are alike.
    """
    if names and len(names) != len(paths):
        raise InputError(f"--epochs {','.join(names)}: names {len(names)} epochs of {len(paths)} maps; name each one.")
    found = tuple(names) or tuple(epoch_of(path) for path in paths)
    again = [name for number, name in enumerate(found) if name in found[:number]]
    if again:
        raise InputError(f"two maps are of epoch {again[0]!r}; tell them apart with --epochs.")
    return found


@contextmanager
def reader_on(classes: ClassMap, grid: GeoBox) -> Iterator[Read]:
    """Read a class map on a grid: on a coarser one by the most frequent class, else by that at the cell's centre.

    A cell of which less than half was observed is unobserved.

    Raises:
        InputError: If the map lies on a turned grid.
    """
    if same_grid(classes.grid, grid):
        yield classes.read
        return
    check_grid(classes.grid, str(classes.path))
    raster = Raster(classes.path)
    try:
        yield partial(_resampled, Layer(raster, (CODES,), (1,), 0, Alignment(raster.grid, grid)), classes)
    finally:
        raster.close()


def coarsest(maps: Sequence[ClassMap]) -> ClassMap:
    """The map with the largest cell in its middle; of equal ones the first."""
    return max(maps, key=lambda each: float(cell_areas(_middle(each.grid))[0, 0]))


def _reader(classes: ClassMap, grid: GeoBox, target: Target | None, stack: ExitStack) -> Read:
    if target is None and not same_grid(classes.grid, grid):
        raise InputError(f"{classes.path}: lies on another grid than the first map; bring them to one with --resample.")
    return stack.enter_context(reader_on(classes, grid))


def _resampled(layer: Layer, classes: ClassMap, rows: slice, columns: slice) -> NDArray[np.uint8]:
    values, observed = layer.at(part(layer.alignment.target, rows, columns))
    return classes.checked(np.where(observed, values[0], UNOBSERVED).astype(np.uint8))


def _middle(grid: GeoBox) -> GeoBox:
    row, column = (size // 2 for size in grid.shape)
    return part(grid, slice(row, row + 1), slice(column, column + 1))
