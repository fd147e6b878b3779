"""Steps of a run that remember what they found: a step is done again only where what it is made of has changed."""

import hashlib
import json
import traceback
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pitscape.file_hashes import FileHashes
from pitscape.imagery.class_map import names_file
from pitscape.imagery.errors import PitscapeError
from pitscape.imagery.outputs import make_folder, write_text

FOLDER = ".steps"
HASHES = f"{FOLDER}/files.json"
LOG = "run.log"


class StepMemory:
    """What the steps of earlier runs found, in a folder of results.

    Each step has a JSON with its key, its result and the SHA-256 of the files that it wrote. The JSON is written last:
    a step that was killed is done again.

    Args:
        out: The folder of results.
        say: Told which step is done.
        force: Do every step again.
        progress: Told of steps done and steps in all, with parts of the one under way.
        steps: How many there will be.
        inputs: Of the run: they are never removed.
        threads: Of a step's work on a scene; None: all cores.
    """

    def __init__(
        self,
        out: Path,
        *,
        say: Callable[[str], None] = lambda _: None,
        force: bool = False,
        progress: Callable[[float, float], None] = lambda _done, _total: None,
        steps: int = 0,
        inputs: Iterable[Path] = (),
        threads: int | None = None,
    ) -> None:
        self.threads = threads
        self.out, self.say, self.force, self.progress, self.steps = out, say, force, progress, steps
        self.passed = 0
        self.inputs = {path.resolve() for path in inputs}
        self.written: dict[str, set[str]] = {}
        self.folder = make_folder(out / FOLDER)
        self.hashes = FileHashes(out / HASHES)
        self.done: list[str] = []
        write_text(out / LOG, "")

    def step(
        self,
        name: str,
        made_of: Mapping[str, Any],
        work: Callable[[], Any],
        *,
        outputs: Sequence[Path] = (),
        stay: bool = False,
    ) -> Any:  # noqa: ANN401 - what JSON can hold
        """The result of a step, remembered or found now.

        Args:
            name: Of the step; one of a run each.
            made_of: What decides the result; files as their SHA-256.
            work: Does the step; its result is what JSON and NaN can hold.
            outputs: Files that it writes or leaves out, in the folder of results; those of an earlier run go before the
                work, and with them what the step wrote and no longer names.
            stay: Whether its outputs stay there until the work replaces them.

        Raises:
            PitscapeError: If the work fails; the message names the step.
        """
        key = key_of({"step": name, "version": version("pitscape")} | dict(made_of))
        kept = None if self.force else self._kept(name, key)
        if kept is not None:
            self.written[name] = set(kept["outputs"])
            self.log(f"{name}: kept")
            self._pass()
            return kept["result"]
        self.say(name)
        self.log(f"{name}: begun")
        named = {path.relative_to(self.out).as_posix() for path in outputs}
        self._remove_written(self._file(name), but=named)
        self.remove([] if stay else outputs)
        result = self._worked(name, work)
        written = {path.relative_to(self.out).as_posix(): self.hashes.of(path) for path in outputs if path.exists()}
        text = json.dumps({"key": key, "outputs": written, "result": result}, ensure_ascii=False)
        write_text(self._file(name), text)
        self.hashes.save()
        self.done.append(name)
        self.written[name] = set(written)
        self.log(f"{name}: done")
        self._pass()
        return json.loads(text)["result"]

    def remove(self, paths: Iterable[Path]) -> None:
        """Remove files that a run names in its folder, with what GDAL keeps beside rasters; inputs stay."""
        for path in paths:
            if path.resolve() in self.inputs:
                continue
            for each in (path, *([names_file(path)] if path.suffix == ".tif" else [])):
                each.unlink(missing_ok=True)
            if path.parent != self.out:
                with suppress(OSError):  # it is not there, or not empty
                    path.parent.rmdir()

    def forget_others(self) -> None:
        """Remove what steps wrote that this run, which is at its end, did not have."""
        files = {self._file(name) for name in self.written}
        here = {file for written in self.written.values() for file in written}
        for file in sorted(self.folder.glob("*.json")):
            if file not in files and file != self.hashes.store:
                self._remove_written(file, but=here)

    def _remove_written(self, file: Path, *, but: Collection[str]) -> None:
        """Remove the JSON of a step and the files that it wrote, as far as they are still as it wrote them."""
        try:
            written: dict[str, str] = dict(json.loads(file.read_text(encoding="utf-8"))["outputs"])
        except (OSError, ValueError, KeyError, TypeError):
            written = {}
        for name, digest in written.items():
            path = self.out / name
            within = path.resolve().is_relative_to(self.out.resolve())
            if name not in but and within and path.is_file() and self.hashes.of(path) == digest:
                self.remove([path])
        file.unlink(missing_ok=True)

    def within(self, done: int, total: int) -> None:
        """Progress of the step under way."""
        self.progress(self.passed + done / max(total, 1), max(self.steps, self.passed + 1))

    def _pass(self) -> None:
        self.passed += 1
        self.progress(self.passed, max(self.steps, self.passed))

    def log(self, line: str) -> None:
        """Add a line to the log of the run."""
        with (self.out / LOG).open("a", encoding="utf-8", newline="\n") as file:
            file.write(line + "\n")

    def _worked(self, name: str, work: Callable[[], Any]) -> Any:  # noqa: ANN401
        try:
            return work()
        except PitscapeError as error:
            self.log(f"{name}: failed: {error}")
            error.args = (f"{name}: {error}",)
            raise
        except Exception as error:
            self.log(f"{name}: failed\n{traceback.format_exc()}")
            problem = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            raise PitscapeError(
                f"{name}: failed ({problem}); {self.out / LOG} has more, earlier steps are kept."
            ) from error

    def _kept(self, name: str, key: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads(self._file(name).read_text(encoding="utf-8"))
            whole = found["key"] == key and "result" in found
            whole = whole and all(
                self.hashes.of(self.out / file) == digest for file, digest in found["outputs"].items()
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return found if whole else None

    def _file(self, name: str) -> Path:
        return self.folder / f"{quote(name)}.json"


def passed_steps(out: Path) -> tuple[int, int]:
    """How many steps the last run in a folder did, and how many it had from earlier runs."""
    lines = (out / LOG).read_text(encoding="utf-8").splitlines()
    done, kept = (sum(line.endswith(end) for line in lines) for end in (": done", ": kept"))
    return done, kept


def key_of(made_of: Mapping[str, Any]) -> str:
    """A hash over what a step is made of and its order, which is that of the epochs where keys are their names.

    >>> key_of({"2015": "a", "2024": "b"}) == key_of({"2024": "b", "2015": "a"})
    False
    """
    return hashlib.sha256(json.dumps(made_of, default=str).encode()).hexdigest()
