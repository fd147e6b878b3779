"""Influence scope and directions of growth on simulated sites, against their truth.

    python benchmarks/influence.py [--seeds 0,1,2] [--size 384] [--natural 0.03] [--pair] [--dem] [--fill HA]

The simulator's class maps change through the mine alone. ``--natural`` adds change that is not the mine's to a share of the
land: fields that turn occupied or into ponds, villages that grow by six cells, and a new road across the site. Printed for
each epoch after the first: error of the area, commission and omission [% of the true area], deviation of the direction of
growth [degrees] from the direction that the mine was planned to take, and from the centroids of the true pits.
"""

import argparse
import json
import tempfile
from contextlib import ExitStack
from pathlib import Path

import geopandas
import numpy as np
import rasterio
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_opening

from pitscape.demo import simulated_site
from pitscape.imagery.class_map import open_class_map, save_class_map
from pitscape.imagery.legend import load_legend
from pitscape.inference.scope.changed_land import changed_land
from pitscape.inference.scope.friction import Resistance
from pitscape.inference.scope.growth import Growth, growth
from pitscape.inference.scope.influence import influence
from pitscape.inference.scope.mine_patches import mine_patches
from pitscape.inference.scope.reach import reach_of
from pitscape.influence_ground import friction_of

OCCUPIED, VEGETATED, WATER = 1, 2, 3
Ids = NDArray[np.uint8]


def natural_change(first: Ids, rng: np.random.Generator, share: float) -> tuple[NDArray[np.float64], Ids]:
    """When cells change by themselves (0 to 1 over the epochs, 2: never), and into what."""
    rows, columns = np.mgrid[: first.shape[0], : first.shape[1]]
    when, into = np.full(first.shape, 2.0), np.full(first.shape, VEGETATED, np.uint8)
    while (when < 2).mean() < share:
        row, column = rng.uniform(0, first.shape)
        length, width, turn = rng.uniform((4, 3, 0), (14, 8, np.pi))
        along = (columns - column) * np.cos(turn) + (rows - row) * np.sin(turn)
        across = (rows - row) * np.cos(turn) - (columns - column) * np.sin(turn)
        field = (np.abs(along) < length) & (np.abs(across) < width) & (first == VEGETATED)
        when[field], into[field] = rng.uniform(), rng.choice([OCCUPIED, OCCUPIED, WATER])
    if share:
        villages = binary_opening(first == OCCUPIED, np.ones((7, 7)))
        grown = binary_dilation(villages, iterations=6) & (first == VEGETATED)
        when[grown], into[grown] = 0.3, OCCUPIED
        start, stop = rng.uniform(0, first.shape[0], 2)
        road = (np.abs(rows - start - (stop - start) * columns / first.shape[1]) < 1.5) & (first == VEGETATED)
        when[road], into[road] = 0.5, OCCUPIED
    return when, into


def with_natural_change(folder: Path, rng: np.random.Generator, share: float) -> list[Path]:
    """Class maps of a site with change that is not the mine's; the mine's own land is left as it is."""
    paths = sorted((folder / "truth").glob("*.tif"))
    first, grid = read(paths[0])
    when, into = natural_change(first, rng, share)
    written = []
    for number, path in enumerate(paths):
        ids, _ = read(path)
        here = (when <= number / (len(paths) - 1)) & (ids == VEGETATED) & ~influenced(folder, path) & (number > 0)
        ids[here] = into[here]
        written.append(folder / "natural" / path.name)
        save_class_map(written[-1], ids, grid, load_legend())
    return written


def read(path: Path) -> tuple[Ids, object]:
    """Class ids of a map, and its grid."""
    with open_class_map(path) as classes:
        return classes.read(), classes.grid


def influenced(folder: Path, path: Path) -> NDArray[np.bool_]:
    """What the mine has changed at the date of a map."""
    with rasterio.open(folder / "influence" / path.name) as dataset:
        changed: NDArray[np.bool_] = dataset.read(1) == 1
        return changed


