"""What a user says of a scene run."""

from dataclasses import dataclass, field, fields
from pathlib import Path

from pitscape.imagery.errors import InputError
from pitscape.imagery.reading import Reading
from pitscape.imagery.remote.path import relative_name
from pitscape.inference.layers import Layers
from pitscape.inference.plan import BLOCK_ROWS


@dataclass(frozen=True)
class Outputs:
    """Files of a run.

    Attributes:
        classes: The class map.
        probabilities: One band per class.
        confidence: Probability of the class that is mapped.
        entropy: Of the probabilities, over its maximum.
        valid: How much of the tiles that a pixel was seen in was observed.
        polygons: Class polygons, a GeoPackage.
    """

    classes: Path
    probabilities: Path | None = None
    confidence: Path | None = None
    entropy: Path | None = None
    valid: Path | None = None
    polygons: Path | None = None

    @property
    def layers(self) -> Layers:
        """Which layers they need."""
        return Layers(
            probabilities=self.probabilities is not None,
            confidence=self.confidence is not None,
            entropy=self.entropy is not None,
            valid=self.valid is not None,
        )

    @property
    def paths(self) -> dict[str, Path]:
        """The files that are wanted, by name.

        Raises:
            InputError: If two are the same.
        """
        named = {each.name: getattr(self, each.name) for each in fields(self)}
        wanted = {name: path for name, path in named.items() if path is not None}
        resolved = [path.resolve() for path in wanted.values()]
        for name, path in wanted.items():
            if resolved.count(path.resolve()) > 1:
                raise InputError(f"{path}: is named for {name} and another output; give each its own.")
        return wanted

    def relative(self) -> dict[str, str]:
        """The files relative to the folder of the class map, for a manifest that may be moved.

        Raises:
            InputError: If some lie on this machine and others in a store, or in several.
        """
        folder = self.classes.parent.resolve()
        return {name: relative_name(path.parent.resolve() / path.name, folder) for name, path in self.paths.items()}


@dataclass(frozen=True)
class RunOptions:
    """How a scene is mapped.

    Attributes:
        tile: Side of the square tiles [px]; by default the one with the least wasted overlap.
        overlap: Of neighbouring tiles [px]; the card's by default.
        tta: Whether predictions are averaged over the eight symmetries of the square.
        sieve_ha: Patches below this go to their largest neighbour in the class map [ha].
        simplify_m: Tolerance to which polygons are simplified, shared borders together [m]; 0 keeps the cells' outline.
        batch: Tiles that go through the network at once.
        threads: At work at the same time; None: all cores that may be used.
        memory_mb: Memory of the process [MB].
        block_rows: Rows of the blocks that are finished one by one.
        skip_failed: Leave tiles that cannot be read or predicted unobserved, and list them.
        reading: What the user says of the scene.
        resume: Go on with a run that was stopped, and leave a map that the same run has finished.
    """

    tile: int | None = None
    overlap: int | None = None
    tta: bool = False
    sieve_ha: float = 0.0
    simplify_m: float = 0.0
    batch: int = 1
    threads: int | None = None
    memory_mb: float = 1500.0
    block_rows: int = BLOCK_ROWS
    skip_failed: bool = False
    reading: Reading = field(default_factory=Reading)
    resume: bool = False

    def __post_init__(self) -> None:
        """Refuse numbers out of range."""
        for name, least in (("tile", 1), ("overlap", 0), ("batch", 1), ("threads", 1), ("block_rows", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise InputError(f"--{name.replace('_', '-')} {value}: must be at least {least}.")
        if not 0 < self.memory_mb < float("inf"):
            raise InputError(f"--memory {self.memory_mb:g}: give megabytes, for example 1500.")
        for name in ("sieve_ha", "simplify_m"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise InputError(f"--{name[: name.index('_')]} {getattr(self, name):g}: must be 0 or more.")
