"""The scaling model of docs/scale.md: from costs that were measured to hours and bytes of a country.

    python benchmarks/scale.py [--mapping 2.8] [--workers 64] ...

Every cost has its default below; docs/scale.md says how each was measured. Give your own of ``pitscape bench`` and
``benchmarks/cluster.py``.
"""

import argparse
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
    def of_client(self) -> float:
        """Seconds of a Mpx that one machine takes by itself, however many workers there are."""
        return self.looking + self.task / self.task_mpx


def seconds(costs: Costs, mpx: float, site: float, workers: int) -> float:
    """Many scenes or sites: while one is joined others are mapped. Of sites, workers hash the files as well."""
    if site:
        return mpx * (costs.of_workers + site + costs.of_client) / workers
    return mpx * max(costs.of_workers / workers, costs.of_client)


def rows(costs: Costs, workers: list[int]) -> Iterator[str]:
    """The table, as Markdown."""
    yield "| " + " | ".join(["work", "Mpx", "core hours", "to read", *(f"{n} workers" for n in workers)]) + " |"
    yield "|" + "---|" * (4 + len(workers))
    nation = CHINA_KM2 * 1e4 / 1e6
    sites = MINES * EPOCHS * (SITE_KM * 100) ** 2 / 1e6
    for title, mpx, site in (
        (f"{MINES} mines, {SITE_KM} x {SITE_KM} km, {EPOCHS} epochs, `run`", sites, costs.site),
        ("China at 10 m, products that overlap", nation * (1 + costs.overlap), 0.0),
        ("China at 10 m, a mosaic", nation, 0.0),
    ):
        hours = mpx * (costs.of_workers + site + costs.of_client) / 3600
        times = (clock(seconds(costs, mpx, site, n)) for n in workers)
        cells = [title, f"{mpx:,.0f}", f"{hours:,.0f}", size(mpx * 1e6 * costs.stored), *times]
        yield "| " + " | ".join(cells) + " |"


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
