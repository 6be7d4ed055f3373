"""Commands of other distributions: entry points of the group `facetex.commands`, listed without importing any."""

import os
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "facetex.commands"
"""As facetex_core.hookspecs.COMMANDS says; `facetex --help` does not wait for the core."""


def others(ours: Iterable[str]) -> dict[str, "EntryPoint"]:
    """By name, without those that have a name of ours; where two have one name, the first distribution's stays."""
    if not any(map(_declares, sys.path)):  # the library that reads entry points takes as long as all the rest of the help
        return {}
    from importlib.metadata import entry_points

    found: dict[str, EntryPoint] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda each: (each.name, origin_of(each))):
        if entry.name in ours or entry.name in found:
            owner = origin_of(found[entry.name]) if entry.name in found else "facetex"
            told = f"command {entry.name!r} of {origin_of(entry)} is left out: {owner} has one of this name"
            click.echo(f"warning: {told}", err=True)
        else:
            found[entry.name] = entry
    return found


@cache
def _declares(folder: str) -> bool:
    """Whether a distribution that is installed there has such entry points."""
    try:
        with os.scandir(folder or ".") as inside:
            places = [each.path for each in inside if each.name.endswith((".dist-info", ".egg-info"))]
    except OSError:  # a zip, or a folder that is gone
        return False
    for place in places:
        try:
            if f"[{GROUP}]" in Path(place, "entry_points.txt").read_text("utf-8", "replace"):
                return True
        except OSError:
            continue
    return False


def origin_of(entry: "EntryPoint") -> str:
    """Distribution and version."""
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "unknown"


def help_of(entry: "EntryPoint") -> str:
    """The line of help: what the distribution says of itself."""
    summary = entry.dist.metadata["Summary"] if entry.dist else ""
    return " ".join((summary or f"A command of {origin_of(entry)}.").split())


def load(entry: "EntryPoint") -> click.Command:
    """The command itself; one that cannot be loaded is named in one line, with what to do."""
    distribution = origin_of(entry).split(maxsplit=1)[0]
    mend = f"`pip uninstall {distribution}` removes it"
    try:
        command = entry.load()
    except (Exception, SystemExit) as error:
        if os.environ.get("FACETEX_STRICT_PLUGINS") == "1":
            raise
        told = next(iter(str(error).splitlines()), "")
        raise click.ClickException(
            f"command {entry.name!r} of {origin_of(entry)} cannot be loaded: {type(error).__name__}: {told}; {mend}"
        ) from None
    if not isinstance(command, click.Command):
        told = f"{entry.value} is no click command but {type(command).__name__}"
        raise click.ClickException(f"command {entry.name!r} of {origin_of(entry)} cannot be used: {told}; {mend}")
    return command
