"""The scaling model of docs/scale.md: from costs that were measured to hours and bytes of a country.

    python benchmarks/scale.py [--mapping 2.8] [--workers 64] ...

Every cost has its default below; docs/scale.md says how each was measured. Give your own of ``pitscape bench`` and
``benchmarks/cluster.py``.
"""

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass, fields

CHINA_KM2, MINES = 9.6e6, 357
SITE_KM, EPOCHS = 30, 8


@dataclass(frozen=True)
class Costs:
    """What work takes, on one core of the machine that was measured.

    Attributes:
        mapping: Of a U-Net / ResNet-18: network, reading, blending, writing, overlap of tiles included [s/Mpx].
        cut: Tiles at the cuts between tasks, predicted from both sides, as a share.
        joining: Blocks of a scene to its map [s/Mpx].
        looking: Files of a scene hashed, by the client alone [s/Mpx].
        task: Of scheduler and client [s].
        task_mpx: Land of a task [Mpx].
        site: All of ``run`` beside mapping, an epoch [s/Mpx].
        stored: Ten bands as they lie compressed [byte/px].
        overlap: Of the products of a country, as a share: land that lies in two of them.
    """

    mapping: float = 2.8
    cut: float = 0.04
    joining: float = 0.03
    looking: float = 0.017
    task: float = 0.015
    task_mpx: float = 8.0
    site: float = 1.7
    stored: float = 12.0
    overlap: float = 0.25

    @property
    def of_workers(self) -> float:
        """Core seconds of a Mpx that workers share."""
        return self.mapping * (1 + self.cut) + self.joining

    @property
    def of_site(self) -> float:
        """Core seconds of a Mpx of a site, all of it with one worker."""
        return self.of_workers + self.site + self.of_client

    @property
    def of_client(self) -> float:
        """Seconds of a Mpx that one machine takes by itself, however many workers there are."""
        return self.looking + self.task / self.task_mpx


def seconds_of_scenes(costs: Costs, mpx: float, workers: int) -> float:
    """Many scenes, which are cut: while one is joined others are mapped."""
    return mpx * max(costs.of_workers / workers, costs.of_client)


def seconds_of_sites(costs: Costs, sites: int, mpx: float, workers: int) -> float:
    """So many sites of so many Mpx each: a worker does one at a time, and hashes its files.

    Sites are not divided, so that the last ones are waited for: with 256 workers 357 sites take as long as 512.

    >>> seconds_of_sites(Costs(), 357, 72, 256) == seconds_of_sites(Costs(), 512, 72, 256)
    True
    """
    return math.ceil(sites / workers) * mpx * costs.of_site


def rows(costs: Costs, workers: list[int]) -> Iterator[str]:
    """The table, as Markdown."""
    yield "| " + " | ".join(["work", "Mpx", "core hours", "to read", *(f"{n} workers" for n in workers)]) + " |"
    yield "|" + "---|" * (4 + len(workers))
    nation, site = CHINA_KM2 * 1e4 / 1e6, EPOCHS * (SITE_KM * 100) ** 2 / 1e6
    title = f"China's {MINES} open-pit mines, {SITE_KM} x {SITE_KM} km, {EPOCHS} epochs, `run`"
    times = [seconds_of_sites(costs, MINES, site, n) for n in workers]
    yield row(costs, title, MINES * site, MINES * site * costs.of_site, times)
    for title, mpx in (
        ("China at 10 m, products that overlap", nation * (1 + costs.overlap)),
        ("China at 10 m, a mosaic", nation),
    ):
        times = [seconds_of_scenes(costs, mpx, n) for n in workers]
        yield row(costs, title, mpx, mpx * (costs.of_workers + costs.of_client), times)


def row(costs: Costs, title: str, mpx: float, core_seconds: float, times: list[float]) -> str:
    """A line of the table: land, cores' time, bytes, and how long it takes."""
    read = size(mpx * 1e6 * costs.stored)
    return "| " + " | ".join([title, f"{mpx:,.0f}", f"{core_seconds / 3600:,.0f}", read, *map(clock, times)]) + " |"


def rate(costs: Costs, workers: int) -> float:
    """Bytes a second that so many workers read."""
    return workers * costs.stored * 1e6 / costs.of_workers


def size(count: float) -> str:
    """Bytes for people."""
    if count >= 1e12:
        return f"{count / 1e12:.1f} TB"
    return f"{count / 1e9:,.0f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"


def clock(seconds: float) -> str:
    """Time for people."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for each in fields(Costs):
        parser.add_argument(f"--{each.name.replace('_', '-')}", type=float, default=each.default)
    parser.add_argument("--workers", type=int, nargs="+", default=[2, 16, 64, 256])
    given = vars(parser.parse_args())
    workers = given.pop("workers")
    costs = Costs(**given)
    print(*rows(costs, workers), sep="\n")
    print("\nread together: " + ", ".join(f"{n} workers {size(rate(costs, n))}/s" for n in workers))


if __name__ == "__main__":
    main()