def estimate(paths: list[Path], dem: Path | None, fill_ha: float) -> NDArray[np.bool_]:
    """Land that the mine has changed, by the defaults of ``pitscape influence``."""
    with ExitStack() as stack:
        land = changed_land([stack.enter_context(open_class_map(path)) for path in paths])
    seeds = mine_patches(land.mined, land.grid, least_ha=1.0, source=paths[-1])
    friction, _ = friction_of(land, Resistance(), source=paths[0], dem=dem, barriers=None)
    return influence(land, reach_of(land, seeds, friction), fill_ha=fill_ha).changed


def directions(folder: Path) -> list[Growth]:
    """Growth between successive epochs, and since the first with a mine."""
    paths = sorted((folder / "truth").glob("*.tif"))
    with ExitStack() as stack:
        maps = [stack.enter_context(open_class_map(path)) for path in paths]
        series = growth(maps, [path.stem for path in paths])
    return [*series.pairs, *([series.since_first] if series.since_first else [])]


def true_directions(folder: Path) -> list[float]:
    """Azimuth of the new pit's centroid from the first pit's, by the polygons of the pits [degrees]."""
    table = geopandas.read_file(folder / "truth.gpkg")
    pits = table[table["kind"].isin(["pit", "sump"])].dissolve("epoch").sort_index()
    found, first = [float("nan")], pits.geometry.iloc[0].centroid
    for earlier, later in [
        *zip(pits.geometry, pits.geometry[1:], strict=False),
        (pits.geometry.iloc[0], pits.geometry.iloc[-1]),
    ]:
        new = later.difference(earlier).centroid
        found.append(float(np.degrees(np.arctan2(new.x - first.x, new.y - first.y))) % 360)
    return found


def deviation(one: float, other: float) -> float:
    """Signed difference of two azimuths [degrees]."""
    return (one - other + 180) % 360 - 180


def main() -> None:
    """Print a row per seed and epoch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="0,1,2,3,4,5,6,7")
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--natural", type=float, default=0.0)
    parser.add_argument("--pair", action="store_true", help="first and last map of each series only")
    parser.add_argument("--dem", action="store_true")
    parser.add_argument("--fill", type=float, default=0.0, metavar="HA")
    arguments = parser.parse_args()
    errors = []
    for seed in map(int, arguments.seeds.split(",")):
        with tempfile.TemporaryDirectory() as name:
            folder = simulated_site(
                Path(name) / "site",
                size=arguments.size,
                epochs=5,
                seed=seed,
                layers=["truth", "influence", "dem", "polygons"],
            )
            paths = with_natural_change(folder, np.random.default_rng(seed), arguments.natural)
            dem = min((folder / "dem").glob("*.tif")) if arguments.dem else None
            cells = []
            for number in range(1, len(paths)):
                used = [paths[0], paths[number]] if arguments.pair else paths[: number + 1]
                found, truth = estimate(used, dem, arguments.fill), influenced(folder, paths[number])
                error, over, under = (
                    100 * n / truth.sum()
                    for n in (int(found.sum()) - int(truth.sum()), (found & ~truth).sum(), (truth & ~found).sum())
                )
                errors.append(error)
                cells.append(f"{error:+.1f} ({over:.1f}, {under:.1f})")
            plan = json.loads((folder / "truth.json").read_text())["mines"][0]["growth_azimuth_deg"]
            told = [
                f"{deviation(each.azimuth_deg, plan):+.0f}/{deviation(each.azimuth_deg, true):+.0f} R {each.concentration:.2f}"
                for each, true in zip(directions(folder), true_directions(folder), strict=True)
                if not each.opening
            ]
            print(f"| {seed} | {' | '.join(cells)} | {' | '.join(told)} |", flush=True)
    print(
        f"errors: median {np.median(errors):+.1f}, {min(errors):+.1f} to {max(errors):+.1f} %, within 10 %: {np.mean(np.abs(errors) <= 10):.0%}"
    )


if __name__ == "__main__":
    main()
