"""Writes the reference pages that follow from the code: python docs/generate.py (a test checks that they are current)."""

import ast
import inspect
from collections.abc import Iterable, Sequence
from importlib import import_module
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import click
import facetex_model_zoo as zoo
from facetex_cli.main import COMMANDS, facetex

from facetex_core import STAGES, HookSpecs, Registry, preset_names, structures
from facetex_core.api import public_names
from facetex_core.config import load_preset
from facetex_core.extensions import KINDS, hook_of
from facetex_core.hookspecs import COMMANDS_GROUP
from facetex_core.stages import verb_of

FOLDER = Path(__file__).parent / "reference"


BESIDE = f"""A plugin can also provide these ([how](../how-to/write-a-plugin.md#beside-the-stages)). Commands are entry
points of the group `{COMMANDS_GROUP}`. The name is the command's, the value is `module:attribute` of a click command.
`facetex --help` shows the summary of the distribution for it and imports nothing."""


def stages_page() -> str:
    """Every stage: its hook, its verb and the plugins that ship; not those of others that happen to be installed."""
    lines = ["# Stages, hooks and plugins", "", "In running order. The hook of a stage returns `{name: factory}`.", ""]
    offers = Registry().offers
    chosen = load_preset("embedded").stages
    for role, protocol in STAGES.items():
        verb, method = next((n, m) for n, m in vars(protocol).items() if inspect.isfunction(m) and not n.startswith("_"))
        hook = inspect.getdoc(getattr(HookSpecs, role + "s"))
        lines += [f"## {role}", "", f"Hook `{role}s`: {hook}", "", f"Verb `{verb}`: {inspect.getdoc(method)}", ""]
        ours = sorted((n, o) for n, o in offers[role].items() if o.origin.split()[0] == "facetex")
        lines += ["| name | what |", "|---|---|"]
        for name, offer in ours:
            default = " (default)" if name in chosen[role].name.split("+") else ""
            lines.append(f"| `{name}`{default} | {first_line(offer.factory)} |")
        options = [(f"`{name}`", f"`{o.name}={o.default!r}`", o.takes, o.about) for name, offer in ours for o in offer.options]
        lines += ["", table("of, option and default, takes, what", options), ""] if options else [""]
    lines += ["## Beside the stages", "", BESIDE, "", "| hook | returns | what |", "|---|---|---|"]
    for kind, (_, value) in KINDS.items():
        what = " ".join((inspect.getdoc(getattr(HookSpecs, hook_of(kind))) or "").split())
        lines.append(f"| `{hook_of(kind)}` | `{{name: ...}}`: {value} | {what} |")
    return "\n".join([*lines, ""])


def first_line(factory: object) -> str:
    """Of the docstring."""
    return (inspect.getdoc(factory) or "").split("\n")[0]


OWN_PRESETS = """
You can write a preset of your own: a `.toml` file in the form of those that ship (`facetex_core/presets`). It has `size`,
`seed`, `device` and `bank`, and under `[stages]`, for each stage, a table with `use` and its options. Missing entries are
as in `embedded`. Paths are relative to the preset's own folder. `--from facetex.json` reads the same settings from the
record of a run. A record has file names without folders, which are looked up in the current folder. Presets and records may
come from strangers. An option that names a program is therefore refused in them, and every file that they name must be a
regular file."""


def command_page() -> str:
    """The presets, and the help of every command."""
    lines = ["# The command line", "", "| preset | what |", "|---|---|"]
    lines += [f"| `{name}` | {preset_comment(name)} |" for name in preset_names()]
    lines.append(OWN_PRESETS)
    root = click.Context(facetex, info_name="facetex", **facetex.context_settings)
    lines += ["", *help_of(root)]
    for name in COMMANDS:
        lines += help_of(click.Context(facetex.get_command(root, name), root, name))
    return "\n".join(lines)


def preset_comment(name: str) -> str:
    """Its file's first line."""
    text = files("facetex_core").joinpath("presets", f"{name}.toml").read_text("utf-8")
    return text.split("\n")[0].removeprefix("# ")


def help_of(context: click.Context) -> list[str]:
    """One command's help as its context shows it, and its subcommands' after it."""
    context.terminal_width = context.max_content_width = 100
    lines = [f"## {context.command_path}", "", "```text", context.get_help().strip(), "```", ""]
    for name, below in getattr(context.command, "commands", {}).items():
        lines += help_of(click.Context(below, context, name))
    return lines


