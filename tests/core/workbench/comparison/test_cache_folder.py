"""A cache stays within its bound: what was used longest ago goes first, what is in use never; and the commands about it."""

import os
import time

import numpy as np
import pytest
from cached_work import Brighter, Zoo, opened, work
from facetex_cli.main import main

from facetex_core import ConfigError, Texture
from facetex_core.workbench.comparison import cache_folder
from facetex_core.workbench.comparison.cache_folder import Bounded, files_of


def texture(number):
    return Texture(np.full((256, 256, 3), number / 10, np.float32), np.ones((256, 256), np.float32))


@pytest.fixture
def zoo(tmp_path):
    (tmp_path / "net.onnx").write_bytes(b"weights")
    return Zoo(tmp_path / "net.onnx")


def bounded_by(monkeypatch, results):
    """So many of these results fit, and the morphable model."""
    monkeypatch.setenv(cache_folder.VARIABLE, str((results + 0.5) * 256 * 256 * 16e-9))


def test_the_results_that_were_used_longest_ago_go_first(tmp_path, zoo, monkeypatch):
    bounded_by(monkeypatch, 3)
    for number in (1, 2, 3, 1, 4):
        stage = Brighter(zoo)
        time.sleep(0.02)
        work(opened(tmp_path, zoo, stage), stage, texture(number))
    calls = []
    for number in (1, 3, 4, 2):
        stage = Brighter(zoo)
        work(opened(tmp_path, zoo, stage), stage, texture(number))
        calls.append(stage.calls)
    assert calls == [0, 0, 0, 1]


def test_what_the_running_comparison_has_used_never_goes(tmp_path, zoo, monkeypatch):
    bounded_by(monkeypatch, 2)
    old = Brighter(zoo)
    work(opened(tmp_path, zoo, old), old, texture(9))
    stage = Brighter(zoo)
    cache = opened(tmp_path, zoo, stage)
    for _ in range(2):
        for number in (1, 2, 3, 4):
            work(cache, stage, texture(number))
    assert stage.calls == 4
    assert len(list((tmp_path / "cache").rglob("*.delighter"))) == 4, "the old one is gone"


def test_a_bounded_folder_ends_below_its_bound(tmp_path):
    for number in range(10):
        (tmp_path / f"{number}.unwrap").write_bytes(bytes(1000))
        os.utime(tmp_path / f"{number}.unwrap", (number, number))
    bounded = Bounded(tmp_path, 5500)
    bounded.use(tmp_path / "0.unwrap")
    (tmp_path / "new.unwrap").write_bytes(bytes(1000))
    bounded.take_in(tmp_path / "new.unwrap", 1000)
    assert sorted(path.name[0] for path, _ in files_of(tmp_path)) == ["0", "7", "8", "9", "n"]


@pytest.mark.parametrize("text", ["much", "0", "-1", "nan"])
def test_a_bound_that_is_none_is_refused(tmp_path, zoo, monkeypatch, text):
    monkeypatch.setenv(cache_folder.VARIABLE, text)
    with pytest.raises(ConfigError, match=f"FACETEX_CACHE_GB must be a number of gigabytes above 0, not '{text}'"):
        opened(tmp_path, zoo, Brighter(zoo))


@pytest.fixture
def folder(tmp_path, zoo):
    """Of a comparison, with a result in its cache."""
    (tmp_path / ".facetex-compare").touch()
    (tmp_path / "compare.html").touch()
    stage = Brighter(zoo)
    work(opened(tmp_path, zoo, stage), stage)
    return tmp_path


def test_size_and_clear_tell_and_remove_what_is_kept(folder, capsys):
    assert main(["cache", "size", str(folder)]) == 0
    assert capsys.readouterr().out == "1 file, 0.00 GB of at most 20 GB\n"
    assert main(["cache", "clear", str(folder)]) == 0
    assert capsys.readouterr().out == "1 file removed, 0.00 GB\n"
    assert list((folder / "cache").iterdir()) == []
    assert (folder / "compare.html").is_file()
    assert main(["cache", "clear", str(folder)]) == 0


def test_a_folder_that_is_no_comparison_is_left_alone(tmp_path, capsys):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "mine").touch()
    assert main(["cache", "clear", str(tmp_path)]) == 2
    assert "is not a folder of facetex compare; give the folder of its option -o" in capsys.readouterr().err
    assert (tmp_path / "cache" / "mine").is_file()
