"""What a run leaves of a site, as later verbs read it."""

from typing import Any


def finished_site(name: str, shift: float) -> dict[str, Any]:
    """Content of the ``site.json`` of a site with three points, whose numbers lie apart by ``shift``."""
    values = {"elastic": 0.9, "yield": 0.7, "mutation": 0.4}
    points = [
        {"name": key, "year": 2000.0, "low": 1999.0, "high": 2001.0, "thv": value + shift}
        | {"thv_low": value + shift - 0.01, "thv_high": value + shift + 0.01}
        for key, value in values.items()
    ]
    found = {"status": "found", "method": "breaks", "points": points}
    return {
        "site": {"name": name},
        "epochs": [{"name": "a", "year": 1990}, {"name": "b", "year": 2020}],
        "legend": [{"id": 0, "role": "mined"}, {"id": 1, "role": "vegetated"}],
        "areas": [{"epoch": "b", "zone": "all", "class_id": 0, "area_km2": 2.0 + shift}],
        "resilience": [
            {"epoch": "a", "e": 1.0, "coarse_legend": False},
            {"epoch": "b", "e": 2.0, "coarse_legend": True},
        ],
        "integrity": {"series": {"published": [{"epoch": "b", "eci": 0.3, "thv": 0.5 + shift}]}},
        "thresholds": {"published": found},
        "life_cycle": {
            "curve": None,
            "production": [{"year": 2019, "production_mt": 10.0 + 100 * shift}, {"year": 2020, "production_mt": None}],
            "accelerated_from": 1995.0,
            "stages": [{"year": 1990, "stage": "initial"}, {"year": 2020, "stage": "late stable"}],
        },
        "succession": {"disturbed_km2": 5.0 + 50 * shift},
        "mine": {"technology": "dragline"},
    }