ZOO = """# The zoo

Every model that facetex knows is a row of `model_zoo/facetex_model_zoo/models.toml`, or comes from a plugin. These are the
commands of `facetex zoo`; [the command line](command-line.md#facetex-zoo) lists their options:

{commands}

| variable | what |
|---|---|
| `FACETEX_HOME` | Your folder: `models/`, and `downloads/` for unfinished ones. The default is `~/.cache/facetex`. |
| `FACETEX_OFFLINE` | `1`: no downloads; `pull` ends with a one-line error and exit code 2. |
| `HTTPS_PROXY`, `REQUESTS_CA_BUNDLE` | As usual: the proxy, and the trusted certificates. |

Only `pull` uses the network, and only for the models that you name. An interrupted download resumes. If another process is
downloading the same model, `pull` waits. A file gets the model's name only if its SHA-256 is that of the table. Redirects
from `https` to any other protocol are refused. No model file can run code, since the readers accept only numbers ([what a
model file can and cannot do](../how-to/bring-a-licensed-model.md#what-a-model-file-can-and-cannot-do)).

{models}

The next table lists the files of each download. Sizes and hashes were checked against the makers' repositories or lists,
with two exceptions:

- VGG-19: its makers publish only the first eight digits, in the file name. The rest agrees with several independent lists.
- ICT-FaceKit: GitHub packs a new archive for every download. Its size is approximate, and its hash is that of the output of
  `sha256sum FaceXModel/*.obj`.

{parts}
"""


def zoo_page() -> str:
    """The commands and rows of the zoo."""
    group = import_module("facetex_cli.zoo").command
    rows = [zoo.row(name) for name in zoo.model_names()]
    parts = [(row.name, part) for row in rows for part in row.parts]
    return ZOO.format(
        commands=table("command, what", [(f"`{name}`", each.get_short_help_str(200)) for name, each in group.commands.items()]),
        models=table("name, what, makes, licence, commercial use, how to get it", [_model_cells(row) for row in rows]),
        parts=table("name, from, bytes, SHA-256", [(f"`{n}`", f"<{p.url}>", f"{p.size:,}", f"`{p.sha256}`") for n, p in parts]),
    )


def _model_cells(row: zoo.Row) -> tuple[str, ...]:
    licence = f"[{row.licence}]({row.terms})" if row.terms else row.licence
    way = "with the install" if row.ships else f"`facetex zoo pull {row.name}`" if row.parts else row.get
    return f"`{row.name}`", row.what, row.makes, licence, "free" if row.commercial else "**not allowed**", way


def table(headings: str, rows: Iterable[Sequence[str]]) -> str:
    """In Markdown; the headings separated by commas."""
    names = headings.split(", ")
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (names, ["---"] * len(names), *rows))


ALL = """# All of facetex

**Commands** ([all options](reference/command-line.md))

{commands}

Exit codes: 0 success; 1 a check failed, or some of several photos failed; 2 an error in the input, reported in one line;
130 interrupted.

**Stages**, in running order ([their plugins and options](reference/stages.md)). Each stage has one verb and one hook. Each
implementation of a stage is a plugin.

{stages}

After the fitter, `unwrap` projects the photo onto the UV map. After the blend solver, the weights mix
the bank's whole faces.

**Presets** name a whole pipeline (`--preset`). Choose single stages by their options on the command line, and the options
of a stage by `--set stage.option=value`.

{presets}

**Values passed between stages**: immutable, linear RGB in [0, 1], row 0 on top, metres
([conventions](reference/conventions.md)).

{nouns}

**Models** ([the zoo](reference/zoo.md))

{models}

**Environment**

{variables}
"""

VARIABLES = {
    "FACETEX_BLENDER_PYTHON": "A Python that has Blender's module `bpy`, for the renderer `cycles`.",
    "FACETEX_CACHE_GB": "The limit of a comparison's cache in GB, by default 20.",
    "FACETEX_HOME": "The folder of models and downloads, by default `~/.cache/facetex`.",
    "FACETEX_OFFLINE": "`1`: no downloads.",
    "FACETEX_PLUGIN_FILES": "Like `--plugin`: files that are loaded as plugins, separated as in `PATH`.",
    "FACETEX_NO_PLUGINS": "Like `--no-plugin`: names of installed plugins to leave out, separated by commas.",
    "FACETEX_STRICT_PLUGINS": "`1`: a broken plugin is an immediate error, instead of being left out with a warning.",
}


