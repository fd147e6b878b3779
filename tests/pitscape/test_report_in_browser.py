"""The report in headless Chromium: slider, swipe, layers, keyboard, accessibility, print; nothing from outside."""

import csv
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import yaml
from small_scenes import BANDS, grid, stored_numbers, write_raster

from pitscape.cli import main
from pitscape.imagery.class_map import save_class_map
from pitscape.imagery.legend import load_legend

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

playwright_api = pytest.importorskip("playwright.sync_api", reason="run `make browser`: playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="run `make browser`: axe is not installed")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is found: `make browser` says how to get it")

TITLE = "</script><script>document.title = 'run'</script> mine"
YEARS = (2015, 2018, 2022)


def write_site(folder: Path, years: tuple[int, ...]) -> Path:
    """Fields with a pit of 0, 100 and 200 cells, and an image for each epoch; 1,600 cells of 100 m2."""
    epochs = []
    for place, year in enumerate(years):
        ids = np.full((40, 40), 2, np.uint8)
        ids[20:30, 20 : 20 + 10 * place] = 0
        save_class_map(folder / f"{year}.tif", ids, grid(40, 40), load_legend())
        write_raster(folder / f"s_{year}0701.tif", stored_numbers(40, 40, seed=year), bands=BANDS)
        epoch = {
            "classes": f"{year}.tif",
            "image": f"s_{year}0701.tif",
            "reference": f"{year}.tif",
            "offset": "included",
        }
        epochs.append(epoch | {"year": year, "name": str(year)})
    rows = [f"{year},{max(0, year - 2014)}" for year in range(2010, 2023)]
    (folder / "production.csv").write_text("\n".join(["year,production_mt", *rows]))
    site = {"version": 1, "site": "browser", "title": TITLE, "notes": [TITLE], "epochs": epochs}
    site |= {"production": "production.csv"} | ({"affected": {"classes": ["mined"]}} if len(years) > 1 else {})
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(site))
    return path


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    assert main(["run", str(write_site(folder, YEARS)), "--out", str(folder / "out")]) == 0
    return folder / "out" / "report.html"


@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:
    with playwright_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium: "Browser", report: Path) -> Iterator["Page"]:
    page, told = open_page(chromium, report)
    yield page
    page.close()
    assert told == []


def open_page(chromium: "Browser", report: Path, *, width: int = 1280) -> tuple["Page", list[str]]:
    """A page whose requests go nowhere, with all that it complains about."""
    page = chromium.new_page(viewport={"width": width, "height": 900}, accept_downloads=True)
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: told.append(str(error)))

    def refuse(route: "Route") -> None:
        told.append(route.request.url)
        route.abort()

    page.route(lambda url: not url.startswith(("file:", "data:", "blob:")), refuse)
    page.goto(report.as_uri())
    page.wait_for_selector(".plot .main-svg")
    return page, told


def test_names_stay_text(opened: "Page") -> None:
    assert opened.title() == TITLE
    assert opened.inner_text("h1") == TITLE


def test_the_slider_changes_the_epoch_by_keyboard(opened: "Page") -> None:
    opened.focus("#epoch")
    opened.keyboard.press("ArrowLeft")
    assert opened.inner_text("#epoch-name") == "2018"
    assert opened.get_attribute("#epoch", "aria-valuetext") == "2018"
    assert opened.locator(".frame.after").get_attribute("data-name") == "2018"
    assert opened.locator(".frame:visible").count() == 2  # with the one that it is compared with
    opened.keyboard.press("Home")
    assert opened.locator(".frame:visible").count() == 1  # 2015 beside itself


def test_the_slider_changes_the_epoch_by_mouse(opened: "Page") -> None:
    opened.locator("#epoch").scroll_into_view_if_needed()
    box = opened.locator("#epoch").bounding_box()
    opened.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert opened.inner_text("#epoch-name") == "2018"


