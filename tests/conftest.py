"""Shapes and types are checked at run time in every test; the hook must be there before the packages are imported."""

import os
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

install_import_hook(["facetex_core", "facetex_plugins"], "type_checks.check")

ROOT = Path(__file__).resolve().parents[1]
# Blender's Python runs the one, by test_export.py; of the others some need packages that nothing else does.
collect_ignore = ["blender_import.py", "benchmarks"]


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