def all_page() -> str:
    """Commands, stages, presets, nouns, models and variables, a line each."""
    return ALL.format(
        commands=table("command, what", _command_lines()),
        stages=table("stage, verb, in and out, plugins", _stage_lines()),
        presets=table("preset, what", [(f"`{name}`", preset_comment(name)) for name in preset_names()]),
        nouns=table("value, what", [(f"`{name}`", first_line(noun)) for name, noun in _nouns()]),
        models=table("model, what", [(f"`{name}`", zoo.row(name).what) for name in zoo.model_names()]),
        variables=table("variable, what", [(f"`{name}`", what) for name, what in VARIABLES.items()]),
    )


def _command_lines() -> list[tuple[str, str]]:
    root = click.Context(facetex, info_name="facetex")
    lines = []
    for name, what in COMMANDS.items():
        below = getattr(facetex.get_command(root, name), "commands", {})
        lines.append((f"`facetex {name}`", what))
        lines += [(f"`facetex {name} {word}`", each.get_short_help_str(200)) for word, each in below.items()]
    return lines


def _stage_lines() -> list[tuple[str, ...]]:
    registry, lines = Registry(), []
    for role, protocol in STAGES.items():
        verb = verb_of(role)
        annotations = inspect.get_annotations(getattr(protocol, verb))
        found = annotations.pop("return")
        ways = f"{', '.join(annotations)} -> {_short(found)}"
        ours = sorted(name for name, offer in registry.offers[role].items() if offer.origin.split()[0] == "facetex")
        lines.append((role, f"`{verb}`", ways, ", ".join(f"`{name}`" for name in ours)))
    return lines


def _short(annotation: object) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("facetex_core.structures.", "")


def _nouns() -> list[tuple[str, type]]:
    return [(n, each) for n, each in vars(structures).items() if getattr(each, "__module__", "") == structures.__name__]


API = """# What plugins may import

These are the modules of `facetex_core` that plugins may use, with their public names. They do not change while
`facetex_core.API_VERSION` stays the same. Everything else may change with any version. The list is in
`facetex_core/api.py`. A test checks that the templates of `facetex plugins new`, the examples of these docs and the plugins
that ship use nothing else.
"""


def api_page() -> str:
    """Every public module with its names."""
    lines = [API]
    for module, names in public_names().items():
        found, notes = import_module(module), notes_of(module)
        lines += [f"## {module}", "", first_line(found), ""]
        lines += [table("name, what", [(f"`{name}`", notes.get(name) or _about(getattr(found, name))) for name in names]), ""]
    return "\n".join(lines)


def notes_of(module: str) -> dict[str, str]:
    """The first sentence below each constant of a module; of a package, of the modules that it is made of."""
    tree = ast.parse(inspect.getsource(import_module(module)))
    notes = {}
    for first, second in pairwise(tree.body):
        targets = first.targets if isinstance(first, ast.Assign) else [getattr(first, "target", None)]
        if isinstance(second, ast.Expr) and isinstance(second.value, ast.Constant):
            about = " ".join(str(second.value.value).split()).split(". ")[0].rstrip(".") + "."
            notes |= {target.id: about for target in targets if isinstance(target, ast.Name)}
    for node in tree.body if hasattr(import_module(module), "__path__") else ():
        if isinstance(node, ast.ImportFrom) and node.module:
            notes = notes_of(node.module) | notes
    return notes


def _about(value: object) -> str:
    """Its docstring's first line, of a text itself, of other values what their kind is for."""
    if isinstance(value, str):
        return f"`{value!r}`"
    value = inspect.unwrap(value) if callable(value) else value
    described = inspect.ismodule(value) or inspect.isclass(value) or inspect.isfunction(value)
    return first_line(value if described else type(value))


PAGES = {
    "../all-of-facetex.md": all_page,
    "api.md": api_page,
    "stages.md": stages_page,
    "command-line.md": command_page,
    "zoo.md": zoo_page,
}


def main() -> None:
    """Writes every page."""
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
