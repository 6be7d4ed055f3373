"""`facetex install`: a plugin's package, by whatever keeps the environment that facetex runs in."""

import subprocess
import sys
from importlib import invalidate_caches
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from shutil import which

import click

from facetex_cli.others import COMMANDS_GROUP
from facetex_core.errors import ConfigError
from facetex_core.registry import GROUP


@click.command("install", short_help="Install a plugin's package into the environment that facetex runs in.")
@click.argument("name", metavar="NAME")
def command(name: str) -> None:
    """Install a plugin's package into the environment that facetex runs in.

    NAME is what pip takes: a package's name, a folder, a wheel, an address. pipx, uv or pip installs it, whichever manages
    that environment. A plugin runs with your rights: install only what you trust.
    """
    words = installer(Path(sys.prefix))
    before = _plugins()
    if subprocess.run([*words, _wanted(name)], check=False).returncode:
        raise ConfigError(f"{name} was not installed: `{' '.join(words)}` shows the reason above")
    invalidate_caches()
    new = sorted(_plugins() - before)
    if new:
        click.echo(f"new: {', '.join(new)}; `facetex plugins` lists all plugins")
    else:
        click.echo(f"{name} brings no new plugin; `facetex plugins` lists all plugins")


def installer(prefix: Path) -> list[str]:
    """The command that installs into this environment, but for what."""
    if (prefix / "pipx_metadata.json").is_file() and which("pipx"):
        return ["pipx", "inject", prefix.name]
    if find_spec("pip"):
        return [sys.executable, "-m", "pip", "install"]
    if which("uv"):
        return ["uv", "pip", "install", "--python", sys.executable]
    raise ConfigError(
        f"the environment {prefix} has no pip, and there is no uv: `{sys.executable} -m ensurepip` brings pip, "
        "or install with what has made the environment"
    )


def _wanted(name: str) -> str:
    """A folder or a wheel by its whole path: pip would look for a package of a folder's name."""
    if name.startswith("-"):
        raise ConfigError(f"{name!r} is no package: give its name, a folder or a wheel")
    return str(Path(name).resolve()) if Path(name).exists() else name


def _plugins() -> set[str]:
    return {entry.name for group in (GROUP, COMMANDS_GROUP) for entry in entry_points(group=group)}
