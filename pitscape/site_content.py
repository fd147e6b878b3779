"""What is found of a site: its maps and measures, integrity and course, and what they were made of."""

from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pitscape.adjusted_areas import adjusted_areas
from pitscape.course import course
from pitscape.epoch_images import mapped_epochs
from pitscape.flags import flags
from pitscape.imagery.outputs import sha256_of
from pitscape.integrity import integrity
from pitscape.kept_measures import kept
from pitscape.map_site import map_hash, measure_maps
from pitscape.measured_site import MeasuredSite
from pitscape.models.shipped import CAVEAT, shipped_model
from pitscape.observed_epochs import observation_flags
from pitscape.record import names_of
from pitscape.resilience.mines import MINES
from pitscape.resilience.national import national_area
from pitscape.sensitivity import variants, what_moved_e
from pitscape.site_files import content_with_hashes, inputs_of, is_own
from pitscape.site_influence import flags_of
from pitscape.site_settings import SiteSettings
from pitscape.step_memory import StepMemory
from pitscape.table_site import measure_tables
from pitscape.uncertainty import uncertainty

PATHS = {"affected", "epochs", "model", "climate", "production", "ecosystems", "tables", "zones", "legend"}
"""Settings that name files, which stand in the provenance by name and hash."""

ASIDE = {"title", "notes", "language", "polygons", "confidence", "uncertainty", "production", "mine", "affected"}
"""Settings that decide neither integrity nor sensitivity."""


def site_content(settings: SiteSettings, path: Path, memory: StepMemory) -> dict[str, Any]:
    """Map and measure a site, each step where what it is made of has changed.

    Args:
        settings: The site.
        path: Its file.
        memory: Of the steps of earlier runs.

    Returns:
        The content of ``site.json``, with NaN for what is not known.

    Raises:
        PitscapeError: If a step fails.
    """
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


def _national() -> dict[str, Any]:
    """The paper's national figure: of its five mines, not of this site."""
    found = national_area([mine.affected_km2 for mine in MINES])
    return {"of": "the five mines of Dong et al. (2025), not of this site"} | asdict(found)


def _notes(settings: SiteSettings, of_legend: Sequence[str]) -> list[str]:
    shipped = any(settings.model_of(epoch) == shipped_model() for _, epoch in mapped_epochs(settings))
    further = [*of_legend, *([f"{shipped_model().stem}: {CAVEAT}"] if shipped else [])]
    return [*settings.notes, *(note for note in further if note not in settings.notes)]
