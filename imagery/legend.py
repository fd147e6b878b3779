"""The classes of a map: ids, names, colours, roles and resilience scores."""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator

from pitscape.imagery.errors import InputError
from pitscape.imagery.settings import load_named

UNOBSERVED = 255
"""Class id of pixels without a class: unlabelled in masks, unobserved in maps."""

DENIALS = re.compile(r"\b(exclud\w*|except\w*|excl|without|no|not|nor|never|neither)\b")
"""Words by which a note says that a class leaves something out."""

Role = Literal["mined", "occupied", "vegetated", "water"]


class LandClass(BaseModel):
    """One class of land.

    Attributes:
        id: The network's output channel and the value in class maps, 0 to 254.
        name: What people call it.
        colour: Hexadecimal RGB, for maps and charts.
        role: Which of the paper's four land classes it belongs to (Dong et al. 2025).
        score: Resilience score S_i of equation (3), 0 to 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: int = Field(ge=0, lt=UNOBSERVED)
    name: str = Field(min_length=1)
    colour: str = Field(pattern=r"^#[0-9a-fA-F]{6}$")
    role: Role
    score: float = Field(ge=0, le=1)

    @property
    def rgb(self) -> tuple[int, int, int]:
        """Red, green and blue, 0 to 255."""
        return int(self.colour[1:3], 16), int(self.colour[3:5], 16), int(self.colour[5:7], 16)


class Legend(BaseModel):
    """The classes of a map in order of id, with notes that every report repeats.

    Attributes:
        classes: Ids count from 0 without gaps; names are unique.
        notes: For example "mined includes dumps": then reports say *disturbed* for *excavated*.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    classes: tuple[LandClass, ...] = Field(min_length=2)
    notes: tuple[str, ...] = ()

    @field_validator("classes")
    @classmethod
    def _ids_count_from_zero(cls, classes: tuple[LandClass, ...]) -> tuple[LandClass, ...]:
        if [c.id for c in classes] != list(range(len(classes))):
            raise ValueError("class ids must be 0, 1, 2 ... in order")
        if len({c.name for c in classes}) != len(classes):
            raise ValueError("class names must differ from one another")
        return classes

    def __len__(self) -> int:
        """The number of classes."""
        return len(self.classes)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names in order of id."""
        return tuple(c.name for c in self.classes)

    def id_of(self, name: str) -> int:
        """The id of a class by its name.

        Raises:
            InputError: If no class has this name.
        """
        if name not in self.names:
            raise InputError(f"unknown class {name!r}; this legend has {', '.join(self.names)}.")
        return self.names.index(name)

    def land(self, name: str) -> str:
        """What the land of a class is called: mined land by ``mined_word``, other land by its name.

        Raises:
            InputError: If no class has this name.
        """
        return mined_word(self.notes) if self.classes[self.id_of(name)].role == "mined" else name

    def crosswalk(self, names: Mapping[int, str]) -> NDArray[np.uint8]:
        """A table from the codes of a label raster to class ids.

        Args:
            names: Class name by code, 0 to 255. "ignore" stands for no class.

        Returns:
            Shape (256,): the class id per code, 255 for "ignore" and for codes that are not named.

        Raises:
            InputError: If a name is not in the legend or a code does not fit one byte.
        """
        table = np.full(256, UNOBSERVED, np.uint8)
        for code, name in names.items():
            if not 0 <= code < len(table):
                raise InputError(f"label code {code} in the crosswalk: codes are 0 to 255.")
            table[code] = UNOBSERVED if name == "ignore" else self.id_of(name)
        return table


def mined_word(notes: Iterable[str]) -> str:
    """What mined land is called: *disturbed* where notes of the legend say that it includes dumps, else *excavated*.

    A clause that speaks of dumps says so, unless it denies it with one of ``DENIALS``.

    >>> mined_word(["mined includes dumps"]), mined_word(["mined: pits, without dumps"]), mined_word([])
    ('disturbed', 'excavated', 'excavated')
    """
    clauses = [clause for note in notes for clause in re.split(r"[.,:;()]", note.lower())]
    return "disturbed" if any("dump" in each and not DENIALS.search(each) for each in clauses) else "excavated"


def load_legend(name: str | Path = "four_class") -> Legend:
    """A legend that comes with pitscape, by name, or a user's own YAML file, by path.

    Raises:
        InputError: If there is no such legend, or the file is not a valid one.
    """
    return load_named("legend", "pitscape.imagery.legends", name, Legend)
