"""The tables of a site's report: their columns, and rows that need more than the template can say."""

from collections.abc import Sequence
from typing import Any

from pitscape.resilience_charts import INPUTS, OUTPUTS

RESILIENCE_COLUMNS = {
    "h_bits": "H [bits]",
    "ndvi": "NDVI",
    "weighted_score": "Σ P·S",
    "eco_res": "ECO_res",
    "c1": "C1",
    "c2": "C2",
    "mu": "μ",
    "e": "E",
}
MOST_COLUMNS = 6
INDICATOR_COLUMNS = {
    "shei": "SHEI",
    "mpfd": "MPFD",
    "contag": "CONTAG [%]",
    "connect": "CONNECT [%]",
    "npp": "NPP [kg C m⁻² a⁻¹]",
    "q": "Q [mm]",
    "e": "E",
}


def definitions(site: dict[str, Any]) -> dict[str, Any]:
    """Epochs and rows of the sensitivity table; of many epochs the baseline and the last one, the rest is drawn."""
    epochs = [epoch["name"] for epoch in site["epochs"]]
    if len(epochs) > MOST_COLUMNS:
        epochs = list(dict.fromkeys([site["integrity"]["baseline"], epochs[-1]]))
    rows = [
        {
            "title": f"H to the power {each['h_exponent']:g}, scores: {each['score_set']}",
            "values": [each["values"][epoch] for epoch in epochs],
            "change": each["change"],
        }
        for each in site["sensitivity"]
    ]
    return {"epochs": epochs, "rows": rows}


def contributors(site: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of the table of first-order shares at the last epoch [%]; outputs that do not vary are left out."""
    if not site["uncertainty"]:
        return []
    found = []
    for key, title in OUTPUTS.items():
        rows = site["uncertainty"]["series"].get(key)
        if rows and any(share is not None for share in rows[-1]["first_order"].values()):
            first = rows[-1]["first_order"].items()
            shares = {INPUTS[name]: 100 * min(max(share, 0.0), 1.0) for name, share in first}
            found.append({"title": title, "row": rows[-1], "shares": shares})
    return found


def known_columns(columns: dict[str, str], rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    """The columns in which some row has a value."""
    return {key: title for key, title in columns.items() if any(row.get(key) is not None for row in rows)}
