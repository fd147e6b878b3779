import math
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from pitscape.resilience.landscape import Pattern, pattern_of
from pitscape.resilience.patches import find_patches

DX, DY, T = 20.0, 30.0, 70.0
maps = arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.sampled_from([0, 1, 2, 255]))

Cell = tuple[int, int]


def measured(classes: NDArray[Any], cell_size: tuple[float, float] = (DX, DY), nodata: int = 255) -> Pattern:
    return pattern_of(find_patches(classes, nodata=nodata), cell_size=cell_size, connect_distance=T)


def beside(cell: Cell) -> Iterator[Cell]:
    row, col = cell
    yield from ((row, col - 1), (row, col + 1), (row - 1, col), (row + 1, col))


def around(cell: Cell) -> Iterator[Cell]:
    yield from ((cell[0] + down, cell[1] + right) for down in (-1, 0, 1) for right in (-1, 0, 1) if down or right)


def slow_patches(observed: dict[Cell, int]) -> list[tuple[int, set[Cell]]]:
    """Class and cells of each patch, by flooding from cell to cell."""
    left, patches = set(observed), []
    for start, kind in observed.items():
        if start in left:
            patch, front = {start}, [start]
            while front:
                cell = front.pop()
                found = {c for c in around(cell) if c in left - patch and observed[c] == kind}
                patch |= found
                front += found
            left -= patch
            patches.append((kind, patch))
    return patches


def apart(one: set[Cell], other: set[Cell]) -> float:
    return min(math.hypot((a[1] - b[1]) * DX, (a[0] - b[0]) * DY) for a in one for b in other)


def length(one: Cell, other: Cell) -> float:
    return DY if one[0] == other[0] else DX


def statistics(name: str, values: list[float], areas: list[float]) -> dict[str, float]:
    known = [(v, a) for v, a in zip(values, areas, strict=True) if not math.isnan(v)]
    if not known:
        return {f"{name}_{ending}": math.nan for ending in ("MN", "AM", "MD", "RA", "SD", "CV")}
    column = [v for v, _ in known]
    mean = sum(column) / len(column)
    deviation = math.sqrt(sum((v - mean) ** 2 for v in column) / len(column))
    return {
        f"{name}_MN": mean,
        f"{name}_AM": sum(v * a for v, a in known) / sum(a for _, a in known),
        f"{name}_MD": float(pd.Series(column).median()),
        f"{name}_RA": max(column) - min(column),
        f"{name}_SD": deviation,
        f"{name}_CV": 100 * deviation / mean,
    }


def compact(n: int) -> int:
    """Most sides between n cells, each counted once."""
    side = math.isqrt(n)
    rest = n - side * side
    return 2 * side * (side - 1) + (0 if rest == 0 else 2 * rest - 1 if rest <= side else 2 * rest - 2)


