"""`facetex plugins new`, and the example of the docs: packages that can be built, installed and tested by a stranger."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from facetex_cli.main import main
from toy_distribution import install_module

from facetex_core import STAGES
from facetex_core.testing import CONTRACTS

PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:dash", "-W", "error")
NAMES = (
    "photo", "restore", "mask", "model", "clean", "light", "texture", "view", "counterexample", "my-solver", "hidden",
    "none", "paint", "detail", "head2", "example",
)  # fmt: skip
"""Of new plugins: words that mean something to Python, to facetex or to the templates are as good as others."""
MOST_LINES = 42
"""Of the example and its test together."""


def run_python(*words: object, cwd: Path, site: Path | None = None) -> subprocess.CompletedProcess[str]:
    """In a process of its own; `site`: where packages are found besides."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(site or ""),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    command = [sys.executable, *map(str, words)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def python(*words: object, cwd: Path, site: Path | None = None) -> str:
    """What that prints."""
    done = run_python(*words, cwd=cwd, site=site)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def page_of(root: Path) -> str:
    """How to write a plugin."""
    return (root / "docs" / "how-to" / "write-a-plugin.md").read_text("utf-8")


def installed(package: Path, work: Path) -> Path:
    """The folder into which the package's wheel is installed; built from a copy, without the network."""
    copy, wheels, site = work / package.name, work / "wheels", work / "site"
    shutil.copytree(package, copy)
    offline = ("--quiet", "--no-deps", "--no-index")
    python("-m", "pip", "wheel", *offline, "--no-build-isolation", "--wheel-dir", wheels, copy, cwd=work)
    python("-m", "pip", "install", *offline, "--target", site, *wheels.glob("*.whl"), cwd=work)
    return site


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_new_plugin_of_every_role_passes_its_own_tests_at_once(here, capsys):
    for name, role in zip(NAMES, STAGES, strict=True):
        assert main(["plugins", "new", name, "--role", role]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if line.endswith("pyproject.toml")]) == len(STAGES)
    python("-m", "ruff", "check", "--isolated", "--select", "E,I,F401,F841", "--line-length", "128", ".", cwd=here)
    said = python(*PYTEST, *sorted(here.iterdir()), cwd=here)
    passed = re.search(r"(\d+) passed", said)
    assert passed
    assert int(passed[1]) > 10 * len(STAGES)


def test_a_new_plugin_is_installed_from_its_wheel_and_found(here):
    assert main(["plugins", "new", "two-words", "--role", "blend_solver"]) == 0
    site = installed(here / "facetex-two-words", here / "work")
    source = "import sys; from facetex_cli.main import main; sys.exit(main())"
    said = python("-c", source, "plugins", "check", "two-words", cwd=here, site=site)
    assert said.startswith("blend_solver two-words\n")
    assert "from plugin facetex_two_words, facetex-two-words 0.1.0" in python(
        "-c", source, "plugins", "show", "two-words", cwd=here, site=site
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["mine", "--role", "detectr"], "no role 'detectr'; did you mean 'detector'? there are: detector, restorer"),
        (
            ["Mine", "--role", "detector"],
            "'Mine' is no name for a plugin: lower-case letters, digits and hyphens, a letter first",
        ),
        (["../mine", "--role", "detector"], "'../mine' is no name for a plugin"),
        (
            ["landmarks", "--role", "detector"],
            "detector 'landmarks' is offered by 'detect_landmarks' already: take another name",
        ),
        (["core", "--role", "detector"], "there is a package 'facetex_core' already: take another name"),
        (["full", "--role", "detector"], "facetex-full is there already and not an empty folder: take another name"),
        (["file", "--role", "detector"], "facetex-file is there already and not an empty folder: take another name"),
        (["mine"], "Missing option '--role'"),
    ],
)
def test_what_cannot_be_made_is_refused_and_nothing_is_written(here, capsys, words, told):
    (here / "facetex-full").mkdir()
    (here / "facetex-full" / "notes.txt").write_text("mine", "utf-8")
    (here / "facetex-file").write_text("mine", "utf-8")
    before = sorted(here.rglob("*"))
    assert main(["plugins", "new", *words]) == 2
    assert capsys.readouterr().err.startswith(f"error: {told}")
    assert sorted(here.rglob("*")) == before


def test_an_empty_folder_is_used(here):
    (here / "facetex-mine").mkdir()
    assert main(["plugins", "new", "mine", "--role", "exporter"]) == 0
    assert (here / "facetex-mine" / "facetex_mine.py").is_file()


def test_the_example_of_the_docs_is_short(root):
    modules = sorted((root / "docs" / "examples" / "facetex-ply").glob("*.py"))
    assert len(modules) == 2
    assert sum(len(path.read_text("utf-8").splitlines()) for path in modules) <= MOST_LINES


def test_the_page_shows_the_example_as_it_is(root):
    for path in (root / "docs" / "examples" / "facetex-ply").iterdir():
        if path.is_file():
            assert path.read_text("utf-8") in page_of(root), path.name


def test_the_page_shows_what_the_commands_print(root, here, capsys):
    written, checked = re.findall(
        r"```console\n\$ facetex (plugins new .*?|plugins check .*?)\n(.*?)```", page_of(root), re.DOTALL
    )
    assert main(written[0].split()) == 0
    assert capsys.readouterr().out == written[1]
    source = (root / "docs" / "examples" / "facetex-ply" / "facetex_ply.py").read_text("utf-8")
    install_module(
        here / "site", "facetex_ply", source.replace('return (folder / "head.ply",)', 'return [folder / "head.ply"]')
    )
    said = run_python("-m", "facetex_cli", *checked[0].split(), cwd=here, site=here / "site")
    assert said.returncode == 1
    assert said.stdout.startswith(checked[1])


def test_the_page_exempts_from_a_check_that_exists(root):
    (name,) = re.findall(r'waived_checks = \("(\w+)",\)', page_of(root))
    assert f"test_{name}" in CONTRACTS["synthesizer"].checks()


def test_the_example_keeps_its_contract_as_it_is_installed_from_its_wheel(root, here):
    example = root / "docs" / "examples" / "facetex-ply"
    site = installed(example, here / "work")
    shutil.copy(example / "test_facetex_ply.py", here)
    where = python("-c", "import facetex_ply; print(facetex_ply.__file__)", cwd=here, site=site)
    assert Path(where.strip()) == site / "facetex_ply.py"
    assert " passed" in python(*PYTEST, here / "test_facetex_ply.py", cwd=here, site=site)
    said = python("-m", "facetex_cli", "plugins", "check", "ply", cwd=here, site=site)
    assert "failed" not in said
    assert "passed  files are what their names say" in said
