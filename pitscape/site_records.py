"""What a site file names beside its maps, checked before anything runs: models, tables, rasters."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeAlias

from pitscape.adjusted import load_adjusted
from pitscape.ecosystem_types import EcosystemTypes, types_of_table
from pitscape.epoch_images import check_model, mapped_epochs
from pitscape.epoch_settings import Epoch
from pitscape.frame import Frame, read_climate
from pitscape.imagery.errors import InputError
from pitscape.imagery.raster import open_raster
from pitscape.imagery.sensor import load_sensor
from pitscape.life_cycles import COLUMN
from pitscape.resilience.elasticity import TYPE_SCORES
from pitscape.resilience.water import FOUR_CLASS_RUNOFF
from pitscape.series import read_series
from pitscape.site_files import Location
from pitscape.site_settings import SiteSettings
from pitscape.table_settings import Tables
from pitscape.tables import read_index, read_years
from pitscape.vegetation_index import check_index_file

Check: TypeAlias = tuple[Location, Callable[[], object]]
"""Where a site file names something, and what raises an ``InputError`` if it is of no use."""

ROLES = {"mined", "occupied", "vegetated", "water"}


def check_records(settings: SiteSettings, source: Path) -> None:
    """Before any map is made: what a loaded site file names can be read and covers every epoch.

    Raises:
        InputError: The first problem.
    """
    for _, check in _checks(settings, source):
        check()


def record_problems(settings: SiteSettings, source: Path) -> Iterator[tuple[Location, InputError]]:
    """All problems of what a loaded site file names, the first one of each file, with where it is named."""
    for location, check in _checks(settings, source):
        try:
            check()
        except InputError as error:
            yield location, error


def _checks(settings: SiteSettings, source: Path) -> Iterator[Check]:
    if settings.production:
        yield ("production",), partial(read_series, Path(settings.production), COLUMN)
    if settings.ecosystems:
        yield ("ecosystems",), partial(_check_types, settings, source)
    yield ("climate",), partial(_check_climate, settings, source)
    yield from _of_tables(settings.tables or Tables(), settings)
    for place, epoch in mapped_epochs(settings):
        yield ("epochs", place, "model") if epoch.model else ("model",), partial(check_model, epoch, settings)
    for place, epoch in enumerate(settings.epochs):
        for key, check in _of_epoch(epoch, settings):
            yield ("epochs", place, key), check
    yield ("runoff",), partial(_check_runoff, settings, source)


def _of_tables(tables: Tables, settings: SiteSettings) -> Iterator[Check]:
    if tables.ndvi:
        yield (
            ("tables", "ndvi"),
            partial(read_index, tables.ndvi, settings.growing_season, composite=settings.ndvi_composite),
        )
    if tables.npp:
        yield ("tables", "npp"), partial(read_years, tables.npp, "npp")
    if tables.et:
        yield ("tables", "et"), partial(read_years, tables.et, "et")


def _of_epoch(epoch: Epoch, settings: SiteSettings) -> Iterator[tuple[str, Callable[[], object]]]:
    if epoch.shares:
        yield "shares", partial(load_adjusted, Path(epoch.shares))
    for path in epoch.ndvi:
        yield "ndvi", partial(_check_index, Path(path), settings.sensor)
    for key, quantity in (("npp", epoch.npp), ("et", epoch.et)):
        if isinstance(quantity, str):
            yield key, partial(_check_raster, Path(quantity))


def _check_index(path: Path, sensor: str) -> None:
    check_index_file(path, load_sensor(sensor))


def _check_raster(path: Path) -> None:
    with open_raster(path):
        pass


def _check_types(settings: SiteSettings, source: Path) -> None:
    """Every type has a score."""
    assert settings.ecosystems is not None
    types = {*settings.ecosystems.types.values(), settings.ecosystems.otherwise}
    own = settings.scores if isinstance(settings.scores, dict) else {}
    if unknown := sorted(types - set(TYPE_SCORES.scores) - set(own)):
        raise InputError(
            f"{source}: ecosystems: no score for {', '.join(unknown)}; there are {', '.join(TYPE_SCORES.scores)}."
        )
    _check_raster(Path(settings.ecosystems.raster))


def _check_climate(settings: SiteSettings, source: Path) -> None:
    """The climate covers every epoch."""
    known = EcosystemTypes({}, {}, TYPE_SCORES, ()) if settings.has_maps else types_of_table(settings, source)
    frame = Frame(settings, source, known, read_climate(settings))
    for epoch in settings.epochs:
        frame.terms(epoch.year)


def _check_runoff(settings: SiteSettings, source: Path) -> None:
    """Where Q will be computed, each land class has a runoff coefficient, unless types have their own."""
    tabled = settings.tables and settings.tables.et
    has_et = tabled or settings.fallbacks.et or any(epoch.et is not None for epoch in settings.epochs)
    missing = sorted(ROLES - FOUR_CLASS_RUNOFF.keys() - settings.runoff.keys())
    if settings.climate and has_et and missing and settings.runoff.keys() <= ROLES:
        raise InputError(f"{source}: runoff: no coefficient for {', '.join(missing)}; give one between 0 and 1.")
