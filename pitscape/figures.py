"""Charts as files: a page that opens without a network, or a picture."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pitscape.imagery.errors import InputError
from pitscape.imagery.outputs import replacing, write_text

if TYPE_CHECKING:
    import plotly.graph_objects as go

ENDINGS = (".html", ".png", ".svg")


def check_figure(path: Path | None) -> None:
    """Before any work: a figure can be written in this format.

    Raises:
        InputError: If not.
    """
    if path is not None and path.suffix.lower() not in ENDINGS:
        raise InputError(f"{path}: a figure ends in {', '.join(ENDINGS)}; choose one of them.")
    if path is not None and path.suffix.lower() != ENDINGS[0] and find_spec("kaleido") is None:
        raise InputError(f"{path}: a picture needs kaleido and Chrome; pip install kaleido, or end the name in .html.")


def write_figure(figure: "go.Figure", path: Path, title: str) -> None:
    """Write a chart with its title: HTML holds all it needs; PNG and SVG need the package ``kaleido`` and Chrome.

    Raises:
        InputError: If these are missing.
    """
    figure.update_layout(title={"text": title, "x": 0.01}, margin={"t": 90}, paper_bgcolor="#ffffff", height=460)
    if path.suffix.lower() == ".html":
        write_text(path, figure.to_html(include_plotlyjs=True, div_id="figure", config={"displayModeBar": False}))
        return
    try:
        with replacing(path) as temporary:
            figure.write_image(temporary, format=path.suffix[1:].lower(), width=1000, scale=2)
    except (ImportError, ValueError, RuntimeError) as error:
        raise InputError(
            f"{path}: a picture needs kaleido and Chrome; install them, or end the name in .html."
        ) from error
