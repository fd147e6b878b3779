"""Every block of the README and of docs/ runs as it stands there, or says in a comment before it why it cannot."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from documentation import PAGES, RUNS, SHOWN, Block, blocks_of, name_of

from pitscape.imagery.legend import Legend
from pitscape.imagery.sensor import Sensor
from pitscape.imagery.settings import checked
from pitscape.models.graph_card import GraphCard
from pitscape.site_settings import SiteSettings

SLOW = frozenset(
    {"docs/howto/own_data.md", "docs/training.md", "docs/tutorials/sentinel2.md", "docs/tutorials/simulated_site.md"}
)
"""Pages whose blocks train networks of full size, or several."""

RUNNING = [
    pytest.param(page, id=name_of(page), marks=[pytest.mark.slow] if name_of(page) in SLOW else [])
    for page in PAGES
    if any(not block.reason for block in blocks_of(page))
]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_all_blocks_are_of_a_kind_that_is_run_or_have_a_reason(page: Path) -> None:
    blocks = blocks_of(page)
    assert sum(line.startswith("```") for line in page.read_text(encoding="utf-8").splitlines()) == 2 * len(blocks)
    for block in blocks:
        assert block.reason or block.language in RUNS | SHOWN, f"{block.place}: name a language, or a reason"


@pytest.mark.skipif(os.name == "nt", reason="blocks are for a POSIX shell")
@pytest.mark.parametrize("page", RUNNING)
def test_blocks_run(page: Path, material: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    shutil.copytree(material, folder)
    for block in blocks_of(page):
        if not block.reason and block.language not in SHOWN:
            run_block(block, folder)


def run_block(block: Block, folder: Path) -> None:
    """Run or check a block, and keep it under its name for those after it."""
    if block.file:
        (folder / block.file).parent.mkdir(parents=True, exist_ok=True)
        (folder / block.file).write_text(block.code, encoding="utf-8")
    if block.language == "yaml":
        check_settings(block)
        return
    command = [sys.executable, "-c", block.code] if block.language == "python" else ["/bin/sh", "-e", "-c", block.code]
    environment = os.environ | {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, f"{block.place}: {run.stderr}"


def check_settings(block: Block) -> None:
    """Hold YAML to the model of what it is: a training, a card, a legend, a sensor, or a site file or part of one."""
    content = yaml.safe_load(block.code)
    if "trainer" in content:
        assert block.file, f"{block.place}: a training needs a name, <!-- file: NAME -->, and a block that runs it"
    elif "graph" in content:
        checked(content, GraphCard, block.place)
    elif "classes" in content:
        checked(content, Legend, block.place)
    elif "convention" in content:
        checked(content, Sensor, block.place)
    else:
        epochs = [{"year": year, "classes": f"{year}.tif"} for year in (2015, 2023)]
        tables = "tables" in content
        whole = {"version": 1, "site": "site"} | ({} if tables else {"epochs": epochs})
        checked(whole | content, SiteSettings, block.place)
