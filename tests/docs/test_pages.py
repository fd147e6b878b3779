"""The documentation as a site: it builds without a warning, and asks nothing of a network."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from documentation import PAGES, ROOT

SETTINGS = ROOT / "docs" / "theme" / "mkdocs.yml"
OUTSIDE = re.compile(r"""<(?:script|img|iframe|source)[^>]*\ssrc="(?:https?:)?//|<link[^>]*\shref="(?:https?:)?//""")
MODULE = re.compile(r"^::: (pitscape[\w.]*)$", re.MULTILINE)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mkdocs", reason="mkdocs is not installed: pip install 'pitscape[docs]'")
    assert (ROOT / ".links").is_dir(), "the reference is read from .links; make links"
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--config-file", str(SETTINGS)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    run = subprocess.run(
        [*command, "--site-dir", str(out)], env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return out


def test_every_page_is_built_and_none_loads_from_elsewhere(site: Path) -> None:
    built = {path.relative_to(site).with_suffix("").as_posix() for path in site.rglob("*.html")}
    docs = {page.relative_to(ROOT / "docs").with_suffix("").as_posix() for page in PAGES if page.name != "README.md"}
    assert docs | {"index", "changes"} <= built
    for path in site.rglob("*.html"):
        assert not OUTSIDE.findall(path.read_text(encoding="utf-8")), path
    for path in (site / "theme").glob("*.css"):
        assert "url(" not in path.read_text(encoding="utf-8")


def test_every_page_can_be_reached(site: Path) -> None:
    start = (site / "index.html").read_text(encoding="utf-8").partition("<article")[0]  # the navigation, not the README
    for page in PAGES:
        if page.name != "README.md":
            address = page.relative_to(ROOT / "docs").with_suffix(".html").as_posix()
            assert f'href="{address}"' in start, f"{address}: name it under nav in docs/theme/mkdocs.yml"


def test_the_reference_holds_functions_with_their_docstrings(site: Path) -> None:
    modules = {name for page in (ROOT / "docs" / "api").glob("*.md") for name in MODULE.findall(page.read_text())}
    assert {name.split(".")[1] for name in modules} >= {"imagery", "models", "inference", "training", "resilience"}
    pages = "".join(path.read_text(encoding="utf-8") for path in (site / "api").glob("*.html"))
    for name in modules:
        assert f'id="{name}"' in pages, name
    for name in ("inference.loaded_model.load_model", "resilience.elasticity.elasticity"):
        assert f'id="pitscape.{name}"' in pages


def test_the_search_knows_the_reference(site: Path) -> None:
    index = (site / "search" / "search_index.js").read_text(encoding="utf-8")
    assert "api/inference.html#pitscape.inference.loaded_model.load_model" in index
