"""The verbs lifecycle, thresholds and scale."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from finished_site import finished_site

from pitscape.cli import main
from pitscape.imagery.simulated.life_cycle import draw_output
from pitscape.national_chart import national
from pitscape.resilience.life_cycle import life_cycle_of_production

YEARS = range(1980, 2022)


def table(path: Path, column: str, values: Any) -> Path:  # noqa: ANN401 - numbers or text
    rows = [f"{year},{value}" for year, value in zip(YEARS, values, strict=False)]
    path.write_text("\n".join([f"year,{column}", *rows]) + "\n")
    return path


@pytest.fixture
def production(tmp_path: Path) -> Path:
    """30 Mt from about 1990 to 2007, exactly the double logistic curve of t1 1987, k1 0.9, t2 2010, k2 0.7."""
    t = np.array(YEARS, float)
    return table(
        tmp_path / "production.csv",
        "production_mt",
        30 / (1 + np.exp(-0.9 * (t - 1987))) / (1 + np.exp(0.7 * (t - 2010))),
    )


@pytest.fixture
def eci(tmp_path: Path) -> Path:
    """ECI of 0.6 times knots at 10, 22 and 32 years, with noise of sd 0.005."""
    course = np.interp(range(42), [0, 10, 22, 32, 41], [1, 0.95, 0.7, 0.4, 0.38])
    noise = np.random.default_rng(0).normal(0, 0.005, 42)
    noise[0] = 0
    return table(tmp_path / "eci.csv", "eci", 0.6 * (course + noise))


def test_lifecycle_by_hand(production: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """1987 + 2.197 / 0.9 = 1989.44 and 2010 - 2.197 / 0.7 = 2006.86."""
    output, figure = tmp_path / "out" / "life.json", tmp_path / "out" / "life.html"
    assert main(["lifecycle", str(production), "--output", str(output), "--figure", str(figure)]) == 0
    printed = capsys.readouterr().out
    assert "stage in 2021: decline" in printed
    content = json.loads(output.read_text())
    life = content["life_cycle"]
    assert life["stable_from"] == pytest.approx(1989.44, abs=0.01)
    assert life["decline_from"] == pytest.approx(2006.86, abs=0.01)
    assert life["curve"]["plateau_mt"] == pytest.approx(30)
    assert len(life["stages"]) == 42
    assert set(content["inputs_sha256"]) == {"production.csv"}
    assert str(tmp_path) not in output.read_text()
    assert "src=" not in figure.read_text().split("</script>")[-1]


def test_an_insufficient_record_is_a_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    short = table(tmp_path / "p.csv", "production_mt", [40, "", 42])
    assert main(["lifecycle", str(short)]) == 0
    assert "insufficient: 2 values of output, at least 8 are needed" in capsys.readouterr().out
    assert main(["lifecycle", str(short), "--first-production", "1950"]) == 0
    assert "stage in 1982: late stable" in capsys.readouterr().out


def test_thresholds_are_found_and_checked(eci: Path, production: Path, tmp_path: Path) -> None:
    output, figure = tmp_path / "t.json", tmp_path / "t.html"
    options = ["--production", str(production), "--draws", "50", "--output", str(output), "--figure", str(figure)]
    assert main(["thresholds", str(eci), *options]) == 0
    content = json.loads(output.read_text())
    points = content["thresholds"]["points"]
    assert [point["name"] for point in points] == ["elastic", "yield", "mutation"]
    assert [point["year"] for point in points] == pytest.approx([1990, 2002, 2012], abs=1.5)
    assert content["thresholds"]["contradiction"] is None  # 2012 lies after the stable stage, which ends in 2006.86
    assert content["series"][0] == {"year": 1980.0, "eci": pytest.approx(0.6), "thv": 1.0}
    assert "elastic" in figure.read_text()


def test_a_mutation_within_the_stable_stage_is_a_contradiction(eci: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["thresholds", str(eci), "--first-production", "1985", "--draws", "5"]) == 0
    assert "contradiction: the mutation point (2012.0) comes within the stable stage" in capsys.readouterr().out


def test_known_constants_are_inverted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """1, .9, .8, .6: 0.85 is passed half-way between 1981 and 1982."""
    path = table(tmp_path / "e.csv", "eci", [0.5, 0.45, 0.4, 0.3])
    assert main(["thresholds", str(path), "--yield", "0.8,0.9", "--mutation", "0.5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split()[:5] == ["yield", "1981.5", "1981.0", "-", "1982.0"]
    assert lines[3].split()[:5] == ["mutation", "-", "open", "-", "open"]


@pytest.fixture
def sites(tmp_path: Path) -> list[str]:
    paths = []
    for name, shift in (("p", 0.0), ("q", 0.02), ("r", 0.04), ("s", 0.06)):
        path = tmp_path / name / "site.json"
        path.parent.mkdir()
        path.write_text(json.dumps(finished_site(name, shift)))
        paths.append(str(path))
    return paths


def test_sites_are_pooled(sites: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """ThV .40 to .46 against an output of 10 to 16 Mt: 0.01 for each Mt; E of the last epoch is coarse and left out."""
    output, figure = tmp_path / "pooled.json", tmp_path / "pooled.html"
    assert main(["thresholds", "--sites", *sites, "--output", str(output), "--figure", str(figure)]) == 0
    assert "mutation       4   0.430" in capsys.readouterr().out
    content = json.loads(output.read_text())
    mutation = content["pooled"][2]
    assert mutation["all"]["mean"] == pytest.approx(0.43)
    assert mutation["slopes"]["scale_mt"]["slope"] == pytest.approx(0.01)
    assert mutation["slopes"]["service_years"]["slope"] is None  # all have 25 years
    assert mutation["by_technology"]["dragline"]["sites"] == 4
    rows = {(row["stage"], row["measure"]): row for row in content["by_stage"]}
    assert set(rows) == {("initial", "e"), ("late stable", "eci"), ("late stable", "thv")}
    assert rows["late stable", "thv"]["mean"] == pytest.approx(0.53)


def test_sites_are_scaled(sites: list[str], tmp_path: Path) -> None:
    """Areas 5, 6, 7, 8 km2 with 10, 12, 14, 16 Mt: half a km2 for each Mt, whatever is left out."""
    output = tmp_path / "scale.json"
    options = ["--national-mt", "1000", "--output", str(output), "--figure", str(tmp_path / "n.html")]
    assert main(["scale", "--sites", *sites, *options]) == 0
    content = json.loads(output.read_text())
    assert content["national"]["area_km2"] == pytest.approx(500)
    assert [row["estimator"] for row in content["estimators"]] == ["ratio", "regression"]
    assert content["estimators"][1]["area_km2"] == pytest.approx(500)
    assert content["sums"]["excavated_km2"] == pytest.approx(8.12)
    assert any("relief" in note for note in content["notes"])


def test_errors_of_areas_become_an_interval(tmp_path: Path) -> None:
    """20 km2 for 10 Mt, errors of 0.3 and 0.4: 0.5 x 100 / 10 x 1.96 on either side of 200."""
    mines = tmp_path / "mines.csv"
    mines.write_text("name,excavated_km2,affected_km2,affected_se_km2,production_mt\na,1,10,0.3,5\nb,1,10,0.4,5\n")
    output = tmp_path / "s.json"
    assert main(["scale", "--mines", str(mines), "--national-mt", "100", "--output", str(output)]) == 0
    drawn = json.loads(output.read_text())["draws"]
    assert (drawn["low_km2"], drawn["high_km2"]) == pytest.approx((190.2, 209.8), abs=0.3)


def test_what_a_table_of_mines_does_not_tell_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Output of one mine alone is no output; areas that fall with output give less than what was measured."""
    mines, output = tmp_path / "mines.csv", tmp_path / "s.json"
    mines.write_text("name,excavated_km2,affected_km2,production_mt\na,1,10,5\nb,1,10,\n")
    assert main(["scale", "--mines", str(mines), "--national-mt", "100", "--mines-mt", "20"]) == 0
    assert "note: not every mine has an output: 20 Mt (--mines-mt) is taken" in capsys.readouterr().out
    mines.write_text("name,excavated_km2,affected_km2,production_mt\na,1,80,2\nb,1,60,4\nc,1,10,9\n")
    options = ["--national-mt", "27", "--national-mines", "3", "--output", str(output)]
    assert main(["scale", "--mines", str(mines), *options, "--figure", str(tmp_path / "s.html")]) == 0
    assert "the regression estimate lies below the measured 150.00 km2" in capsys.readouterr().out
    content = json.loads(output.read_text())
    content["estimators"][1] |= {"low_km2": -50.0, "high_km2": 5000.0}
    assert national(content).layout.xaxis.type == "linear"
    content["estimators"][1] |= {"low_km2": 20.0}
    assert national(content).layout.xaxis.type == "log"


