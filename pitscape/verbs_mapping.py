"""Verbs of scenes and their maps: fetch, predict, merge, bench."""

import re
from pathlib import Path

from pitscape.imagery.remote.name import place
from pitscape.verbs import Verbs, add_cluster, new_verb

NEGATIVE_NUMBERS = re.compile(r"-[\d.][\d.,-]*")


def add_fetch(verbs: Verbs) -> None:
    """Add the verb ``fetch``."""
    verb = new_verb(verbs, "fetch", "pitscape.fetching:fetch", "scenes of a STAC catalogue as GeoTIFFs on one grid")
    verb._negative_number_matcher = NEGATIVE_NUMBERS  # noqa: SLF001 - boxes in the west
    verb.add_argument("--bbox", required=True, metavar="W,S,E,N", help="box in degrees; the grid is UTM")
    verb.add_argument("--dates", required=True, metavar="A/B", help="first and last day, 2023-06-01/2023-08-31")
    verb.add_argument("--sensor", required=True, help="for example sentinel2_l2a, or a YAML file")
    verb.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder; the same command goes on in it")
    verb.add_argument(
        "--catalogue",
        metavar="URL",
        help="STAC API (default: Element 84 Earth Search); its token in PITSCAPE_STAC_TOKEN",
    )
    verb.add_argument("--collection", metavar="NAME", help="default: the first of the sensor's that the catalogue has")
    verb.add_argument("--platform", metavar="NAME", help="one satellite alone, for example landsat-5")
    verb.add_argument("--bands", help="B02,B03,... (default: those that a network takes)")
    verb.add_argument("--month", type=int, metavar="1-12", help="this month of each year alone")
    verb.add_argument(
        "--cloud-cover", type=float, default=100.0, metavar="PERCENT", help="most clouds in a whole scene [%%]"
    )
    verb.add_argument("--keep-clouds", action="store_true", help="keep what the quality band calls cloud or shadow")
    verb.add_argument(
        "--composite",
        choices=("scenes", "least-cloudy", "median"),
        default="scenes",
        help="each scene (default), or of each period the clearest day, or the median of all",
    )
    verb.add_argument(
        "--period", choices=("month", "season", "year"), help="of a composite (default: season; month with --month)"
    )
    verb.add_argument("--resolution", type=float, metavar="M", help="side of a pixel [m] (default: finest band's)")
    verb.add_argument(
        "--max-gb", type=float, default=10.0, metavar="GB", help="most to read from the web [GB] (default %(default)s)"
    )
    verb.add_argument(
        "--max-items", type=int, default=200, metavar="N", help="refuse more scenes (default %(default)s)"
    )
    verb.add_argument(
        "--allow-private", action="store_true", help="the catalogue you name may lie in a private network"
    )


