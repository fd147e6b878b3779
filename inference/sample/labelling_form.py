"""The form in which QGIS offers the classes for each point of a sample."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

NULL = "{2839923C-8B7D-419E-B84B-CA2FE9B80EC7}"
"""What QGIS writes for an empty value of a value map."""

OPEN, DONE = "#d7301f", "#4d9221"


def labelling_form(labels: Sequence[str]) -> str:
    """A QGIS layer style (QML) that makes labelling quick and blind.

    The column ``reference`` offers the labels as a list; ``stratum`` is hidden, so that the map does not lead the eye; points
    without a label are drawn in red, the others in green.

    Args:
        labels: In the order in which they are offered.
    """
    style = Element("qgis", {"version": "3.28", "styleCategories": "Symbology|Fields|Forms|AttributeTable"})
    _symbols(style)
    fields = SubElement(style, "fieldConfiguration")
    choices = [("not labelled", NULL), *((label, label) for label in labels)]
    for name, widget in (("reference", "ValueMap"), ("note", "TextEdit"), ("stratum", "Hidden")):
        config = SubElement(SubElement(_field(fields, name), "editWidget", {"type": widget}), "config")
        options = SubElement(config, "Option", {"type": "Map"})
        if widget == "ValueMap":
            listed = SubElement(options, "Option", {"name": "map", "type": "List"})
            for shown, stored in choices:
                pair = SubElement(listed, "Option", {"type": "Map"})
                SubElement(pair, "Option", {"name": shown, "type": "QString", "value": stored})
    editable = SubElement(style, "editable")
    for name in ("id", "stratum", "x", "y"):
        SubElement(editable, "field", {"name": name, "editable": "0"})
    columns = SubElement(SubElement(style, "attributetableconfig"), "columns")
    for name in ("id", "reference", "note", "x", "y"):
        SubElement(columns, "column", {"name": name, "type": "field", "hidden": "0"})
    SubElement(columns, "column", {"name": "stratum", "type": "field", "hidden": "1"})
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + tostring(style, encoding="unicode")


def _field(fields: Element, name: str) -> Element:
    return SubElement(fields, "field", {"name": name, "configurationFlags": "NoFlag"})


def _symbols(style: Element) -> None:
    """Two rules: points without and with a label."""
    renderer = SubElement(style, "renderer-v2", {"type": "RuleRenderer", "symbollevels": "0"})
    rules = SubElement(renderer, "rules", {"key": "{points}"})
    symbols = SubElement(renderer, "symbols")
    for number, (test, label, colour) in enumerate((("IS NULL", "open", OPEN), ("IS NOT NULL", "labelled", DONE))):
        rule = {"key": f"{{{label}}}", "symbol": str(number), "label": label, "filter": f'"reference" {test}'}
        SubElement(rules, "rule", rule)
        symbol = SubElement(symbols, "symbol", {"name": str(number), "type": "marker", "alpha": "1"})
        layer = SubElement(symbol, "layer", {"class": "SimpleMarker", "enabled": "1", "pass": "0"})
        options = SubElement(layer, "Option", {"type": "Map"})
        drawn = {"name": "cross2" if number == 0 else "circle", "color": colour, "outline_color": colour, "size": "3"}
        for key, value in drawn.items():
            SubElement(options, "Option", {"name": key, "type": "QString", "value": value})
