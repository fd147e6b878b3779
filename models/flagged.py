"""A network of several sources as it is exported: an input for each source, and flags that say which image has which."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from pitscape.imagery.radiometry import UNOBSERVED_STORED
from pitscape.models.card import SourceInput
from pitscape.models.network import DeployedNetwork


class FlaggedNetwork(nn.Module):
    """A deployed network behind the inputs of a graph of several sources.

    A source whose flag is 0 counts as unobserved in the whole image, whatever its numbers are, NaN among them.

    Args:
        network: Takes the channels of all sources together.
    """

    def __init__(self, network: DeployedNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, *inputs: Tensor) -> Tensor:
        """Class probabilities (N, classes, H, W).

        Args:
            inputs: As ``models.inputs.input_names`` has them: stored numbers (N, bands, H, W) of each source, then the
                flags (N, sources).
        """
        *sources, present = inputs
        there = present[:, :, None, None, None] != 0
        kept = [
            torch.where(there[:, number], stored, float(UNOBSERVED_STORED)) for number, stored in enumerate(sources)
        ]
        probabilities: Tensor = self.network(torch.cat(kept, dim=1))
        return probabilities


def traced_form(network: DeployedNetwork, sources: Sequence[SourceInput]) -> tuple[nn.Module, dict[str, Any]]:
    """What is exported of a network, and the names by which its inputs may vary in size.

    Returns:
        The network itself for one source, behind flags for several; and its ``dynamic_shapes``, by argument.
    """
    sizes = {0: torch.export.Dim("batch"), 2: torch.export.Dim("height"), 3: torch.export.Dim("width")}
    if len(sources) == 1:
        return network, {"stored": sizes}
    return FlaggedNetwork(network), {"inputs": (*(sizes for _ in sources), {0: sizes[0]})}
