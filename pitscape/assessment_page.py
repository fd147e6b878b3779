"""An assessment for people: a page in Markdown, and a table on the terminal."""

from collections.abc import Sequence
from typing import Any

Row = Sequence[str]

AREAS = ("class", "mapped km²", "adjusted km²", "95 % interval", "Wald ±", "mapped / adjusted")
ACCURACIES = ("class", "user's", "95 % interval", "producer's", "95 % interval", "F1")
CHANGES = ("class", "before km²", "after km²", "gain km²", "loss km²", "kept km²", "net km²")


def page(content: dict[str, Any]) -> str:
    """``accuracy.md``."""
    parts = ["# Accuracy and adjusted areas", _summary(content), "## Areas", _markdown(AREAS, _area_rows(content))]
    if changes := content.get("changes"):
        parts += ["## Gain and loss", "With 95 % intervals in brackets.", _markdown(CHANGES, _change_rows(changes))]
    parts += ["## What would narrow the intervals", _listed([row["sentence"] for row in content["planning"]])]
    parts += ["## Accuracies", _markdown(ACCURACIES, _accuracy_rows(content))]
    names = list(content["matrix"]["names"])
    head = ["mapped \\ reference", *names]
    parts += ["## Error matrix", "Counts:", _markdown(head, _matrix_rows(content["matrix"]["counts"], names, "{:d}"))]
    parts += ["Shares of the area:", _markdown(head, _matrix_rows(content["matrix"]["area_shares"], names, "{:.4f}"))]
    if strata := content["design"].get("strata"):
        rows = [(row["stratum"], _km2(row["area_km2"]), f"{row['weight']:.4f}", str(row["n"])) for row in strata]
        parts += ["## Strata", _markdown(("stratum", "km²", "weight", "points"), rows)]
    if content["notes"]:
        parts += ["## Notes", _listed(content["notes"])]
    return "\n\n".join(parts) + "\n"


def printed(content: dict[str, Any]) -> str:
    """The lines of a terminal."""
    parts = [_summary(content), _aligned(AREAS, _area_rows(content))]
    if changes := content.get("changes"):
        parts.append(_aligned(CHANGES, _change_rows(changes)))
    parts += [_aligned(ACCURACIES, _accuracy_rows(content)), "\n".join(row["sentence"] for row in content["planning"])]
    parts += ["\n".join(f"note: {note}" for note in content["notes"])] if content["notes"] else []
    return "\n\n".join(parts)


def _summary(content: dict[str, Any]) -> str:
    design, whole = content["design"], content["overall_accuracy"]
    units = (
        f"{design['points']} points" if design["units"] == "points" else f"{design['blocks']} blocks of labelled land"
    )
    wald = "" if whole["wald_half_width"] is None else f", Wald ±{whole['wald_half_width']:.3f}"
    return (
        f"{_km2(content['area_km2'])} km², {units}. "
        f"Overall accuracy {whole['value']:.3f} (95 % interval {whole['low']:.3f} to {whole['high']:.3f}{wald})."
    )


def _area_rows(content: dict[str, Any]) -> list[Row]:
    rows: list[Row] = []
    for each in _occurring(content):
        area = each["adjusted_km2"]
        ratio = _number(each["mapped_by_adjusted"], "{:.2f}")
        wald = "-" if area["wald_half_width"] is None else _km2(area["wald_half_width"])
        rows.append((each["name"], _km2(each["mapped_km2"]), _km2(area["value"]), _span(area, _km2), wald, ratio))
    return rows


def _accuracy_rows(content: dict[str, Any]) -> list[Row]:
    rows: list[Row] = []
    for each in _occurring(content):
        row = [each["name"]]
        for key in ("users_accuracy", "producers_accuracy"):
            row += [_number(each[key]["value"], "{:.3f}"), _span(each[key], "{:.3f}".format)]
        rows.append((*row, _number(each["f1"]["value"], "{:.3f}")))
    return rows


def _occurring(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Classes and transitions that are mapped or were seen."""
    return [each for each in content["classes"] if each["mapped_km2"] > 0 or each["adjusted_km2"]["value"] > 0]


def _change_rows(changes: Sequence[dict[str, Any]]) -> list[Row]:
    kinds = ("before_km2", "after_km2", "gain_km2", "loss_km2", "persistence_km2", "net_km2")
    return [
        (each["name"], *(f"{_km2(each[kind]['value'])} ({_span(each[kind], _km2)})" for kind in kinds))
        for each in changes
    ]


def _matrix_rows(matrix: Sequence[Sequence[float]], names: Sequence[str], form: str) -> list[Row]:
    return [(name, *(form.format(value) for value in row)) for name, row in zip(names, matrix, strict=True)]


def _span(interval: dict[str, Any], form: Any) -> str:  # noqa: ANN401 - a function of a number
    return "-" if interval["low"] is None else f"{form(interval['low'])} to {form(interval['high'])}"


def _km2(value: float) -> str:
    """Four digits or so, never in powers of ten.

    >>> _km2(1234.5), _km2(12.345), _km2(0.0123)
    ('1234.5', '12.35', '0.0123')
    """
    size = abs(value)
    return f"{value:.1f}" if size >= 100 else f"{value:.2f}" if size >= 10 else f"{value:.4f}"


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def _listed(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _markdown(head: Row, rows: Sequence[Row]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _aligned(head: Row, rows: Sequence[Row]) -> str:
    widths = [max(len(row[n]) for row in (head, *rows)) for n in range(len(head))]
    return "\n".join(
        "  ".join(
            text.ljust(width) if n == 0 else text.rjust(width)
            for n, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in (head, *rows)
    )
