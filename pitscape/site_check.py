"""The verb ``check``: a site file with every problem and its line, and what a run of it would do."""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pydantic import ValidationError

from pitscape.ground import check_records
from pitscape.imagery.class_map import open_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import grid_of
from pitscape.imagery.raster import open_raster
from pitscape.imagery.settings import expand_path, read_yaml
from pitscape.inference.predictor import OnnxPredictor
from pitscape.progress import say
from pitscape.site_files import Location, load_site, named_files
from pitscape.site_settings import SiteSettings
from pitscape.table_site import with_epochs


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
        for each in error.errors():
            yield _sentence(path, root, each["loc"], each["msg"], each["type"], each["input"])
        return
    missing = [*_missing(path, root, settings)]
    yield from missing
    if missing:
        return
    try:
        loaded = load_site(path)
        check_records(loaded if loaded.has_maps else with_epochs(loaded, path), path)
    except InputError as error:
        yield str(error)
    yield from _unreadable(path, root, load_site(path))


def plan_of(path: Path) -> Iterator[str]:
    """What a run of a valid site file does, how large it is, and about how long its maps take here.

    Raises:
        InputError: If the model cannot be read.
    """
    settings = load_site(path)
    if not settings.has_maps:
        epochs = with_epochs(settings, path).epochs
        yield f"{path}: {settings.site}, a site of tables with {len(epochs)} epochs."
        return
    yield f"{path}: {settings.site}, {len(settings.epochs)} epochs on maps."
    images = [Path(each.image) for each in settings.epochs if each.image and not each.classes]
    pixels = 0
    for image in images:
        with open_raster(image) as dataset:
            height, width = dataset.shape
        pixels += height * width
        yield f"  map {image.name}: {width} x {height} pixels"
    if settings.model and images:
        speed = pixels_per_second(OnnxPredictor(Path(settings.model)))
        yield f"  {pixels / 1e6:.2f} million pixels at {speed / 1e3:.0f} thousand a second on one core: about {_time(pixels / speed)}"
    for each in settings.epochs:
        if each.classes:
            yield f"  ready map {Path(each.classes).name}"


def pixels_per_second(predictor: OnnxPredictor) -> float:
    """Throughput of a model on one of its tiles, one thread, measured after a first call."""
    card = predictor.card
    tile = np.ones((1, len(card.bands), card.tile, card.tile), np.float32)
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


def _sentence(path: Path, root: yaml.Node, location: Location, message: str, kind: str, given: Any) -> str:  # noqa: ANN401, PLR0917 - parts of a problem
    where = ".".join(map(str, location)) or "the file"
    start = f"{path}, line {line_of(root, location)}:"
    if kind == "extra_forbidden":
        return f"{start} unknown key {where!r}; remove it or check its spelling."
    text = " ".join(message.removeprefix("Value error, ").split()).rstrip(".")
    value = "" if kind == "missing" or not location or isinstance(given, dict | list) else f" (got {str(given)[:80]!r})"
    return f"{start} {where}: {text[0].lower()}{text[1:]}{value}."


def _missing(path: Path, root: yaml.Node, settings: SiteSettings) -> Iterator[str]:
    for location, text in named_files(settings):
        start = f"{path}, line {line_of(root, location)}: {'.'.join(map(str, location))}:"
        try:
            found = expand_path(text, path.parent)
        except InputError as error:
            yield f"{start} {error}"
            continue
        if not found.exists():
            yield f"{start} {found} does not exist. Check the path."


def _unreadable(path: Path, root: yaml.Node, settings: SiteSettings) -> Iterator[str]:
    """Rasters that cannot be opened, and a model that is none."""
    if settings.model:
        try:
            OnnxPredictor(Path(settings.model))
        except InputError as error:
            yield f"{path}, line {line_of(root, ('model',))}: model: {error}"
    for place, epoch in enumerate(settings.epochs):
        for key in ("image", "mask", "classes", "reference"):
            file = getattr(epoch, key)
            if not file or Path(file).is_dir():
                continue
            try:
                if key in {"classes", "reference"} and not (settings.legend or settings.crosswalk):
                    with open_class_map(Path(file)):
                        continue
                with open_raster(Path(file)) as dataset:
                    grid_of(dataset)
            except InputError as error:
                yield f"{path}, line {line_of(root, ('epochs', place, key))}: epochs.{place}.{key}: {error}"


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
