"""Commands of other distributions: entry points of the group `facetex.commands`, listed without importing any.

The library that reads entry points takes as long to import as all the rest of the help, so the list is read by hand.
"""

import os
import sys
from collections.abc import Container, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import click

COMMANDS_GROUP = "facetex.commands"
"""As facetex_core.hookspecs.COMMANDS_GROUP says; `facetex --help` does not wait for the core."""


class Other(NamedTuple):
    """A command of another distribution."""

    name: str
    distribution: str
    version: str
    place: str
    """`module:attribute` of the click command."""
    about: str
    """What the distribution says of itself: the line of help."""

    @property
    def origin(self) -> str:
        """Distribution and version."""
        return f"{self.distribution} {self.version}"

    def load(self) -> click.Command:
        """The command itself; one that cannot be loaded is named in one line, with what to do."""
        from importlib.metadata import EntryPoint

        what, mend = f"command {self.name!r} of {self.origin}", f"`pip uninstall {self.distribution}` removes it"
        try:
            command = EntryPoint(self.name, self.place, COMMANDS_GROUP).load()
        except (Exception, SystemExit) as error:
            if os.environ.get("FACETEX_STRICT_PLUGINS") == "1":
                raise
            told = f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}"
            raise click.ClickException(f"{what} cannot be loaded: {told}; {mend}") from None
        if not isinstance(command, click.Command):
            told = f"{self.place} is no click command but {type(command).__name__}"
            raise click.ClickException(f"{what} cannot be used: {told}; {mend}")
        return command


def others(ours: Container[str]) -> dict[str, Other]:
    """By name, those that can be called: where two distributions have one name, the first one's, and never one of ours."""
    found: dict[str, Other] = {}
    for each in every_other():
        if each.name not in ours:
            found.setdefault(each.name, each)
    return found


def every_other() -> list[Other]:
    """Whatever is declared, by name and distribution."""
    return sorted({other for folder in dict.fromkeys(sys.path) for other in _declared(folder)})


@cache
def _declared(folder: str) -> tuple[Other, ...]:
    """Those of the distributions that are installed in a folder."""
    try:
        with os.scandir(folder or ".") as inside:
            places = [Path(each.path) for each in inside if each.name.endswith((".dist-info", ".egg-info"))]
    except OSError:  # a zip, or a folder that is gone
        return ()
    return tuple(other for place in places for other in _of_distribution(place))


def _of_distribution(place: Path) -> Iterator[Other]:
    try:
        text = (place / "entry_points.txt").read_text("utf-8", "replace")
        if f"[{COMMANDS_GROUP}]" not in text:
            return
        notes = (place / ("METADATA" if place.suffix == ".dist-info" else "PKG-INFO")).read_text("utf-8", "replace")
    except OSError:
        return
    head = dict(line.split(": ", 1) for line in notes.split("\n\n")[0].splitlines() if ": " in line)
    distribution, version = head.get("Name", place.stem), head.get("Version", "")
    about = head.get("Summary") or f"A command of {distribution}."
    for line in text.split(f"[{COMMANDS_GROUP}]", 1)[1].split("\n[")[0].splitlines():
        name, equals, module = (part.strip() for part in line.partition("="))
        if equals and not name.startswith(("#", ";")):
            yield Other(name, distribution, version, module, about)
