from pathlib import Path

import pytest

from pitscape.imagery.errors import InputError
from pitscape.imagery.outputs import check_writable, keep_inputs, replacing, sha256_of, write_json, write_text


def test_an_output_appears_when_its_block_ends_well(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.txt"
    with replacing(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_a_failed_block_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "before")
    with pytest.raises(ZeroDivisionError), replacing(path) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_places_that_cannot_hold_an_output_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "a.txt"):
        with pytest.raises(InputError, match=r"is a folder|cannot be written to"):
            check_writable(path)


def test_an_input_is_never_an_output(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    keep_inputs([tmp_path / "b"], [tmp_path / "a"])
    with pytest.raises(InputError, match="is an input of this run"):
        keep_inputs([tmp_path / "c" / ".." / "a"], [tmp_path / "a"])


def test_json_has_no_nan(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nan"):
        write_json(tmp_path / "a.json", {"x": float("nan")})
    assert not list(tmp_path.iterdir())


def test_sha256_of_a_known_text(tmp_path: Path) -> None:
    """FIPS 180-2, example B.1."""
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_of(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
