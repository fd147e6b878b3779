"""Transfer: a network of another place, date or sensor to begin with."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor

from pitscape.imagery.errors import InputError
from pitscape.models.card import SourceInput, TrainingRecord
from pitscape.models.checkpoint import load_checkpoint
from pitscape.models.network import DETAIL, ENCODER, SegmentationNetwork
from pitscape.models.pretrained import bands_of, first_convolution


def begin_with(network: SegmentationNetwork, checkpoint: Path, sources: Sequence[SourceInput]) -> TrainingRecord:
    """Give a network the weights of another one (as Kumar and Gorai transfer along time series).

    The first convolution may take other bands: a band that both know keeps its weights, see ``first_convolution``. The last
    one may give other classes, and begins anew, as all of another shape does; what begins anew is never frozen.

    Args:
        network: That begins.
        checkpoint: Of the other.
        sources: What the network takes.

    Returns:
        On what the other was trained.

    Raises:
        InputError: If the checkpoint is none, or is of another network.
    """
    recipe, other = load_checkpoint(checkpoint)
    own, given = network.state_dict(), other.state_dict()
    known, wanted = ([band for source in each for band in bands_of(source)] for each in (recipe.sources, sources))
    if known != wanted:
        for name in _first_convolutions(own):
            if name in given and given[name].shape[1] == len(known):
                given[name] = first_convolution(given[name], known, wanted)
    fitting = {name: weight for name, weight in given.items() if name in own and weight.shape == own[name].shape}
    anew = [name for name in own if name not in fitting]
    if len(anew) > len(own) // 10:
        raise InputError(
            f"{checkpoint}: is {recipe.network.title}, of which {len(fitting)} of {len(own)} weights fit; "
            "train the same network."
        )
    network.load_state_dict(own | fitting)
    network.fresh = frozenset(name for name in anew if name.startswith(ENCODER))
    return recipe.training


def _first_convolutions(weights: Mapping[str, Tensor]) -> list[str]:
    """Those that see the bands: of the encoder, and of the branch of details."""
    found = []
    for room in (ENCODER, DETAIL):
        found += [name for name, weight in weights.items() if name.startswith(room) and weight.ndim == 4][:1]
    return found
