"""`facetex doctor`: what people read, and which packages are looked for."""

import tomllib

import pytest
from facetex_cli import device, doctor
from facetex_cli.doctor_run import Check, versions
from facetex_cli.main import main
from places import ROOT

from facetex_core import ConfigError

FINE, NOTED = Check("versions", "python", "ok", "3.12.1"), Check("models", "bfm", "note", "is not installed")
BROKEN = Check("models", "faces", "fails", "is damaged", "facetex zoo pull faces")


def said(monkeypatch, capsys, *checks):
    monkeypatch.setattr(doctor, "all_checks", lambda: (("all", lambda: iter(checks)),))
    return main(["doctor"]), capsys.readouterr().out


def test_people_read_a_line_a_check_under_its_group_with_its_mend(monkeypatch, capsys):
    code, text = said(monkeypatch, capsys, FINE, NOTED, BROKEN)
    assert code == 1
    assert text.splitlines() == [
        "versions",
        "  ok    python  3.12.1",
        "models",
        "  note  bfm     is not installed",
        "  FAILS faces   is damaged; mend: facetex zoo pull faces",
        "1 of 3 fail: faces",
    ]


def test_where_nothing_fails_it_says_so_and_ends_with_0(monkeypatch, capsys):
    code, text = said(monkeypatch, capsys, FINE, NOTED)
    assert (code, text.splitlines()[-1]) == (0, "everything needed is present")


def test_every_package_that_facetex_needs_is_looked_for_and_none_of_an_extra():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    names = {check.name for check in versions()}
    assert names == {"facetex", "python", *(line.split(">=")[0] for line in project["dependencies"])}


def test_a_card_that_is_asked_for_and_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(device, "missing_for_cuda", lambda: "torch sees no CUDA device")
    with pytest.raises(ConfigError, match=r"^no CUDA here: torch sees no CUDA device; --device cpu works everywhere$"):
        device.choose_device("cuda")


@pytest.mark.parametrize(
    ("wanted", "missing", "found"), [("auto", "a driver", "cpu"), ("auto", "", "cuda"), ("cuda", "", "cuda")]
)
def test_the_card_is_taken_where_nothing_is_missing(monkeypatch, wanted, missing, found):
    monkeypatch.setattr(device, "missing_for_cuda", lambda: missing)
    assert device.choose_device(wanted) == found


def test_the_processor_is_taken_without_looking_for_a_card(monkeypatch):
    monkeypatch.setattr(device, "missing_for_cuda", None)
    assert device.choose_device("cpu") == "cpu"


def test_a_missing_driver_is_named_before_anything_heavy_is_loaded(monkeypatch):
    monkeypatch.setattr(device, "DRIVER", "libnowhere.so.9")
    assert device.missing_for_cuda() == "the NVIDIA driver (libnowhere.so.9) is not installed"
