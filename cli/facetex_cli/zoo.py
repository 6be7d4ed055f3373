"""`facetex zoo`: the models, where they lie, and how to fetch or bring one."""

import sys
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

import click
import facetex_model_zoo as zoo

from facetex_cli.plugin_options import plugin_options
from facetex_cli.tables import print_json, print_table
from facetex_core import ModelImporter, Registry
from facetex_core.errors import ConfigError, ModelError


@click.group("zoo", short_help="Manage the models: list, fetch, add, verify.")
@plugin_options
@click.pass_context
def command(context: click.Context) -> None:
    """Manage the models: list, fetch, add, verify.

    facetex's own models come with the install. Others are stored in $FACETEX_HOME/models (~/.cache/facetex/models). With
    FACETEX_OFFLINE=1 nothing is downloaded.
    """
    context.obj = Registry()  # plugins bring rows of the table, and know how to take files in


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_models(as_json: bool) -> None:
    """List every model that facetex knows, installed or not."""
    rows = [zoo.row(name) for name in zoo.model_names()]
    if as_json:
        print_json([asdict(row) | {"installed": zoo.is_installed(row.name)} for row in rows])
        return
    lines = [(row.name, state(row.name), use_of(row), row.licence, row.what) for row in rows]
    print_table(("name", "state", "commercial use", "licence", "what"), lines)


@command.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(name: str, as_json: bool) -> None:
    """Show the details of the model NAME."""
    row = zoo.row(name)
    if as_json:
        print_json(asdict(row) | {"state": state(name), "path": str(zoo.place_of(name))})
        return
    facts = {
        "what": row.what,
        "state": state(name),
        "path": str(zoo.place_of(name)),
        "licence": f"{row.licence} {row.terms}".rstrip(),
        "commercial": use_of(row),
        "source": row.source,
        "sha256": zoo.expected_sha256(name) or "-",
        "fetched": "".join(f"\n  {part.url} ({megabytes(part.size)})" for part in row.parts) or "no",
        "by hand": row.get or "-",
    }
    for key, value in facts.items():
        click.echo(f"{key + ':':12}{value}")


@command.command("pull")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--accept-licence", is_flag=True, help="Accept non-commercial licences without being asked.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def pull(registry: Registry, names: tuple[str, ...], accept_licence: bool, as_json: bool) -> None:
    """Fetch the models NAME... from their makers.

    Size and licence are shown first. An interrupted download resumes. A file is hashed before it is kept.
    """
    names = tuple(dict.fromkeys(names))
    for name in names:
        if not zoo.is_installed(name):
            allowed(name, accept_licence)
    states = {name: "fetched" if fetch(name, importer_of(registry, name)) else "was there" for name in names}
    paths = {name: str(zoo.place_of(name)) for name in names}
    if as_json:
        print_json([{"name": name, "state": states[name], "path": paths[name]} for name in names])
    else:
        print_table(("name", "state", "path"), [(name, states[name], paths[name]) for name in names])


@command.command("add")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def add(registry: Registry, name: str, file: Path) -> None:
    """Install FILE, or for some models a folder, as the model NAME.

    The file is read, or its hash compared, first. A file that is not the model is not kept.
    """
    click.echo(f"{name}: {zoo.add_model(name, file, importer_of(registry, name))}")


@command.command("remove")
@click.argument("name")
def remove(name: str) -> None:
    """Delete the file of the model NAME, and remains of an interrupted download."""
    zoo.remove_model(name)
    click.echo(f"{name}: removed")


@command.command("path")
@click.argument("name")
def path(name: str) -> None:
    """Print the path of the model NAME."""
    click.echo(str(zoo.model_path(name)))


@command.command("verify")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(as_json: bool) -> None:
    """Hash every installed model; the exit code is 2 if one does not match."""
    states = {name: verified(name) for name in zoo.model_names()}
    if as_json:
        print_json(states)
    else:
        print_table(("name", "state"), list(states.items()))
    wrong = [name for name, found in states.items() if found.startswith(("damaged", "missing"))]
    if wrong:
        raise ModelError(f"damaged or changed: {', '.join(wrong)}")


def use_of(row: zoo.Row) -> str:
    """Whether the licence leaves commercial use free."""
    return "free" if row.commercial else "not allowed"


def importer_of(registry: Registry, name: str) -> ModelImporter:
    """How a file becomes the model of this name: as a plugin says, or as it is."""
    return registry.extensions.model_importers.get(name, zoo.copy)


def state(name: str) -> str:
    """Installed or not, and whose affair it is."""
    if zoo.is_installed(name):
        return "installed"
    return "missing" if zoo.row(name).ships else "not installed"


def verified(name: str) -> str:
    """The state of a model after a look at its bytes."""
    found, expected = state(name), zoo.expected_sha256(name)
    if found == "missing":
        return "missing from the install"
    if found == "not installed":
        return found
    if not expected:
        return "installed, no hash to compare"
    real = zoo.sha256_of(zoo.place_of(name))
    return "ok" if real == expected else f"damaged: sha256 {real[:12]}..., expected {expected[:12]}..."


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