def add_predict(verbs: Verbs) -> None:
    """Add the verb ``predict``."""
    verb = new_verb(verbs, "predict", "pitscape.mapping:predict", "scenes to class maps (cloud-optimised GeoTIFFs)")
    verb.add_argument("scene", type=place, nargs="*", metavar="SCENE", help="raster, SAFE or Landsat product")
    verb.add_argument(
        "--model",
        type=place,
        metavar="MODEL.onnx",
        help="of pitscape export; a .ckpt runs in PyTorch (default: day_one, trained on simulated Sentinel-2 land only)",
    )
    verb.add_argument(
        "--card", type=place, metavar="CARD.yaml", help="of an ONNX file of another maker; docs/deploy.md"
    )
    verb.add_argument("--expect-sha256", metavar="HEX", help="refuse a model file of another SHA-256")
    outputs = verb.add_argument_group("outputs", "files, or folders for several scenes")
    outputs.add_argument("--output", type=place, required=True, metavar="CLASSES.tif", help="the class map")
    outputs.add_argument("--probabilities", type=place, metavar="P.tif", help="one band per class, stored x 250")
    outputs.add_argument("--confidence", type=place, metavar="C.tif", help="probability of the mapped class, x 250")
    outputs.add_argument("--entropy", type=place, metavar="E.tif", help="0 sure, 1 all classes alike, x 250")
    outputs.add_argument(
        "--valid-fraction",
        dest="valid",
        type=place,
        metavar="V.tif",
        help="how much of the tiles around a pixel was observed, x 250",
    )
    outputs.add_argument("--polygons", type=place, metavar="P.gpkg", help="class polygons without seams, with km2")
    outputs.add_argument(
        "--simplify", type=float, default=0.0, metavar="M", help="of polygons, shared borders together [m]"
    )
    outputs.add_argument(
        "--sieve", type=float, default=0.0, metavar="HA", help="smaller patches go to their largest neighbour [ha]"
    )
    scene = verb.add_argument_group("what the scene is")
    scene.add_argument(
        "--source",
        action="append",
        metavar="SENSOR=PATH",
        help="instead of SCENE, once for each source of one scene, on any grid; the model's first gives that of the map, and "
        "the options below speak of it. SENSOR may be left out where the model's sensors tell; ,bands=VV+VH or "
        ",offset=missing after PATH speak of this source",
    )
    scene.add_argument("--bands", help="its bands in order, B02,B03,..., where the file does not name them")
    scene.add_argument(
        "--offset", choices=("included", "missing"), help="of the agency in the numbers, where metadata do not say"
    )
    scene.add_argument("--mask", type=place, metavar="MASK.tif", help="not 0 where land is hidden; any grid")
    scene.add_argument("--keep-clouds", action="store_true", help="map what the quality band calls cloud or shadow")
    how = verb.add_argument_group("how it is mapped")
    how.add_argument("--tile", type=int, help="side of the tiles [px] (default: least wasted overlap, 384 to 640)")
    how.add_argument("--overlap", type=int, help="overlap of neighbouring tiles [px] (default: the model's)")
    how.add_argument("--tta", action="store_true", help="mean over the 8 symmetries of the square; 8 times as long")
    how.add_argument("--batch", type=int, default=1, help="tiles at once; more on a GPU (default %(default)s)")
    how.add_argument("--threads", type=int, help="at work at the same time (default: all cores)")
    how.add_argument(
        "--memory", type=float, default=1500.0, metavar="MB", help="of the process [MB] (default %(default)g)"
    )
    how.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="default %(default)s")
    how.add_argument(
        "--skip-failed", action="store_true", help="leave tiles that fail unobserved and list them in the JSON"
    )
    how.add_argument(
        "--resume", action="store_true", help="go on with runs that were stopped, leave maps that are finished"
    )
    how.add_argument("--shard", metavar="I/N", help="only part I of N of the blocks, into OUT.parts; then merge")
    add_cluster(how, "blocks, with --memory for each worker,")


def add_merge(verbs: Verbs) -> None:
    """Add the verb ``merge``."""
    verb = new_verb(
        verbs, "merge", "pitscape.mapping:merge", "the blocks that shards have made, joined to their outputs"
    )
    verb.add_argument("parts", type=place, metavar="OUT.parts", help="the folder that predict --shard wrote")


def add_bench(verbs: Verbs) -> None:
    """Add the verb ``bench``."""
    verb = new_verb(
        verbs, "bench", "pitscape.bench:bench", "speed and memory of scene inference here, as ratios to the network"
    )
    verb.add_argument(
        "--model", type=Path, metavar="MODEL.onnx", help="of pitscape export (default: day_one, which comes with it)"
    )
    verb.add_argument(
        "--random", action="store_true", help="a U-Net / ResNet-18 of random weights, as for peers; needs torch"
    )
    verb.add_argument(
        "--size", type=int, default=4096, help="side of the scene that is made [px] (default %(default)s)"
    )
    verb.add_argument("--threads", type=int, help="at work at the same time (default: all cores)")
    verb.add_argument("--memory", type=float, default=1500.0, metavar="MB", help="budget [MB] (default %(default)g)")
    verb.add_argument(
        "--repeat", type=int, default=3, help="of each measurement; medians are told (default %(default)s)"
    )
    verb.add_argument("--no-peers", action="store_true", help="leave out torchgeo, terratorch and geoai")
    verb.add_argument("--output", type=Path, metavar="JSON", help="write the figures there as well")