def test_the_swipe_moves_by_keyboard_and_is_seen_in_focus(opened: "Page") -> None:
    opened.focus("#swipe")
    opened.keyboard.press("ArrowRight")
    assert opened.get_attribute("#swipe", "aria-valuenow") == "52"
    opened.keyboard.press("End")
    opened.keyboard.press("ArrowRight")
    assert opened.get_attribute("#swipe", "aria-valuenow") == "100"
    assert opened.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_the_swipe_moves_by_mouse_and_shows_more_of_the_epoch_before(opened: "Page") -> None:
    opened.locator("#stage").scroll_into_view_if_needed()
    stage, handle = (opened.locator(name).bounding_box() for name in ("#stage", "#swipe"))
    height = stage["y"] + 40
    opened.mouse.move(handle["x"] + handle["width"] / 2, height)
    opened.mouse.down()
    opened.mouse.move(stage["x"] + 0.8 * stage["width"], height)
    opened.mouse.up()
    assert opened.get_attribute("#swipe", "aria-valuenow") == "80"
    clip = opened.evaluate("getComputedStyle(document.querySelector('.before')).clipPath")
    assert clip == "inset(0px 20% 0px 0px)"
    opened.mouse.move(stage["x"] + 0.2 * stage["width"], height)
    assert opened.get_attribute("#swipe", "aria-valuenow") == "80"  # released


def test_the_swipe_moves_by_touch(chromium: "Browser", report: Path) -> None:
    context = chromium.new_context(has_touch=True, viewport={"width": 400, "height": 800})
    page = context.new_page()
    page.goto(report.as_uri())
    page.locator("#swipe").scroll_into_view_if_needed()
    stage = page.locator("#stage").bounding_box()
    y, session = stage["y"] + 30, context.new_cdp_session(page)
    for kind, share in (("touchStart", 0.5), ("touchMove", 0.4), ("touchMove", 0.25), ("touchEnd", None)):
        points = [] if share is None else [{"x": stage["x"] + share * stage["width"], "y": y}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert page.get_attribute("#swipe", "aria-valuenow") == "25"
    context.close()


def test_layers_go_and_come(opened: "Page") -> None:
    for layer in ("scene", "classes", "extents", "affected"):
        shown = opened.locator(f".frame.after .{layer}")
        assert shown.is_visible()
        opened.uncheck(f"[data-layer={layer}]")
        assert not shown.is_visible()
        opened.check(f"[data-layer={layer}]")
        assert shown.is_visible()


def test_the_scale_bar_is_true(opened: "Page") -> None:
    """The map of 40 cells of 10 m is 0.4 km wide; geodesic and projected lengths differ by less than 0.1 %."""
    bar, stage = (opened.locator(name).bounding_box()["width"] for name in (".bar > span", "#stage"))
    assert opened.inner_text(".bar-text") == "0.1 km"
    assert bar / stage == pytest.approx(0.1 / 0.4, rel=0.01)


def test_axe_finds_no_serious_issue(opened: "Page") -> None:
    found = axe.Axe().run(opened).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] in {"serious", "critical"}] == []


def test_headings_stand_in_order(opened: "Page") -> None:
    levels = [int(name[1]) for name in opened.eval_on_selector_all("h1,h2,h3,h4", "all => all.map(e => e.tagName)")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_a_table_is_downloaded(opened: "Page", tmp_path: Path) -> None:
    with opened.expect_download() as caught:
        opened.click("a[download='areas_area_km2.csv']")
    caught.value.save_as(tmp_path / "areas.csv")
    with (tmp_path / "areas.csv").open(encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["mined"]) for row in rows] == pytest.approx([0, 0.01, 0.02], rel=2e-3)


@pytest.mark.parametrize("width", [1280, 400])
def test_the_page_is_no_wider_than_the_screen(chromium: "Browser", report: Path, width: int) -> None:
    page, told = open_page(chromium, report, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()
    assert told == []


def test_paper_has_all_epochs_and_charts_and_no_controls(opened: "Page") -> None:
    opened.emulate_media(media="print")
    assert opened.locator(".frame:visible").count() == len(YEARS)
    assert not opened.locator("#map-controls").is_visible()
    assert not opened.locator("#swipe").is_visible()
    charts = opened.locator(".plot .main-svg:first-child").all()
    assert len(charts) >= 5
    for chart in charts:
        box, room = chart.bounding_box(), chart.locator("xpath=ancestor::figure").bounding_box()
        assert box["height"] > 50
        assert box["width"] <= room["width"] + 1


def test_one_epoch_has_neither_slider_nor_swipe(chromium: "Browser", tmp_path: Path) -> None:
    assert main(["run", str(write_site(tmp_path, (2018,))), "--out", str(tmp_path / "out"), "--language", "zh"]) == 0
    page, told = open_page(chromium, tmp_path / "out" / "report.html")
    assert page.locator("#epoch, #swipe").count() == 0
    assert page.locator(".frame:visible").count() == 1
    assert page.get_attribute("html", "lang") == "zh"
    assert "仅一期无法说明变化" in page.inner_text("#summary")
    page.close()
    assert told == []
