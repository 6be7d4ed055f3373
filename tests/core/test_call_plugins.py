"""Plugins of a single call: a file of one's own beside what is installed, and what is installed left out."""

import json
import os
import subprocess
import sys
import time

import pytest
from facetex_cli.main import main
from toy_distribution import install_module

from facetex_core import ConfigError, PluginError, Registry
from facetex_core.plugin_files import load_plugin_file

MINE = '''
"""A detector of one's own."""

from facetex_core import Photo, hookimpl

api_version = 2


@hookimpl
def detectors():
    return {"mine": Nobody}


class Nobody:
    """Sees nobody."""

    def detect(self, photo: Photo) -> tuple:
        return ()
'''


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(MINE, "utf-8")
    return path


def rows(capsys, *words):
    assert main(["plugins", "--json", *map(str, words)]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_file_of_one_s_own_is_a_plugin_for_the_call(mine, capsys):
    found = {"stage": "detector", "name": "mine", "plugin": "mine.py", "origin": "file mine.py", "state": "ok"}
    assert found in rows(capsys, "--plugin", mine)
    assert found not in rows(capsys)
    assert "FACETEX_PLUGIN_FILES" not in os.environ


def test_every_command_that_uses_plugins_takes_it(mine, tmp_path, capsys):
    photo = tmp_path / "me.png"
    from PIL import Image

    Image.new("RGB", (64, 64), "grey").save(photo)
    out = ["-o", str(tmp_path / "out")]
    for words in (
        ["run", str(photo), "--detector", "mine", *out],
        ["compare", str(photo), "--detector", "mine", "--fitter", "basis,landmarks", "--size", "256", *out],
    ):
        assert main([*words, "--plugin", str(mine)]) == 2
        assert "no face" in capsys.readouterr().err
        assert main(words) == 2
        assert "no detector 'mine'" in capsys.readouterr().err
    assert main(["plugins", "show", "mine", "--plugin", str(mine)]) == 0
    assert "detector mine: Sees nobody." in capsys.readouterr().out


def test_the_processes_that_a_command_starts_have_it_too(mine, monkeypatch):
    monkeypatch.setenv("FACETEX_PLUGIN_FILES", str(mine))
    source = "from facetex_core import Registry; print(Registry().find('detector', 'mine').plugin)"
    told = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert told.stdout == "mine.py\n"


def test_a_file_is_run_once_a_process(mine, monkeypatch):
    monkeypatch.setenv("FACETEX_PLUGIN_FILES", str(mine))
    assert Registry().find("detector", "mine").factory is Registry().find("detector", "mine").factory


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import facetex_core\n1 / 0", "error: mine.py, line 2: ZeroDivisionError: division by zero"),
        ("\ndef (", "error: mine.py, line 2: SyntaxError: "),
        ("raise SystemExit(3)", "error: mine.py, line 1: SystemExit: 3"),
        ("x = 1", "error: plugin 'mine.py' offers nothing: hooks are: detectors"),
    ],
)
def test_a_broken_file_is_one_line_that_says_where(tmp_path, capsys, source, told):
    path = tmp_path / "mine.py"
    path.write_text(source, "utf-8")
    for _ in range(2):
        assert main(["plugins", "--plugin", str(path)]) == 2
        said = capsys.readouterr().err
        assert said.startswith(told)
        assert said.count("\n") == 1


def test_what_is_no_file_of_python_is_refused(tmp_path, capsys):
    for wrong in (tmp_path / "nowhere.py", tmp_path):
        assert main(["plugins", "--plugin", str(wrong)]) == 2
        assert "--plugin takes a file that ends in .py, such as mine.py, not" in capsys.readouterr().err
    with pytest.raises(ConfigError, match=r"a plugin file must end in \.py"):
        load_plugin_file(tmp_path / "nowhere.py")


def test_a_strict_call_keeps_the_traceback(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("1 / 0", "utf-8")
    monkeypatch.setenv("FACETEX_STRICT_PLUGINS", "1")
    with pytest.raises(ZeroDivisionError):
        load_plugin_file(tmp_path / "mine.py")
    monkeypatch.delenv("FACETEX_STRICT_PLUGINS")
    with pytest.raises(PluginError, match=r"mine\.py, line 1: ZeroDivisionError"):
        load_plugin_file(tmp_path / "mine.py")


def test_a_plugin_that_hangs_at_import_can_be_left_out(toy):
    install_module(toy, "hangs", "import time\ntime.sleep(600)\n")
    source = "import sys; from facetex_cli.main import main; sys.exit(main())"
    begin = time.monotonic()
    words = [sys.executable, "-c", source, "plugins", "--no-plugin", "hangs"]
    told = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)
    assert (told.returncode, told.stderr) == (0, "")
    assert "hangs" not in told.stdout
    assert time.monotonic() - begin < 300


def test_several_plugins_are_left_out_for_one_call(toy, capsys):
    names = {row["plugin"] for row in rows(capsys, "--no-plugin", "toy", "--no-plugin", "fit_ict")}
    assert not names & {"toy", "fit_ict"}
    assert {"toy", "fit_ict"} <= {row["plugin"] for row in rows(capsys)}
    assert main(["run", "nowhere.jpg", "--no-plugin", "fit_posterior"]) == 2
    assert "no fitter 'posterior'" in capsys.readouterr().err


def test_a_misspelt_plugin_cannot_be_left_out(capsys):
    assert main(["plugins", "--no-plugin", "fit_bases"]) == 2
    assert "--no-plugin: no plugin 'fit_bases' is installed; did you mean 'fit_basis'?" in capsys.readouterr().err
