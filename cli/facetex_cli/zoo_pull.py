"""`facetex zoo pull`: what is said and asked before a model is fetched, and the bar while it is."""

import sys
from urllib.parse import urlsplit

import click
import facetex_model_zoo as zoo

from facetex_core.errors import ConfigError
from facetex_core.model_rows import ModelImporter


def allowed(name: str, accepted: bool) -> None:
    """Says what would be fetched, and asks where the licence restricts the use; no is an error."""
    zoo.refuse_pull(name)
    row = zoo.row(name)
    hosts = ", ".join(dict.fromkeys(urlsplit(part.url).netloc for part in row.parts))
    click.echo(f"{name}: {megabytes(row.size)} from {hosts}; licence: {row.licence}, {row.terms}", err=True)
    if row.commercial or accepted:
        return
    if not sys.stdin.isatty():
        raise ConfigError(f"the licence of {name!r} must be accepted: read it, then run again with --accept-licence")
    if not click.confirm(f"Its use is restricted ({row.licence}). Do you accept the licence?", err=True):
        raise ConfigError(f"the licence of {name!r} was not accepted; nothing was fetched")


def fetch(name: str, take_in: ModelImporter) -> bool:
    """With a bar on a terminal; False where the model was there already."""
    from tqdm import tqdm

    form = {"unit": "B", "unit_scale": True, "leave": False, "file": sys.stderr, "disable": not sys.stderr.isatty()}
    with tqdm(total=zoo.row(name).size, desc=name, **form) as bar:
        return zoo.pull_model(
            name,
            take_in,
            lambda there: bar.update(there - bar.n),
            lambda: click.echo(f"{name}: another process is downloading it; waiting", err=True),
        )


def megabytes(size: int) -> str:
    """For people."""
    return f"{size / 1e6:.1f} MB"