@pytest.fixture
def two_mines(tmp_path: Path) -> Path:
    path = tmp_path / "mines.csv"
    path.write_text("name,excavated_km2,affected_km2,affected_se_km2\na,1,10,0.3\nb,1,10,\n")
    return path


def test_a_covariance_of_mines_widens_the_interval(two_mines: Path, tmp_path: Path) -> None:
    """Variances .09 and .16 with covariance .12: the errors are as one of 0.7, and 0.7 x 100 / 10 x 1.96 = 13.72."""
    covariance, output = tmp_path / "covariance.csv", tmp_path / "s.json"
    covariance.write_text("0.09,0.12\n0.12,0.16\n")
    options = ["--national-mt", "100", "--mines-mt", "10", "--covariance", str(covariance), "--output", str(output)]
    assert main(["scale", "--mines", str(two_mines), *options]) == 0
    content = json.loads(output.read_text())
    assert content["draws"]["of"] == "correlated areas"
    ends = [content["draws"][key] for key in ("low_km2", "high_km2")]
    assert ends == pytest.approx([186.28, 213.72], abs=0.5)
    assert content["options"]["covariance"] == "covariance.csv"
    assert set(content["inputs_sha256"]) == {"mines.csv", "covariance.csv"}
    assert str(tmp_path) not in output.read_text()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("0.09,0.1\n", "has 1 rows and 2 columns; give one of each for the 2 mines"),
        ("a,b\n0.09,0\n0,0.16\n", "line 1: column 1 is 'a'; give numbers alone, no header"),
        ("0.09,\n0,0.16\n", "line 1: column 2 is ''; give numbers"),
        ("0.09,0.1\n0.12,0.16\n", "line 1: column 2 is 0.1, and its mirror 0.12"),
        ("0.09,0.13\n0.13,0.16\n", "negative eigenvalue"),
        ("0.04,0\n0,0.16\n", "line 1: the variance of a is 0.04, its affected_se_km2 0.3 squared 0.09"),
        ("0.09,0\n0,-0.16\n", "negative eigenvalue"),
    ],
)
def test_what_is_no_covariance_is_refused(
    two_mines: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, problem: str
) -> None:
    covariance = tmp_path / "covariance.csv"
    covariance.write_text(text)
    output = tmp_path / "s.json"
    options = ["--national-mt", "100", "--mines-mt", "10", "--covariance", str(covariance), "--output", str(output)]
    assert main(["scale", "--mines", str(two_mines), *options]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert str(covariance) in message
    assert problem in message
    assert not output.exists()


def test_wrong_input_is_answered_in_one_line(
    eci: Path,
    production: Path,
    sites: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pitscape.figures.find_spec", lambda _: None)  # as on a machine without kaleido
    text = table(tmp_path / "text.csv", "eci", [0.5, "half"])
    zero = table(tmp_path / "zero.csv", "eci", [0.0, 0.5])
    twice = tmp_path / "twice.csv"
    twice.write_text("year,eci\n2000,1\n2000,2\n")
    negative = table(tmp_path / "negative.csv", "production_mt", [1, -2])
    cases = [
        (["lifecycle", str(eci)], str(eci), "lacks column production_mt"),
        (["lifecycle", str(tmp_path / "none.csv")], "none.csv", "CSV table"),
        (["lifecycle", str(negative)], str(negative), "at least 0"),
        (["lifecycle", str(production), "--figure", str(tmp_path / "f.pdf")], "f.pdf", ".html"),
        (["lifecycle", str(production), "--figure", str(tmp_path / "f.png")], "f.png", "kaleido"),
        (["lifecycle", str(production), "--output", str(production)], str(production), "another output"),
        (["thresholds", str(text)], f"{text}, line 3", "give a number"),
        (["thresholds", str(zero)], str(zero), "no base for a ratio"),
        (["thresholds", str(twice)], str(twice), "2000 comes more than once"),
        (["thresholds"], "thresholds", "--sites"),
        (["thresholds", str(eci), "--elastic", "high"], "--elastic", "interval"),
        (["thresholds", str(eci), "--elastic", "0.7", "--yield", "0.8"], str(eci), "must fall"),
        (["thresholds", str(eci), "--draws", "0"], "--draws", "at least 1"),
        (["thresholds", "--sites", *sites, "--yield", "0.7"], "--yield", "one ECI.csv"),
        (["thresholds", "--sites", str(eci)], str(eci), "pitscape run"),
        (["thresholds", "--sites", sites[0], sites[0]], sites[0], "once"),
        (["scale", "--sites", sites[0]], sites[0], "at least two"),
        (["scale", "--sites", *sites, "--mines", str(eci)], "scale", "one of them"),
        (["scale", "--output-error", "2"], "scale", "0 to 0.3"),
        (["scale", "--national-mines", "4"], "--national-mines 4", "fewer than the 5 mines"),
    ]
    for arguments, named, remedy in cases:
        assert main(arguments) == 2, arguments
        message = capsys.readouterr().err
        assert message.count("\n") == 1, message
        assert named in message
        assert remedy in message


@pytest.mark.parametrize("seed", range(4))
def test_simulated_mines_are_read_as_they_were_made(seed: int) -> None:
    """The output of a simulated year is that of its middle; chances of 2.5 % move the fit."""
    made = draw_output(np.random.default_rng(seed), opens=2014.0)
    output = made.yearly(np.random.default_rng(seed), 2010, 2030)
    found = life_cycle_of_production(np.array(list(output), float), np.array(list(output.values())))
    assert found.accelerated_from == made.opens
    assert found.stable_from + 0.5 == pytest.approx(made.stable_from, abs=0.3)
    assert np.isnan(found.decline_from)


@pytest.mark.parametrize("verb", ["lifecycle", "thresholds", "scale"])
def test_help_names_units(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([verb, "--help"])
    printed = capsys.readouterr().out
    assert "[Mt" in printed
    assert "--output" in printed
