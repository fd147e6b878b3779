"""Areas of a simulated site against its truth."""

import json
from pathlib import Path
from typing import Any

import numpy as np


def excavated_areas(site: dict[str, Any]) -> list[dict[str, Any]]:
    """Mapped and true area of the mined class, for the epochs that have any."""
    mapped = {row["epoch"]: row for row in site["areas"] if row["class_id"] == 0}
    found = []
    for epoch in site["accuracy"]["epochs"]:
        row, truth = mapped[epoch["epoch"]], np.array(epoch["confusion"])[:, 0].sum()
        if truth:
            truth_km2 = row["area_km2"] / row["cells"] * truth if row["cells"] else 0.0
            error = 100 * (row["cells"] / truth - 1)
            found.append(
                {"epoch": row["epoch"], "area_km2": row["area_km2"], "truth_km2": truth_km2, "error_percent": error}
            )
    return found


def affected_areas(site: dict[str, Any], truth: Path) -> list[dict[str, Any]]:
    """Estimated and true area of the affected land, for the epochs after the first that have any."""
    true = [epoch["affected_km2"] for epoch in json.loads(truth.read_text(encoding="utf-8"))["epochs"]]
    return [
        {
            "epoch": row["epoch"],
            "area_km2": row["area_km2"],
            "truth_km2": km2,
            "error_percent": 100 * (row["area_km2"] / km2 - 1),
        }
        for row, km2 in zip(site["affected"]["epochs"], true[1:], strict=True)
        if km2
    ]
