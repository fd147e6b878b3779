"""One site, from its file to ``site.json`` and the report."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pitscape.adjusted_areas import adjusted_areas
from pitscape.course import course
from pitscape.epoch_images import mapped_epochs
from pitscape.epoch_mapping import made_maps, own_maps
from pitscape.flags import flags
from pitscape.image_check import image_problems
from pitscape.imagery.outputs import keep_inputs, make_folder, sha256_of, write_json
from pitscape.inference.lock import holding
from pitscape.integrity import integrity
from pitscape.kept_measures import kept
from pitscape.map_site import OUTPUTS, STEPS_ON_MAPS, map_hash, measure_maps
from pitscape.measured_site import MeasuredSite
from pitscape.models.shipped import CAVEAT, shipped_model
from pitscape.observed_epochs import observation_flags
from pitscape.plain import plain
from pitscape.record import names_of
from pitscape.resilience.mines import MINES
from pitscape.resilience.national import national_area
from pitscape.run_catalogue import CATALOGUE, ITEMS, write_catalogue
from pitscape.sensitivity import variants, what_moved_e
from pitscape.site_files import content_with_hashes, inputs_of, is_own, load_site
from pitscape.site_influence import flags_of
from pitscape.site_records import check_records
from pitscape.site_settings import SiteSettings
from pitscape.site_tables import FOLDER as TABLES
from pitscape.site_tables import write_tables
from pitscape.step_memory import FOLDER, LOG, StepMemory
from pitscape.table_site import measure_tables, with_epochs
from pitscape.uncertainty import uncertainty

Say = Callable[[str], None]
"""Told in one line what is being done."""

PAGES = ("site.json", "report.html", CATALOGUE)

PATHS = {"affected", "epochs", "model", "climate", "production", "ecosystems", "tables", "zones", "legend"}
"""Settings that name files, which stand in the provenance by name and hash."""


ASIDE = {"title", "notes", "language", "polygons", "confidence", "uncertainty", "production", "mine", "affected"}
"""Settings that decide neither integrity nor sensitivity."""

STEPS = ("integrity", "sensitivity", "uncertainty", "course", "report")
"""Steps of every site."""


def report_site(
    path: Path,
    out: Path,
    *,
    language: str | None = None,
    say: Say = lambda _: None,
    progress: Callable[[float, float], None] = lambda _done, _total: None,
    force: bool = False,
    threads: int | None = None,
) -> Path:
    """Run a site and write ``site.json``, its tables and catalogue, and the report, which stays where nothing of it changed.

    Args:
        path: The site file.
        out: The folder.
        language: Of the report; the site file's by default.
        say: Told what is being done.
        progress: Told of steps done and steps in all.
        force: Do every step again.
        threads: At work on its scenes; None: all cores.

    Returns:
        The report.

    Raises:
        InputError: If the site file or one of its inputs does not fit, there is no such language, or another process runs
            into the same folder.
        PitscapeError: If a step fails.
    """
    settings = checked_site(path, out)
    with holding(out / FOLDER):
        steps = (len(made_maps(settings)) + len(STEPS_ON_MAPS) if settings.has_maps else 0) + len(STEPS)
        memory = StepMemory(
            make_folder(out),
            say=say,
            force=force,
            progress=progress,
            steps=steps,
            inputs=[path, *inputs_of(settings)],
            threads=threads,
        )
        return _reported(settings, path, memory, language or settings.language)


def _reported(settings: SiteSettings, path: Path, memory: StepMemory, language: str) -> Path:
    out = memory.out
    saved = save_site(_found(settings, path, memory), out)
    given = content_with_hashes(settings, memory.hashes.of)
    shown = {key: given[key] for key in ("epochs", "model", "sensor")}
    memory.step(
        "report",
        {"site": sha256_of(saved), "language": language, "shown": shown},
        lambda: _report(out, path, language),
        outputs=[out / "report.html", out / "outlines.svg"],
    )
    memory.forget_others()
    write_catalogue(out, site_file=path)
    return out / "report.html"


def _report(out: Path, path: Path, language: str) -> str:
    from pitscape.report import write_report

    return write_report(out, site_file=path, language=language).name


def run_site(path: Path, out: Path, *, say: Say = lambda _: None, force: bool = False) -> dict[str, Any]:
    """Map every epoch of a site and measure it; class maps, extents and areas go to a folder.

    Each step is done where what it is made of has changed since the folder's last run.

    Args:
        path: The site file.
        out: The folder.
        say: Told what is being done.
        force: Do every step again.

    Returns:
        The content of ``site.json`` for ``save_site``, with NaN for what is not known.

    Raises:
        InputError: If the site file or one of its inputs does not fit.
        PitscapeError: If a step fails.
    """
    settings = checked_site(path, out)
    memory = StepMemory(make_folder(out), say=say, force=force, inputs=[path, *inputs_of(settings)])
    return _found(settings, path, memory)


def checked_site(path: Path, out: Path) -> SiteSettings:
    """A site file whose records and images can be read, and whose results take the place of no input.

    Raises:
        InputError: If not.
    """
    settings = load_site(path)
    if not settings.has_maps:
        settings = with_epochs(settings, path)
    check_records(settings, path)
    for _, problem in image_problems(settings):
        raise problem
    names = [*(OUTPUTS if settings.has_maps else ()), *PAGES, LOG]
    inputs = inputs_of(settings)
    own = {(out / name).resolve() for name in (TABLES, ITEMS)}
    within = [each for each in (path, *inputs) if each.parent.resolve() in own]
    windows = [out / "resilience" / f"{epoch.name}.tif" for epoch in settings.epochs if settings.window_m]
    keep_inputs([*own_maps(settings, out), *windows, *(out / name for name in names), *within], [path, *inputs])
    return settings


def _found(settings: SiteSettings, path: Path, memory: StepMemory) -> dict[str, Any]:
    inputs = inputs_of(settings)
    found = measure_maps(settings, path, memory) if settings.has_maps else _measure_tables(settings, path)
    digests = [*map(memory.hashes.of, inputs), sha256_of(path)]
    site = {
        "schema": 1,
        "site": {
            "name": settings.site,
            "title": settings.title or settings.site,
            "notes": _notes(settings, found.notes),
        },
        **found.content,
        **_assessed(found, memory),
        "national": _national(),
        "provenance": {
            "site_file": path.name,
            "inputs_sha256": dict(zip(names_of([*inputs, path]), digests, strict=True)),
            "settings": settings.model_dump(exclude=PATHS | ({"sensor"} if is_own(settings.sensor) else set())),
            "maps": list(found.made_of),
            "versions": {"pitscape": version("pitscape")},
        },
    }
    memory.hashes.save()
    return site


def _assessed(found: MeasuredSite, memory: StepMemory) -> dict[str, Any]:
    """What follows from the measures of all epochs."""
    measures, frame, settings = found.measures, found.frame, found.frame.settings
    given = content_with_hashes(settings, memory.hashes.of)
    known = {"measures": kept(measures), "settings": {key: given[key] for key in given if key not in ASIDE}}
    standing = memory.step("integrity", known, lambda: integrity(measures, frame))
    sensitivity = memory.step(
        "sensitivity",
        known,
        lambda: {"what_moved_e": what_moved_e(measures, frame), "sensitivity": variants(measures, frame)},
    )
    drawn = known | {"options": given["uncertainty"], "mine": given["mine"]}
    spread = memory.step("uncertainty", drawn, lambda: uncertainty(measures, frame))
    of_course = memory.step(
        "course",
        {
            "mine": given["mine"],
            "production": given["production"],
            "integrity": standing,
            "epochs": found.content["epochs"],
            "maps": {name: map_hash(each, memory) for name, each in found.maps.items()},
        },
        lambda: course(
            settings.mine,
            settings.production,
            epochs=found.content["epochs"],
            integrity=standing,
            classes=found.maps,
        ),
    )
    return {
        "adjusted_areas": adjusted_areas(measures, frame, found.content),
        "landscape": [{"epoch": m.epoch} | m.landscape for m in measures],
        "resilience": [{"epoch": m.epoch, "shares": m.shares} | m.resilience for m in measures],
        **sensitivity,
        "vegetation": [{"epoch": m.epoch} | asdict(m.vegetation) for m in measures],
        "ndvi_months": [
            {"epoch": m.epoch, "months": frame.seasons[m.year].months} for m in measures if m.year in frame.seasons
        ],
        "npp": [{"epoch": m.epoch} | asdict(m.npp) for m in measures],
        "et": [{"epoch": m.epoch} | asdict(m.et) for m in measures],
        "water": [{"epoch": m.epoch} | m.water | {"q_mm": m.q} for m in measures],
        "integrity": standing,
        "uncertainty": spread,
        "flags": [
            *observation_flags(found.content, settings),
            *flags(measures, frame, standing, found.content["areas"]),
            *flags_of(found.content["affected"]),
        ],
        **of_course,
    }


def _measure_tables(settings: SiteSettings, path: Path) -> MeasuredSite:
    measures, frame, content = measure_tables(settings, path)
    return MeasuredSite(
        measures, frame, content | {"growth": None, "affected": None, "zones": [], "resilience_maps": []}
    )


def save_site(site: dict[str, Any], out: Path) -> Path:
    """Write ``site.json``, in which what is not known becomes null, and its lists as tables."""
    path, content = out / "site.json", plain(site)
    write_json(path, content)
    write_tables(content, out)
    return path


def _national() -> dict[str, Any]:
    """The paper's national figure: of its five mines, not of this site."""
    found = national_area([mine.affected_km2 for mine in MINES])
    return {"of": "the five mines of Dong et al. (2025), not of this site"} | asdict(found)


def _notes(settings: SiteSettings, of_legend: Sequence[str]) -> list[str]:
    shipped = any(settings.model_of(epoch) == shipped_model() for _, epoch in mapped_epochs(settings))
    further = [*of_legend, *([f"{shipped_model().stem}: {CAVEAT}"] if shipped else [])]
    return [*settings.notes, *(note for note in further if note not in settings.notes)]
