"""`facetex zoo`: the models, where they lie, and how to bring one."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import click
import facetex_model_zoo as zoo

from facetex_cli.tables import print_json, print_table
from facetex_core import Registry
from facetex_core.errors import ModelError


@click.group("zoo", short_help="The models: list, add, check.")
def command() -> None:
    """The models: list, add, check.

    Those of facetex itself come with the install; others lie in $FACETEX_HOME/models (~/.cache/facetex/models).
    """


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
def list_models(as_json: bool) -> None:
    """Every model that facetex knows, installed or not."""
    rows = [zoo.row(name) for name in zoo.model_names()]
    if as_json:
        print_json([asdict(row) | {"installed": zoo.is_installed(row.name)} for row in rows])
        return
    lines = [(row.name, state(row.name), row.licence, row.what) for row in rows]
    print_table(("name", "state", "licence", "what"), lines)


@command.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
def show(name: str, as_json: bool) -> None:
    """What is known of the model NAME."""
    facts = asdict(zoo.row(name)) | {"state": state(name), "path": str(zoo.place_of(name))}
    if as_json:
        print_json(facts)
        return
    for key, value in facts.items():
        click.echo(f"{key + ':':12} {'yes' if value is True else 'no' if value is False else value or '-'}")


@command.command("add")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
def add(name: str, file: Path) -> None:
    """Install FILE, for some models a folder, as the model NAME.

    The file is read or its hash compared first; one that is not the model is not kept.
    """
    click.echo(f"{name}: {zoo.add_model(name, file, taker_of(name))}")


@command.command("path")
@click.argument("name")
def path(name: str) -> None:
    """Where the model NAME lies."""
    click.echo(str(zoo.model_path(name)))


@command.command("verify")
def verify() -> None:
    """Hash every installed model; exit code 2 if one is not what it should be."""
    states = {name: verified(name) for name in zoo.model_names()}
    print_table(("name", "state"), list(states.items()))
    wrong = [name for name, found in states.items() if found.startswith(("damaged", "missing"))]
    if wrong:
        raise ModelError(f"not as it should be: {', '.join(wrong)}")


def taker_of(name: str) -> Callable[[Path, Path], None]:
    """How the plugin of the model's name takes a file in, where it says so; others are copied."""
    offers = (offers.get(name) for offers in Registry().offers.values())
    takers = (getattr(offer.factory, "take_in", None) for offer in offers if offer)
    return next((taker for taker in takers if taker), zoo.copy)


def state(name: str) -> str:
    """Installed or not, and whose affair it is."""
    if zoo.is_installed(name):
        return "installed"
    return "missing" if zoo.row(name).ships else "not installed"


def verified(name: str) -> str:
    """The state of a model after a look at its bytes."""
    found, expected = state(name), zoo.row(name).sha256
    if found == "missing":
        return "missing from the install"
    if found == "not installed":
        return found
    if not expected:
        return "installed, no hash to compare"
    real = zoo.sha256_of(zoo.place_of(name))
    return "ok" if real == expected else f"damaged: sha256 {real[:12]}..., expected {expected[:12]}..."
