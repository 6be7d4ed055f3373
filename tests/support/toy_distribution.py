"""Puts plugins where an installer would: modules, and metadata with their entry points."""

import shutil
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent


def install(site: Path) -> Path:
    """The toy stages as distribution `facetex-toy`."""
    site.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "toy_stages.py", site)
    return declare(site, "facetex-toy", {"toy": "toy_stages"})


def install_module(site: Path, name: str, source: str) -> Path:
    """A module of this source as a distribution of the same name."""
    site.mkdir(parents=True, exist_ok=True)
    (site / f"{name}.py").write_text(source, "utf-8")
    return declare(site, name, {name: name})


def declare(site: Path, distribution: str, entries: Mapping[str, str], commands: Mapping[str, str] | None = None) -> Path:
    """Metadata of version 1.0 with these entry points in the group `facetex`, and commands."""
    info = site / f"{distribution.replace('-', '_')}-1.0.dist-info"
    info.mkdir(exist_ok=True)
    about = f"Name: {distribution}\nVersion: 1.0\nSummary: What {distribution} does."
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\n{about}\n", "utf-8")
    lines = ["[facetex]", *(f"{name} = {module}" for name, module in entries.items())]
    if commands:
        lines += ["[facetex.commands]", *(f"{name} = {place}" for name, place in commands.items())]
    (info / "entry_points.txt").write_text("\n".join([*lines, ""]), "utf-8")
    return site
