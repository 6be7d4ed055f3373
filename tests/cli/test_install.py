"""`facetex install`: the right installer for the environment, and what came with it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from facetex_cli import install
from facetex_cli.main import main
from toy_distribution import install_module

PROJECT = """
[build-system]
requires = ["hatchling>=1.25"]
build-backend = "hatchling.build"

[project]
name = "facetex-new"
version = "0.1.0"

[project.entry-points.facetex]
facetex_new = "facetex_new"
"""


@pytest.fixture
def ran(monkeypatch):
    """The commands that would be run; all succeed."""
    words: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        words.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(install.subprocess, "run", run)
    return words


@pytest.fixture
def found(monkeypatch):
    """Which programs and modules there are."""

    def have(*names: str) -> None:
        monkeypatch.setattr(install, "which", lambda name: name if name in names else None)
        monkeypatch.setattr(install, "find_spec", lambda name: name if name in names else None)

    return have


def test_a_plain_environment_has_pip(found, tmp_path):
    found("pip", "uv", "pipx")
    assert install.installer(tmp_path) == [sys.executable, "-m", "pip", "install"]


def test_an_environment_of_pipx_is_injected_into(found, tmp_path):
    (tmp_path / "pipx_metadata.json").touch()
    found("pip", "pipx")
    assert install.installer(tmp_path) == ["pipx", "inject", tmp_path.name]
    found("pip")
    assert install.installer(tmp_path) == [sys.executable, "-m", "pip", "install"]


def test_an_environment_of_uv_has_no_pip(found, tmp_path):
    found("uv")
    assert install.installer(tmp_path) == ["uv", "pip", "install", "--python", sys.executable]


def test_where_nothing_can_install_it_is_said(found, monkeypatch, capsys):
    found()
    assert main(["install", "facetex-new"]) == 2
    assert "has no pip, and there is no uv: `" in capsys.readouterr().err


def test_a_folder_goes_by_its_whole_path(ran, found, monkeypatch, tmp_path, capsys):
    found("pip")
    monkeypatch.chdir(tmp_path)
    Path("facetex-new").mkdir()
    assert main(["install", "facetex-new"]) == 0
    assert main(["install", "facetex-other"]) == 0
    assert [words[-1] for words in ran] == [str(tmp_path / "facetex-new"), "facetex-other"]
    assert "facetex-other brings no new plugin" in capsys.readouterr().out


def test_an_option_of_pip_is_no_package(ran, found, capsys):
    found("pip")
    assert main(["install", "--", "--index-url=nowhere"]) == 2
    assert "'--index-url=nowhere' is no package" in capsys.readouterr().err
    assert ran == []


def test_what_came_is_said(ran, found, toy, monkeypatch, capsys):
    found("pip")
    before = install._plugins

    def brings(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        install_module(toy, "fresh_plugin", "")
        return subprocess.CompletedProcess([], 0)

    assert "fresh_plugin" not in before()
    monkeypatch.setattr(install.subprocess, "run", brings)
    assert main(["install", "fresh"]) == 0
    assert capsys.readouterr().out == "new: fresh_plugin; `facetex plugins` lists all plugins\n"


def test_a_failure_of_the_installer_is_one_line(found, monkeypatch, capsys):
    found("pip")
    monkeypatch.setattr(install.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 1))
    assert main(["install", "fresh"]) == 2
    assert (
        capsys.readouterr().err == f"error: fresh was not installed: `{sys.executable} -m pip install` shows the reason above\n"
    )


def test_a_folder_is_really_installed(tmp_path):
    """By pip into an empty folder, without a network: what the command runs, with what keeps the test to itself."""
    package = tmp_path / "facetex-new"
    package.mkdir()
    (package / "pyproject.toml").write_text(PROJECT, "utf-8")
    (package / "facetex_new.py").write_text("", "utf-8")
    here = {"PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_INDEX": "1", "PIP_TARGET": str(tmp_path / "site")}
    quiet = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    source = "import sys; from facetex_cli.main import main; sys.exit(main())"
    words = [sys.executable, "-c", source, "install", str(package)]
    told = subprocess.run(words, env={**os.environ, **here, **quiet}, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert (tmp_path / "site" / "facetex_new.py").is_file()
