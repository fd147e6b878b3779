"""How QGIS draws polygons: styles that a GeoPackage carries, QML."""

from collections.abc import Mapping
from xml.sax.saxutils import quoteattr

FILL_ALPHA = 140
RENDERER = 'enableorderby="0" forceraster="0" symbollevels="0"'


def single_style(colour: str, *, fill: int = FILL_ALPHA, dashed: bool = False) -> str:
    """All polygons alike.

    Args:
        colour: Hexadecimal RGB.
        fill: Opacity of the inside, 0 to 255; the line is opaque.
        dashed: Whether the line is.
    """
    return _qml(f'<renderer-v2 type="singleSymbol" {RENDERER}>', "", _symbol(0, colour, fill, dashed=dashed))


def categorised_style(column: str, colours: Mapping[str, str]) -> str:
    """Polygons by the values of a column.

    Args:
        column: Of the layer.
        colours: Hexadecimal RGB by value; others are not drawn.
    """
    symbols = "".join(_symbol(number, colour, FILL_ALPHA) for number, colour in enumerate(colours.values()))
    rows = "".join(
        f'<category render="true" type="string" symbol="{number}" value={quoteattr(value)} label={quoteattr(value)}/>'
        for number, value in enumerate(colours)
    )
    head = f'<renderer-v2 type="categorizedSymbol" attr={quoteattr(column)} {RENDERER}>'
    return _qml(head, f"<categories>{rows}</categories>", symbols)


def _qml(head: str, categories: str, symbols: str) -> str:
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        '<qgis version="3.28.0" styleCategories="Symbology">'
        f"{head}{categories}<symbols>{symbols}</symbols></renderer-v2>"
        "<layerGeometryType>2</layerGeometryType></qgis>\n"
    )


def _symbol(number: int, colour: str, fill: int, *, dashed: bool = False) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    options = {
        "color": f"{red},{green},{blue},{fill}",
        "outline_color": f"{red},{green},{blue},255",
        "outline_style": "dash" if dashed else "solid",
        "outline_width": "0.4",
        "outline_width_unit": "MM",
        "style": "solid",
    }
    rows = "".join(f'<Option type="QString" name="{key}" value="{value}"/>' for key, value in options.items())
    return (
        f'<symbol type="fill" name="{number}" alpha="1" clip_to_extent="1" force_rhr="0">'
        f'<layer class="SimpleFill" enabled="1" locked="0" pass="0"><Option type="Map">{rows}</Option></layer></symbol>'
    )