def slow_metrics(classes: NDArray[np.uint8]) -> tuple[dict[str, float], dict[int, dict[str, float]]]:
    """Landscape and class metrics straight from the definitions, cell by cell and pair by pair."""
    observed = {(r, c): int(v) for (r, c), v in np.ndenumerate(classes) if v != 255}
    patches = slow_patches(observed)
    area = len(observed) * DX * DY
    rows = []
    for number, (kind, cells) in enumerate(patches):
        rivals = [other for n, (k, other) in enumerate(patches) if k == kind and n != number]
        outline = [length(cell, near) for cell in cells for near in beside(cell) if near not in cells]
        rows.append(
            {
                "kind": kind,
                "cells": len(cells),
                "sides": len(outline),
                "AREA": len(cells) * DX * DY / 1e4,
                "FRAC": 2 * math.log(sum(outline) / 4) / math.log(len(cells) * DX * DY),
                "ENN": min((apart(cells, other) for other in rivals), default=math.nan),
                "joined": sum(apart(cells, other) <= T for other in rivals) / 2,
                "pairs": len(rivals) / 2,
            }
        )
    kinds = sorted(set(observed.values()))
    g = {(i, k): 0 for i in kinds for k in kinds}
    edge = dict.fromkeys(g, 0.0)
    for cell, kind in observed.items():
        for near in beside(cell):
            if near in observed:
                g[kind, observed[near]] += 1
                edge[kind, observed[near]] += length(cell, near)
    shares = {i: sum(v == i for v in observed.values()) / len(observed) for i in kinds}

    def common(of: list[dict[str, float]], boundary: float) -> dict[str, float]:
        areas = [row["AREA"] for row in of]
        ratio = sum(row["sides"] for row in of) / sum(row["sides"] * math.sqrt(row["cells"]) for row in of)
        pairs = sum(row["pairs"] for row in of)
        found = {
            "NP": len(of),
            "PD": len(of) / (area / 1e6),
            "LPI": 100 * max(areas) / (area / 1e4),
            "TE": boundary,
            "ED": boundary / (area / 1e4),
            "MESH": sum(a * a for a in areas) / (area / 1e4),
            "COHESION": 100 * (1 - ratio) / (1 - 1 / math.sqrt(len(observed))) if len(observed) > 1 else 0,
            "CONNECT": 100 * sum(row["joined"] for row in of) / pairs if pairs else math.nan,
        }
        for name in ("AREA", "FRAC", "ENN"):
            found |= statistics(name, [row[name] for row in of], areas)
        return found

    by_class = {}
    for i in kinds:
        n, of = sum(v == i for v in observed.values()), [row for row in rows if row["kind"] == i]
        by_class[i] = common(of, sum(edge[i, k] for k in kinds if k != i)) | {
            "CA": n * DX * DY / 1e4,
            "PLAND": 100 * shares[i],
            "PLADJ": 100 * g[i, i] / (4 * n),
            "AI": 100 * g[i, i] / 2 / compact(n) if n > 1 else math.nan,
        }
    q = [shares[i] * g[i, k] / sum(g[i, j] for j in kinds) for i in kinds for k in kinds if g[i, k]]
    evenness = -sum(p * math.log(p) for p in shares.values())
    landscape = common(rows, sum(edge[i, k] for i in kinds for k in kinds if i < k)) | {
        "TA": area / 1e4,
        "PR": len(kinds),
        "SHDI": evenness,
        "H": evenness / math.log(2),
        "SHEI": evenness / math.log(len(kinds)) if len(kinds) > 1 else 0,
        "SIDI": 1 - sum(p * p for p in shares.values()),
        "CONTAG": 100 * (1 + sum(x * math.log(x) for x in q) / (2 * math.log(len(kinds))))
        if len(kinds) > 1 and q
        else math.nan,
        "PLADJ": 100 * sum(g[i, i] for i in kinds) / (4 * len(observed)) if len(observed) > 1 else math.nan,
        "AI": sum(shares[i] * by_class[i]["AI"] for i in kinds if not math.isnan(by_class[i]["AI"]))
        if len(kinds) < len(observed)
        else math.nan,
        "tiny_patches": 0,
    }
    return landscape, by_class


@settings(deadline=None, max_examples=60)
@given(maps)
def test_metrics_are_those_of_the_definitions(classes: NDArray[np.uint8]) -> None:
    classes[0, 0] = 1
    landscape, by_class = slow_metrics(classes)
    found = measured(classes)
    assert found.landscape == pytest.approx(landscape, rel=1e-9, abs=1e-9, nan_ok=True)
    table = pd.DataFrame(found.by_class).set_index("TYPE")
    assert table.index.tolist() == list(by_class)
    for kind, expected in by_class.items():
        assert table.loc[kind].to_dict() == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)


def within(ours: float | NDArray[np.float64], theirs: object) -> bool:
    """Whether a metric equals the one that FRAGSTATS printed, N/A where ours is not defined."""
    printed = pd.to_numeric(pd.Series(theirs), errors="coerce").to_numpy(np.float64)
    return bool(np.allclose(np.atleast_1d(ours), printed, rtol=0, atol=5e-5, equal_nan=True))


def test_every_metric_of_fragstats(reference: SimpleNamespace) -> None:
    found = measured(reference.classes, (reference.cell_size,) * 2, nodata=0)
    by_landscape = [name for name in reference.landscape.index if name in found.landscape]
    by_class = [name for name in reference.by_class.columns if name in found.by_class]
    assert (len(by_landscape), len(by_class)) == (24, 20)
    wrong = [name for name in by_landscape if not within(found.landscape[name], reference.landscape[name])]
    assert found.by_class["TYPE"].tolist() == reference.by_class.index.tolist()
    wrong += [name for name in by_class if not within(found.by_class[name], reference.by_class[name])]
    assert wrong == []


