"""Site files read from disk: their paths found, and the files that they name."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

from pitscape.imagery.errors import InputError
from pitscape.imagery.settings import expand_path, load_settings
from pitscape.input_files import digest_of, files_with
from pitscape.models.shipped import shipped_model
from pitscape.site_settings import SiteSettings

Location: TypeAlias = tuple[int | str, ...]
"""Keys and places that lead to a value of the file."""


def load_site(path: Path) -> SiteSettings:
    """Read a site file; its paths become relative to it, environment variables in them are replaced.

    Raises:
        InputError: If it is no valid site file, or a file that it names does not exist.
    """
    settings = load_settings(path, SiteSettings)
    content = settings.model_dump()
    for holder, key, _ in _places(content):
        if isinstance(holder[key], str):
            holder[key] = str(_existing(path, key, holder[key]))
        elif isinstance(holder[key], tuple):
            holder[key] = tuple(str(_existing(path, key, each)) for each in holder[key])
    return SiteSettings.model_validate(content)


def inputs_of(settings: SiteSettings) -> list[Path]:
    """All files that a loaded site reads, each once, with those that belong to them."""
    content = settings.model_dump()
    found: list[str] = []
    for holder, key, _ in _places(content):
        value = holder[key]
        found += [value] if isinstance(value, str) else value if isinstance(value, tuple) else []
    return list(dict.fromkeys(each for path in found for each in files_with(Path(path))))


def content_with_hashes(settings: SiteSettings, hash_of: Callable[[Path], str]) -> dict[str, Any]:
    """The content of a loaded site file with name and hash of each file, and of what belongs to it, instead of its path."""
    content = settings.model_dump()
    for holder, key, _ in _places(content):
        value = holder[key]
        paths = [value] if isinstance(value, str) else value if isinstance(value, tuple) else None
        if paths is not None:
            holder[key] = [[Path(each).name, digest_of(Path(each), hash_of)] for each in paths]
    return content


def named_files(settings: SiteSettings) -> list[tuple[Location, str]]:
    """Where a site file names files, and what it names there."""
    found: list[tuple[Location, str]] = []
    for holder, key, place in _places(settings.model_dump()):
        value = holder[key]
        texts = [value] if isinstance(value, str) else value if isinstance(value, tuple) else []
        found += [((*place, key), text) for text in texts]
    return found


def is_own(name: str | None) -> bool:
    """Whether the name of a sensor or legend is that of a user's own file, as ``load_named`` takes it."""
    return name is not None and Path(name).suffix in {".yaml", ".yml"}


def _places(content: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str, Location]]:
    """Where the content of a site file holds paths: the holder, its key, and the holder's location."""
    for key in ("model", "production", "zones"):
        yield content, key, ()
    for key in ("sensor", "legend"):
        if is_own(content[key]):
            yield content, key, ()
    if isinstance(content["climate"], str):
        yield content, "climate", ()
    elif content["climate"]:
        yield content["climate"], "table", ("climate",)
    if content["ecosystems"]:
        yield content["ecosystems"], "raster", ("ecosystems",)
    if content["affected"]:
        yield content["affected"], "polygons", ("affected",)
        if content["affected"]["influence"]:
            for key in ("dem", "barriers"):
                yield content["affected"]["influence"], key, ("affected", "influence")
    yield from _tables_and_epochs(content)


def _tables_and_epochs(content: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str, Location]]:
    for name, table in (content["tables"] or {}).items():
        if table:
            yield table, "table", ("tables", name)
    for number, epoch in enumerate(content["epochs"]):
        for sensor in epoch["images"]:
            yield epoch["images"], sensor, ("epochs", number, "images")
        for key in ("image", "model", "mask", "classes", "reference", "shares", "ndvi", "npp", "et"):
            yield epoch, key, ("epochs", number)


def is_shipped(location: Location, text: str) -> bool:
    """Whether a model of a site file is the one that comes with the package, by its name."""
    return location[-1] == "model" and text == shipped_model().stem


def _existing(site: Path, key: str, text: str) -> Path:
    if is_shipped((key,), text):
        return shipped_model()
    try:
        found = expand_path(text, site.parent)
    except InputError as error:
        raise InputError(f"{site}: {key}: {error}") from error
    if not found.exists():
        hint = (
            " Make it with pitscape fit and pitscape export, or say day_one." if key == "model" else " Check the path."
        )
        raise InputError(f"{site}: {key}: {found} does not exist.{hint}")
    return found
