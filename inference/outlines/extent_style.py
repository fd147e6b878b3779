"""How QGIS draws extents: by kind where elevation tells it, else in the colour of the class."""

from pitscape.inference.layer_style import categorised_style, single_style

KIND_COLOURS = {"pit": "#b2452a", "dump": "#8a7f98", "level": "#d9b44a", "unknown": "#9a9a9a"}


def extent_style(colour: str, *, by_kind: bool) -> str:
    """A QGIS style, QML.

    Args:
        colour: Of the class, hexadecimal RGB.
        by_kind: Whether to colour by column ``kind``.
    """
    return categorised_style("kind", KIND_COLOURS) if by_kind else single_style(colour)
