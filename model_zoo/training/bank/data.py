"""Builds the bank that ships with facetex: `facetex bank build` on photos/bank, and nothing else."""

from typing import Annotated

import click
import msgspec
from facetex_cli.main import main as facetex
from msgspec import Meta

from training.common.data import DATA
from training.common.steps import Run

BANK = "default.bank"


class Evaluation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the bank is measured on."""

    photos: str
    """A folder of the data."""
    solvers: list[str]
    in_bank: bool
    """The photos are those of the bank: each is left out of it."""
    every: Annotated[int, Meta(ge=1)]
    """Only every so many-th photo."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """settings.toml."""

    photos: str
    """A folder of the data."""
    eval: Evaluation


def make(run: Run[Settings]) -> None:
    """Writes default.bank, and beside it a report, which shows the portraits and so stays there."""
    words = [
        "bank",
        "build",
        str(DATA / run.settings.photos),
        "-o",
        str(run.work / BANK),
        "--anonymous",
        "--jobs",
        str(run.jobs),
    ]
    if facetex(words):
        raise click.ClickException("the bank was not built")