def test_every_patch_of_fragstats(reference: SimpleNamespace) -> None:
    """All columns of a patch at once: patches are matched by class, area, perimeter and distance."""
    found = measured(reference.classes, (reference.cell_size,) * 2, nodata=0)
    columns = ["TYPE", "AREA", "PERIM", "ENN", "FRAC"]
    ours = pd.DataFrame(found.patch)[columns].round({"AREA": 4, "ENN": 4}).sort_values(columns)
    theirs = reference.by_patch[columns].sort_values(columns)
    np.testing.assert_allclose(
        ours.to_numpy(), theirs.apply(pd.to_numeric, errors="coerce").to_numpy(np.float64), rtol=0, atol=5.0001e-5
    )


def test_area_weighted_means_of_fragstats_patches(reference: SimpleNamespace) -> None:
    found = measured(reference.classes, (reference.cell_size,) * 2, nodata=0)
    patch = reference.by_patch
    for name in ("AREA", "FRAC", "ENN"):
        expected = np.average(patch[name], weights=patch.AREA)
        assert found.landscape[f"{name}_AM"] == pytest.approx(expected, rel=2e-5, abs=5e-5)
    assert found.landscape["tiny_patches"] == (patch.AREA <= 0.0004).sum()


def test_hand_table_of_3_by_3() -> None:
    found = measured(np.array([[1, 1, 2], [2, 2, 1], [1, 1, 255]]), (10.0, 10.0))
    assert found.patch["AREA"].tolist() == [0.05, 0.03]
    assert found.patch["PERIM"].tolist() == [160, 100]
    shares, q = (5 / 8, 3 / 8), (5 / 8 * 4 / 11, 5 / 8 * 7 / 11, 3 / 8 * 7 / 9, 3 / 8 * 2 / 9)
    expected = {
        "TA": 0.08,
        "NP": 2,
        "PD": 2 / 0.0008,
        "LPI": 62.5,
        "TE": 70,
        "ED": 70 / 0.08,
        "AREA_MN": 0.04,
        "AREA_AM": 0.0425,
        "AREA_MD": 0.04,
        "AREA_RA": 0.02,
        "AREA_SD": 0.01,
        "AREA_CV": 25,
        "FRAC_MN": (2 * math.log(40) / math.log(500) + 2 * math.log(25) / math.log(300)) / 2,
        "ENN_MN": math.nan,
        "CONTAG": 100 * (1 + sum(x * math.log(x) for x in q) / (2 * math.log(2))),
        "PLADJ": 100 * (4 + 2) / 32,
        "AI": 5 / 8 * 100 * 2 / 5 + 3 / 8 * 100 * 1 / 2,
        "COHESION": 100 * (1 - 26 / (16 * math.sqrt(5) + 10 * math.sqrt(3))) / (1 - 1 / math.sqrt(8)),
        "MESH": 0.0034 / 0.08,
        "PR": 2,
        "SHDI": -sum(p * math.log(p) for p in shares),
        "H": 0.954434,
        "SIDI": 1 - 34 / 64,
        "CONNECT": math.nan,
    }
    assert {name: found.landscape[name] for name in expected} == pytest.approx(expected, rel=1e-6, nan_ok=True)


def test_hand_table_of_5_by_5() -> None:
    classes = np.array([[1, 1, 9, 2, 2], [1, 1, 9, 2, 2], [9, 9, 9, 9, 9], [2, 9, 1, 9, 1], [9, 9, 9, 9, 1]])
    found = measured(classes, (10.0, 10.0), nodata=9)
    assert found.by_class["TYPE"].tolist() == [1, 2]
    expected = {
        "CA": [0.07, 0.05],
        "PLAND": [700 / 12, 500 / 12],
        "NP": [3, 2],
        "LPI": [400 / 12, 400 / 12],
        "TE": [0, 0],
        "AREA_MD": [0.02, 0.025],
        "ENN_MN": [(math.sqrt(500) + 20 + 20) / 3, math.sqrt(1300)],
        "ENN_RA": [math.sqrt(500) - 20, 0],
        "PLADJ": [100 * (8 + 2) / 28, 100 * 8 / 20],
        "AI": [100 * 5 / 8, 100 * 4 / 5],
        "COHESION": [
            100 * (1 - 18 / (8 * 2 + 4 + 6 * math.sqrt(2))) / (1 - 1 / math.sqrt(12)),
            100 * (1 - 12 / (8 * 2 + 4)) / (1 - 1 / math.sqrt(12)),
        ],
        "MESH": [0.0021 / 0.12, 0.0017 / 0.12],
        "CONNECT": [100, 100],
    }
    for name, values in expected.items():
        assert found.by_class[name].tolist() == pytest.approx(values), name
    assert found.landscape["CONTAG"] == pytest.approx(
        100 * (1 + sum(p * math.log(p) for p in (7 / 12, 5 / 12)) / (2 * math.log(2)))
    )
    assert found.landscape["ED"] == 0


