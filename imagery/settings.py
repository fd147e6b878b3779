"""YAML files read into checked values; wrong ones answered in one line."""

import os
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from pitscape.imagery.errors import InputError
from pitscape.imagery.remote.name import collapsed, without_secrets

Model = TypeVar("Model", bound=BaseModel)


def load_settings(path: Path, model: type[Model]) -> Model:
    """Read a YAML file into a pydantic model.

    Args:
        path: The file.
        model: What it must hold; unknown keys are refused where the model forbids extras.

    Returns:
        The checked value.

    Raises:
        InputError: With the file, the key, the value and what is wrong, in one line.
    """
    return checked(read_yaml(path), model, path)


def load_named(kind: str, package: str, name: str | Path, model: type[Model]) -> Model:
    """A value that comes with pitscape, by its name, or a user's own YAML file, by its path.

    Args:
        kind: "legend" or "sensor", for messages.
        package: Holds a file ``NAME.yaml`` for each that comes with pitscape.
        name: Name or path.
        model: What the file must hold.

    Raises:
        InputError: If there is no such name, or the file is not a valid one.
    """
    path = Path(name)
    if collapsed(path):
        raise InputError(f"{without_secrets(str(path))}: a {kind} is read from the local disk; copy it first.")
    if path.suffix in {".yaml", ".yml"}:
        return load_settings(path, model)
    folder = files(package)
    known = sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    if str(name) not in known:
        raise InputError(f"unknown {kind} {str(name)!r}; give {' or '.join(known)}, or the path of a YAML file.")
    return load_settings(Path(str(folder / f"{name}.yaml")), model)


def checked(content: Any, model: type[Model], source: Path | str) -> Model:  # noqa: ANN401 - it is what is checked
    """Turn plain content into a pydantic model, or say in one line what is wrong with it.

    Raises:
        InputError: If ``content`` does not fit.
    """
    if not isinstance(content, dict):
        raise InputError(f"{source}: holds no keys; it must be a YAML file of {model.__name__}.")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{source}: {_first_problem(error)}") from error


def read_yaml(path: Path) -> Any:  # noqa: ANN401 - whatever YAML can hold
    """The plain content of a YAML file.

    Raises:
        InputError: If it does not exist, or is not YAML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a YAML file; check the path.") from error
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        line = f", line {place.line + 1}" if place else ""
        raise InputError(f"{path}{line}: is not valid YAML ({getattr(error, 'problem', None) or error}).") from error


def expand_path(text: str | Path, base: Path) -> Path:
    """A path from a settings file: environment variables replaced, relative to the folder ``base``.

    Raises:
        InputError: If a variable in it is not set, or it is remote.
    """
    if collapsed(Path(text)):
        raise InputError(f"{without_secrets(str(text))}: settings name files of the local disk; copy it first.")
    expanded = os.path.expandvars(str(text))
    if "$" in expanded:
        raise InputError(f"{text}: names an environment variable that is not set; set it to the folder of the data.")
    return base / Path(expanded).expanduser()


def _first_problem(error: ValidationError) -> str:
    """The first of a validation's problems as a sentence."""
    problem = error.errors()[0]
    where = ".".join(str(part) for part in problem["loc"]) or "the file"
    if problem["type"] == "extra_forbidden":
        return f"unknown key {where!r}; remove it or check its spelling."
    message = problem["msg"].removeprefix("Value error, ")
    value = "" if problem["type"] == "missing" else f" (got {str(problem['input'])[:80]!r})"
    more = f" And {len(error.errors()) - 1} more." if len(error.errors()) > 1 else ""
    return f"{where}: {message[0].lower()}{message[1:].rstrip('.')}{value}.{more}"
