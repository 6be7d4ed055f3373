"""`facetex plugins`: what is installed for every stage, what each takes, whether it keeps its promises, and new ones."""

import inspect
from pathlib import Path

import click

from facetex_cli.others import Other, every_other, others
from facetex_cli.plugin_options import plugin_options
from facetex_cli.tables import print_json, print_table
from facetex_core.errors import ConfigError, did_you_mean
from facetex_core.listeners import listening, unheard
from facetex_core.options import Option
from facetex_core.registry import Offer, Registry


@click.group("plugins", short_help="List the plugins of every stage; show, check or create one.", invoke_without_command=True)
@plugin_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List the plugins of every stage; show, check or create one.

    After the stages it lists the models, presets, metrics and commands of other plugins. A plugin that cannot be loaded is
    listed with its error; the others still work.
    """
    if context.invoked_subcommand is None:
        _list(as_json)


def _list(as_json: bool) -> None:
    registry = quiet_registry()
    columns = ("stage", "name", "plugin", "origin", "state")
    rows = [
        (offer.role, offer.name, offer.plugin, offer.origin, "ok")
        for offers in registry.offers.values()
        for offer in offers.values()
    ]
    rows += [
        (each.kind.replace("_", " "), each.name, each.plugin, each.origin, "ok")
        for each in registry.extensions.all
        if not each.origin.startswith("facetex ")
    ]
    rows += [("command", each.name, each.place, each.origin, _state(each)) for each in every_other()]
    rows += [("-", "-", plugin, "", f"broken: {error}") for plugin, error in registry.broken.items()]
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table(columns, rows)


def _state(command: Other) -> str:
    """Another distribution, or facetex itself, may have a command of this name."""
    from facetex_cli.main import COMMANDS

    found = others(COMMANDS).get(command.name)
    return "ok" if found == command else f"left out: {found.origin if found else 'facetex'} has one of this name"


@command.command("show")
@click.argument("name")
@plugin_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(name: str, as_json: bool) -> None:
    """Show the options of NAME, for --set STAGE.OPTION=VALUE."""
    registry = quiet_registry()
    found = [offers[name] for offers in registry.offers.values() if name in offers]
    if name in registry.broken and not found:
        raise ConfigError(f"plugin {name!r} is broken: {registry.broken[name]}")
    if not found:
        names = sorted({known for offers in registry.offers.values() for known in offers})
        raise ConfigError(f"no plugin {name!r}; {did_you_mean(name, names)}")
    if as_json:
        print_json([_facts(offer) for offer in found])
        return
    for offer in found:
        _print(offer)


@command.command("check")
@click.argument("name")
@plugin_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(name: str, as_json: bool) -> int:
    """Test whether NAME meets the contract of its stage, with its default options.

    NAME is a stage's implementation, or a plugin. The checks are the contract tests of facetex_core.testing. The exit code
    is 1 if one fails or cannot be run.
    """
    from facetex_cli.plugins_check import check_all

    return check_all(quiet_registry(), name, as_json)


@command.command("new")
@click.argument("name")
@click.option("--role", required=True, metavar="ROLE", help="The stage that it implements: detector, fitter, ..., exporter.")
def new(name: str, role: str) -> None:
    """Create a plugin NAME in the folder facetex-NAME, with a test that passes."""
    from facetex_cli.plugins_new import write_package

    folder = write_package(quiet_registry(), name, role, Path.cwd())
    click.echo("\n".join(f"{folder.name}/{path.name}" for path in sorted(folder.iterdir())))
    click.echo(f"next: cd {folder.name} && pip install -e . && pytest && facetex plugins check {name}")


def _print(offer: Offer) -> None:
    click.echo(f"{offer.role} {offer.name}: {_first_line(offer)}")
    click.echo(f"from plugin {offer.plugin}, {offer.origin}")
    if offer.options:
        print_table(("option", "takes", "default", "what"), [(o.name, o.takes, _default(o), o.about) for o in offer.options])
    else:
        click.echo("no options")


def _facts(offer: Offer) -> dict[str, object]:
    return {
        "stage": offer.role,
        "name": offer.name,
        "about": _first_line(offer),
        "plugin": offer.plugin,
        "origin": offer.origin,
        "options": [
            {"name": o.name, "takes": o.takes, "default": _default(o), "about": o.about, "schema": o.schema}
            for o in offer.options
        ],
    }


def _default(option: Option) -> str:
    return "(required)" if option.default is inspect.Parameter.empty else str(option.default)


def _first_line(offer: Offer) -> str:
    return (inspect.getdoc(offer.factory) or "no description").splitlines()[0]


def quiet_registry() -> Registry:
    """What is broken stands in the table: no need to warn of it too."""
    with listening(unheard):
        return Registry()
