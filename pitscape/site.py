"""One site, from its file to ``site.json`` and the report."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pitscape.epoch_mapping import made_maps, own_maps
from pitscape.image_check import image_problems
from pitscape.imagery.outputs import keep_inputs, make_folder, sha256_of, write_json
from pitscape.inference.lock import holding
from pitscape.map_site import OUTPUTS, STEPS_ON_MAPS
from pitscape.plain import plain
from pitscape.run_catalogue import CATALOGUE, ITEMS, write_catalogue
from pitscape.site_content import site_content
from pitscape.site_files import content_with_hashes, inputs_of, load_site
from pitscape.site_records import check_records
from pitscape.site_settings import SiteSettings
from pitscape.site_tables import FOLDER as TABLES
from pitscape.site_tables import write_tables
from pitscape.step_memory import FOLDER, LOG, StepMemory
from pitscape.table_site import with_epochs

Say = Callable[[str], None]
"""Told in one line what is being done."""

PAGES = ("site.json", "report.html", CATALOGUE)

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
    saved = save_site(site_content(settings, path, memory), out)
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
    return site_content(settings, path, memory)


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


def save_site(site: dict[str, Any], out: Path) -> Path:
    """Write ``site.json``, in which what is not known becomes null, and its lists as tables."""
    path, content = out / "site.json", plain(site)
    write_json(path, content)
    write_tables(content, out)
    return path
