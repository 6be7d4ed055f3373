"""`facetex cache`: the results that a comparison keeps, so that the next one need not make them again."""

from collections.abc import Sequence
from pathlib import Path

import click

from facetex_core.errors import ConfigError
from facetex_core.workbench.comparison.cache_folder import clear, files_of, limit

FOLDER = click.Path(path_type=Path)


@click.group("cache", short_help="Show or clear the cached results of a comparison.")
def command() -> None:
    """Show or clear the cached results of a comparison.

    OUT is the folder of `facetex compare`. Its cache holds at most 20 GB, or the number of GB in FACETEX_CACHE_GB. Above
    the limit, the least recently used results are deleted, but none that the running comparison has used.
    """


@command.command("size", short_help="Show the size of the cache.")
@click.argument("out", metavar="OUT", type=FOLDER)
def size(out: Path) -> None:
    """Show the size of the cache and its limit."""
    sizes = [size for _, size in files_of(_cache_in(out))]
    click.echo(f"{_files(sizes)}, {sum(sizes) / 1e9:.2f} GB of at most {limit() / 1e9:g} GB")


@command.command("clear", short_help="Delete the cached results.")
@click.argument("out", metavar="OUT", type=FOLDER)
def remove(out: Path) -> None:
    """Delete the cached results of a comparison; its page and tables stay."""
    folder = _cache_in(out)
    sizes = [size for _, size in files_of(folder)]
    if folder.is_dir():
        clear(folder)
    click.echo(f"{_files(sizes)} removed, {sum(sizes) / 1e9:.2f} GB")


def _files(sizes: Sequence[int]) -> str:
    return f"{len(sizes)} {'file' if len(sizes) == 1 else 'files'}"


def _cache_in(out: Path) -> Path:
    from facetex_core.workbench.comparison.record import CACHE, MARK

    if not (out / MARK).is_file():
        raise ConfigError(f"{out}: is not a folder of facetex compare; give the folder of its option -o")
    return out / CACHE
