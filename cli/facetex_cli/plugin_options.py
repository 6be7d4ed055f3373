"""--plugin and --no-plugin: which plugins a single call has, beside or without those that are installed.

They go into the environment, where this process and those that it starts find them; `main` takes them out again.
"""

import os
from pathlib import Path
from typing import Any

import click

from facetex_core.errors import ConfigError
from facetex_core.plugin_files import FILES, LEFT_OUT


def plugin_options(command: Any) -> Any:  # noqa: ANN401  # a function or a command, as click's own decorators take
    """The two options, for a command that uses plugins."""
    more: dict[str, Any] = {"multiple": True, "expose_value": False, "is_eager": True}
    text = "Leave out an installed plugin, by its name in `facetex plugins`; repeatable."
    command = click.option("--no-plugin", metavar="NAME", callback=_leave_out, help=text, **more)(command)
    file = click.Path(path_type=Path)
    text = "Load a file of your own as a plugin for this call; repeatable."
    return click.option("--plugin", metavar="FILE.py", type=file, callback=_add_file, help=text, **more)(command)


def _add_file(_context: click.Context, _option: click.Parameter, files: tuple[Path, ...]) -> None:
    for file in files:
        if not file.is_file() or file.suffix != ".py" or os.pathsep in str(file):
            raise ConfigError(f"--plugin takes a file that ends in .py, such as mine.py, not {click.format_filename(file)!r}")
        _more(FILES, str(file.resolve()), os.pathsep)


def _leave_out(_context: click.Context, _option: click.Parameter, names: tuple[str, ...]) -> None:
    """A name that is not there is most likely misspelt."""
    if not names:
        return
    from importlib.metadata import entry_points

    from facetex_core.errors import did_you_mean
    from facetex_core.registry import GROUP

    known = sorted(entry_points(group=GROUP).names)
    for name in names:
        if name not in known:
            raise ConfigError(f"--no-plugin: no plugin {name!r} is installed; {did_you_mean(name, known)}")
        _more(LEFT_OUT, name, ",")


def _more(variable: str, value: str, between: str) -> None:
    os.environ[variable] = between.join(filter(None, [os.environ.get(variable, ""), value]))
