"""How QGIS draws extents: by kind where elevation tells it, else in the colour of the class."""

from xml.sax.saxutils import quoteattr

KIND_COLOURS = {"pit": "#b2452a", "dump": "#8a7f98", "level": "#d9b44a", "unknown": "#9a9a9a"}
FILL_ALPHA = 140


def extent_style(name: str, colour: str, *, by_kind: bool) -> str:
    """A QGIS style, QML.

    Args:
        name: Of the class.
        colour: Of the class, hexadecimal RGB.
        by_kind: Whether to colour by column ``kind``.
    """
    colours = KIND_COLOURS if by_kind else {name: colour}
    symbols = "".join(_symbol(number, each) for number, each in enumerate(colours.values()))
    if by_kind:
        head = '<renderer-v2 type="categorizedSymbol" attr="kind" enableorderby="0" forceraster="0" symbollevels="0">'
        rows = "".join(
            f'<category render="true" type="string" symbol="{number}" value={quoteattr(kind)} label={quoteattr(kind)}/>'
            for number, kind in enumerate(colours)
        )
        categories = f"<categories>{rows}</categories>"
    else:
        head = '<renderer-v2 type="singleSymbol" enableorderby="0" forceraster="0" symbollevels="0">'
        categories = ""
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        '<qgis version="3.28.0" styleCategories="Symbology">'
        f"{head}{categories}<symbols>{symbols}</symbols></renderer-v2>"
        "<layerGeometryType>2</layerGeometryType></qgis>\n"
    )


def _symbol(number: int, colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    options = {
        "color": f"{red},{green},{blue},{FILL_ALPHA}",
        "outline_color": f"{red},{green},{blue},255",
        "outline_style": "solid",
        "outline_width": "0.4",
        "outline_width_unit": "MM",
        "style": "solid",
    }
    rows = "".join(f'<Option type="QString" name="{key}" value="{value}"/>' for key, value in options.items())
    return (
        f'<symbol type="fill" name="{number}" alpha="1" clip_to_extent="1" force_rhr="0">'
        f'<layer class="SimpleFill" enabled="1" locked="0" pass="0"><Option type="Map">{rows}</Option></layer></symbol>'
    )
