"""Pages of the site whose text stands outside of docs/: the README, the changes, and the configurations that pages name."""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
PAGES = {"index.md": ROOT / "README.md", "changes.md": ROOT / "CHANGELOG.md"}
INTO_DOCS = re.compile(r"(?<=\]\()docs/")
UP_TO_CONFIGS = re.compile(r"(?<=\]\()(?:\.\./)+(?=configs/)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what stands elsewhere, under the name that it has on the site."""
    for name, source in PAGES.items():
        text = INTO_DOCS.sub("", source.read_text(encoding="utf-8"))
        files.append(File.generated(config, name, content=text))
    for source in sorted((ROOT / "configs").rglob("*.yaml")):
        files.append(File.generated(config, source.relative_to(ROOT).as_posix(), abs_src_path=str(source)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Let links to the configurations, which stand above docs/, find them on the site."""
    depth = page.file.src_uri.count("/")
    return UP_TO_CONFIGS.sub("../" * depth, markdown)
