"""The verb ``check``: a site file with every problem and its line, and what a run of it would do."""

import argparse
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pydantic import ValidationError

from pitscape.epoch_images import INDEX, index_from_image, mapped_epochs, optical_image
from pitscape.image_check import image_problems, mapped_shape
from pitscape.imagery.errors import InputError
from pitscape.imagery.settings import expand_path, read_yaml
from pitscape.inference.predictor import OnnxPredictor
from pitscape.models.shipped import CAVEAT, shipped_model
from pitscape.progress import say
from pitscape.site_files import Location, is_shipped, load_site, named_files
from pitscape.site_records import record_problems
from pitscape.site_settings import SiteSettings
from pitscape.table_site import with_epochs

KIND = re.compile(r"[A-Z]\w*|str|int|float|bool|.*\[.*")
"""Names of kinds of values in locations of pydantic."""


def run(arguments: argparse.Namespace) -> None:
    """``pitscape check``."""
    path: Path = arguments.site
    if problems := list(problems_of(path)):
        for problem in problems[:-1]:
            say(f"pitscape: {problem}")
        raise InputError(problems[-1])
    for line in plan_of(path):
        print(line)


def problems_of(path: Path) -> Iterator[str]:
    """What keeps a site file from being run, one line each with file, line, key and remedy.

    Args:
        path: The site file.

    Raises:
        InputError: If it cannot be read as YAML.
    """
    content = read_yaml(path)
    if not isinstance(content, dict):
        yield f"{path}: holds no keys; docs/site.md has the keys."
        return
    root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    assert root is not None
    try:
        settings = SiteSettings.model_validate(content)
    except ValidationError as error:
        errors = [(each, _in_file(each["loc"], content)) for each in error.errors()]
        within = [where for each, where in errors if len(where) < len(each["loc"])]
        for each, where in errors:
            kind = len(where) < len(each["loc"]) and any(other[: len(where)] == where != other for other in within)
            if not kind:  # else another of the kinds that a key takes fits better, and says more
                yield _sentence(path, root, where, each["msg"], each["type"], each["input"])
        return
    missing = [*_missing(path, root, settings)]
    yield from missing
    if missing:
        return
    try:
        loaded = load_site(path)
        loaded = loaded if loaded.has_maps else with_epochs(loaded, path)
    except InputError as error:
        yield str(error)
        return
    told: set[str] = set()
    for location, problem in [*record_problems(loaded, path), *image_problems(loaded)]:
        if (text := str(problem)) not in told:
            told.add(text)
            named = "" if text.startswith(f"{path}:") else f"{'.'.join(map(str, location))}: "
            yield f"{path}, line {line_of(root, location)}: {named}{text.removeprefix(f'{path}: ')}"


def plan_of(path: Path) -> Iterator[str]:
    """What a run of a valid site file does, how large it is, and about how long its maps take here.

    Raises:
        InputError: If a model or a scene cannot be read.
    """
    settings = load_site(path)
    if not settings.has_maps:
        epochs = with_epochs(settings, path).epochs
        yield f"{path}: {settings.site}, a site of tables with {len(epochs)} epochs."
        return
    yield f"{path}: {settings.site}, {len(settings.epochs)} epochs on maps."
    pixels: dict[Path, int] = {}
    for _, epoch in mapped_epochs(settings):
        model = settings.model_of(epoch)
        assert model is not None
        height, width = mapped_shape(epoch, settings)
        pixels[model] = pixels.get(model, 0) + height * width
        yield f"  map {epoch.name}, {Path(str(epoch.source)).name}: {width} x {height} pixels"
    for model, number in pixels.items():
        speed = pixels_per_second(OnnxPredictor(model))
        rate = f"{number / 1e6:.2f} million pixels at {speed / 1e3:.0f} thousand a second on one core"
        yield f"  {model.name}: {rate}: about {_time(number / speed)}"
        if model == shipped_model():
            yield f"  {model.name}: {CAVEAT}"
    for each in settings.epochs:
        if each.classes:
            yield f"  ready map {Path(each.classes).name}"
    for each in settings.epochs:
        if index_from_image(each, settings) and optical_image(each, settings, INDEX) is None:
            yield f"  {each.name}: no NDVI, its image has no red and near infrared; give ndvi of the epoch, or tables.ndvi"


def pixels_per_second(predictor: OnnxPredictor) -> float:
    """Throughput of a model on one of its tiles, one thread, measured after a first call."""
    card = predictor.card
    tile = np.ones((1, card.channels, card.tile, card.tile), np.float32)
    predictor.probabilities(tile)
    begun = time.perf_counter()
    predictor.probabilities(tile)
    return card.tile**2 / (time.perf_counter() - begun)


def line_of(root: yaml.Node, location: Location) -> int:
    """Line, from 1, of what a location of keys and places leads to in a YAML document; of the last that is there."""
    node, line = root, root.start_mark.line
    for step in location:
        found: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(step):
                    found, line = value, key.start_mark.line
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            found = node.value[step]
            line = found.start_mark.line
        if found is None:
            continue
        node = found
    return line + 1


def _in_file(location: Location, content: Any) -> Location:  # noqa: ANN401 - of YAML
    """A location without the kinds of values that pydantic puts into it where a key takes several.

    >>> _in_file(("climate", "ClimateTable", "tabel"), {"climate": {"tabel": "a.csv"}})
    ('climate', 'tabel')
    """
    found: list[int | str] = []
    for step in location:
        there = step in content if isinstance(content, dict) else isinstance(content, list) and isinstance(step, int)
        if there or not KIND.fullmatch(str(step)):
            found.append(step)
            content = content[step] if there and (isinstance(content, dict) or len(content) > int(step)) else None
    return tuple(found)


def _sentence(path: Path, root: yaml.Node, location: Location, message: str, kind: str, given: Any) -> str:  # noqa: ANN401, PLR0917 - parts of a problem
    where = ".".join(map(str, location)) or "the file"
    start = f"{path}, line {line_of(root, location)}:"
    if kind == "extra_forbidden":
        return f"{start} unknown key {where!r}; remove it or check its spelling."
    plain = re.sub(r" or instance of \w+", "", message.removeprefix("Value error, "))
    text = " ".join(plain.split()).rstrip(".")
    value = "" if kind == "missing" or not location or isinstance(given, dict | list) else f" (got {str(given)[:80]!r})"
    return f"{start} {where}: {text[0].lower()}{text[1:]}{value}."


def _missing(path: Path, root: yaml.Node, settings: SiteSettings) -> Iterator[str]:
    for location, text in named_files(settings):
        if is_shipped(location, text):
            continue
        start = f"{path}, line {line_of(root, location)}: {'.'.join(map(str, location))}:"
        try:
            found = expand_path(text, path.parent)
        except InputError as error:
            yield f"{start} {error}"
            continue
        if not found.exists():
            yield f"{start} {found} does not exist. Check the path."


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
