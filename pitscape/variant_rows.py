"""Rows of variants in 8 bits in the table of ``pitscape parity``, which have a bound of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pitscape.imagery.errors import InputError
from pitscape.imagery.outputs import sha256_of
from pitscape.models.parity_cases import Parity, cases, compared
from pitscape.parity_routes import OnnxRoute


@dataclass(frozen=True)
class VariantRow:
    """How far a variant is from the network in float.

    Attributes:
        name: Of its file.
        found: On images of all types of numbers together.
        bound: How many percent of the pixels may change class.
    """

    name: str
    found: Parity
    bound: float

    @property
    def percent(self) -> float:
        """Pixels that change class [%]."""
        return 100 * self.found.other_classes / self.found.pixels

    @property
    def held(self) -> bool:
        """Whether it keeps to its bound."""
        return self.percent <= self.bound

    @property
    def content(self) -> dict[str, Any]:
        """For JSON."""
        own = {"way": self.name, "percent_other_classes": round(self.percent, 4), "bound_percent": self.bound}
        return own | vars(self.found) | {"held": self.held}


def variant_rows(reference: OnnxRoute, variants: Sequence[Path], model: Path, *, bound: float) -> list[VariantRow]:
    """Compare variants with the network in float.

    Args:
        reference: The network in float.
        variants: Files of ``pitscape export --int8``.
        model: The file of ``reference``.
        bound: How many percent of the pixels may change class.

    Raises:
        InputError: If a file is no variant of the model, or the bound is below 0.
    """
    if not bound >= 0:
        raise InputError(f"--variant-bound {bound}: must be at least 0.")
    ways = [open_variant(path, model) for path in variants]
    found = [Parity()] * len(ways)
    for _, stored in cases(reference.card, side=reference.side) if ways else ():
        expected = reference(stored)
        found = [sofar + compared(expected, way(stored)) for sofar, way in zip(found, ways, strict=True)]
    return [VariantRow(path.name, each, bound) for path, each in zip(variants, found, strict=True)]


def open_variant(path: Path, model: Path) -> OnnxRoute:
    """Open a variant of a model.

    Raises:
        InputError: If it is none in 8 bits, or of another model.
    """
    variant = OnnxRoute(path)
    made = variant.card.quantisation
    if made is None:
        raise InputError(f"--variant {path}: is in float; give the file that pitscape export --int8 wrote.")
    if made.float_sha256 != sha256_of(model):
        raise InputError(f"--variant {path}: was made of another file than {model}; export both together.")
    return variant
