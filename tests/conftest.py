"""Shapes and types are checked at run time in every test, and nothing but this machine is contacted.

The hook of the shapes must be there before the packages are imported.
"""

import os
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

install_import_hook(["facetex_core", "facetex_plugins"], "type_checks.check")

ROOT = Path(__file__).resolve().parents[1]
GUARD = ROOT / "tests" / "loopback_only"
runpy.run_path(str(GUARD / "sitecustomize.py"))
# Blender's Python runs some; others need packages that nothing else does.
collect_ignore = ["support", "benchmarks", "scene/in_blender.py"]


@pytest.fixture(scope="session", autouse=True)
def contacts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the guard notes what it refuses, in this process and in every Python that a test starts."""
    path = tmp_path_factory.mktemp("contacts") / "contacts.txt"
    path.touch()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("FACETEX_CONTACTS", str(path))
        environment.setenv("PYTHONPATH", str(GUARD), prepend=os.pathsep)
        environment.setenv("NO_PROXY", "127.0.0.1")
        yield path


@pytest.fixture(autouse=True)
def nothing_but_this_machine(contacts: Path) -> Iterator[None]:
    """A test that tries to contact another machine fails, whoever swallows the error."""
    yield
    refused = contacts.read_text("utf-8")
    contacts.write_text("", "utf-8")
    assert not refused, f"the test tried to contact other machines: {refused}"


@pytest.fixture(autouse=True)
def unexpected() -> Iterator[None]:
    """A test that facetex warns in, and that does not listen, fails."""
    from facetex_core.listeners import listening

    def refuse(line: str) -> None:
        raise AssertionError(f"facetex warned: {line}")

    with listening(refuse):
        yield


@pytest.fixture
def said(unexpected: None) -> Iterator[list[str]]:
    """What facetex warns of in this test."""
    from facetex_core.listeners import listening

    lines: list[str] = []
    with listening(lines.append):
        yield lines


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of photos and foreign models that lies beside the repository, or where FACETEX_SHARED says."""
    folder = Path(os.environ.get("FACETEX_SHARED") or ROOT / ".." / "shared").resolve()
    if not (folder / "data").is_dir():
        pytest.skip("needs the shared photos and models: set FACETEX_SHARED to their folder")
    return folder


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A third party's distribution that offers `toy` for every stage: found by its metadata, as any installed one is."""
    from toy_distribution import install

    site = install(tmp_path / "site")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")])))
    return site
