"""The sentence that says how wide an interval is, and what would narrow it."""

import math
from typing import Any

from pitscape.assessed_material import Material
from pitscape.inference.sample.accuracy import Accuracy, Estimate
from pitscape.inference.sample.clusters import ClusteredLand
from pitscape.inference.sample.planning import GOAL, Plan, plan_points


def narrowing(material: Material, found: Accuracy) -> list[dict[str, Any]]:
    """For the area of each class: its half width, and what would bring it down."""
    units, rows = material.units, []
    for j, each in enumerate(found.classes):
        if isinstance(units, ClusteredLand):
            blocks = len(units.labelled)
            plan = Plan("", math.ceil(blocks / GOAL**2 - blocks), GOAL)
        else:
            plan = plan_points(units, [j])
        rows.append({"area": each.name} | sentence(each.name, each.share.times(material.area_km2), plan))
    return rows


def sentence(what: str, area: Estimate, plan: Plan) -> dict[str, Any]:
    """A plan as a row of ``accuracy.json``.

    Args:
        what: Whose area.
        area: In km2.
        plan: What would narrow its interval; a plan without a stratum is of blocks.
    """
    half, then = area.half_width, area.half_width * plan.factor
    where = f"points in *{plan.stratum}*" if plan.stratum else "labelled blocks like these"
    if area.value > 0:
        now, later = (f"±{_percent(100 * width / area.value)} %" for width in (half, then))
    else:
        now, later = f"(at most {_km2(area.high)} km²)", f"at most {_km2(area.high * plan.factor)} km²"
    return {
        "half_width_km2": half,
        "stratum": plan.stratum or None,
        "more": plan.points,
        "expected_half_width_km2": then,
        "sentence": f"{what} {_km2(area.value)} km² {now}; {plan.points} more {where} would bring {later}",
    }


def _percent(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def _km2(value: float) -> str:
    return f"{value:.1f}" if value >= 10 else f"{value:.3g}"