@settings(deadline=None, max_examples=40)
@given(maps)
def test_turns_flips_names_and_frames_change_nothing(classes: NDArray[np.uint8]) -> None:
    classes[0, 0] = 1
    expected = pytest.approx(measured(classes).landscape, rel=1e-9, nan_ok=True)
    assert measured(classes[::-1]).landscape == expected
    assert measured(classes[:, ::-1]).landscape == expected
    assert measured(np.rot90(classes, 2)).landscape == expected
    assert measured(np.rot90(classes), (DY, DX)).landscape == expected
    assert measured(classes.T, (DY, DX)).landscape == expected
    assert measured(np.pad(classes, 3, constant_values=255)).landscape == expected
    assert measured(np.where(classes == 255, 255, 9 - classes)).landscape == expected


@settings(deadline=None)
@given(maps)
def test_metrics_keep_their_ranges(classes: NDArray[np.uint8]) -> None:
    classes[0, 0] = 1
    metrics = measured(classes).landscape
    for name in ("LPI", "CONTAG", "PLADJ", "AI", "COHESION", "CONNECT"):
        assert math.isnan(metrics[name]) or -1e-9 <= metrics[name] <= 100 + 1e-9
    assert 0 <= metrics["SHEI"] <= 1 + 1e-12
    assert 1 - 0.01 <= metrics["FRAC_AM"] <= 2
    assert 0 < metrics["MESH"] <= metrics["TA"] * (1 + 1e-12)
    assert metrics["AREA_MN"] * metrics["NP"] == pytest.approx(metrics["TA"])


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32"])
def test_integer_types_agree(dtype: str) -> None:
    classes = np.random.default_rng(0).choice([1, 2, 200], (20, 20))
    assert measured(classes.astype(dtype)).landscape == measured(classes).landscape


def test_one_class() -> None:
    metrics = measured(np.full((4, 4), 3), (30.0, 30.0)).landscape
    assert (metrics["SHDI"], metrics["H"], metrics["SHEI"], metrics["SIDI"], metrics["TE"]) == (0, 0, 0, 0, 0)
    assert metrics["FRAC_MN"] == metrics["FRAC_AM"] == 1
    assert (metrics["LPI"], metrics["AI"], metrics["PLADJ"]) == (100, 100, 75)
    assert all(math.isnan(metrics[name]) for name in ("CONTAG", "CONNECT", "ENN_MN"))


def test_one_pixel() -> None:
    metrics = measured(np.array([[7]], np.uint8), (30.0, 30.0)).landscape
    assert (metrics["TA"], metrics["NP"], metrics["FRAC_MN"], metrics["COHESION"]) == (0.09, 1, 1, 0)
    assert all(math.isnan(metrics[name]) for name in ("AI", "PLADJ", "CONTAG", "CONNECT", "ENN_MN"))


def test_one_row() -> None:
    metrics = measured(np.array([[1, 1, 2, 1]], np.int32), (10.0, 10.0)).landscape
    assert (metrics["NP"], metrics["TE"], metrics["ENN_MN"], metrics["CONNECT"]) == (3, 20, 20, 100)


def test_small_patches_are_counted() -> None:
    assert measured(np.array([[1, 2, 2, 2, 2, 2]]), (1.0, 1.0)).landscape["tiny_patches"] == 1


def test_tables_go_to_pandas() -> None:
    found = measured(np.array([[1, 2], [2, 2]]))
    assert pd.DataFrame(found.patch).columns.tolist() == ["PID", "TYPE", "AREA", "PERIM", "FRAC", "ENN"]
    assert len(pd.DataFrame(found.by_class)) == 2
    assert pd.Series(found.landscape)["NP"] == 2


def test_all_nodata_is_refused() -> None:
    with pytest.raises(ValueError, match="No cell is observed"):
        measured(np.full((4, 4), 255))


@pytest.mark.parametrize("cell_size", [(0.0, 1.0), (10.0, -10.0), (float("nan"), 1.0)])
def test_cells_whose_sides_are_not_positive_are_refused(cell_size: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="drop the sign of a north-up raster's dy"):
        measured(np.array([[1]]), cell_size)
