"""Writes the reference pages that follow from the code: python docs/generate.py (a test checks that they are current)."""

import inspect
from importlib.resources import files
from pathlib import Path

import click
from facetex_cli.main import COMMANDS, facetex

from facetex_core import STAGES, HookSpecs, Registry, preset_names
from facetex_core.recipe import load_preset

FOLDER = Path(__file__).parent / "reference"


def stages_page() -> str:
    """Every stage: its hook, its verb and the plugins that ship; not those of others that happen to be installed."""
    lines = ["# Stages, hooks and plugins", "", "In running order. The hook of a stage returns `{name: factory}`.", ""]
    offers = Registry().offers
    chosen = load_preset("embedded").stages
    for role, protocol in STAGES.items():
        verb, method = next((n, m) for n, m in vars(protocol).items() if inspect.isfunction(m) and not n.startswith("_"))
        hook = inspect.getdoc(getattr(HookSpecs, role + "s"))
        lines += [f"## {role}", "", f"Hook `{role}s`: {hook}", "", f"Verb `{verb}`: {inspect.getdoc(method)}", ""]
        lines += ["| name | options | what |", "|---|---|---|"]
        for name, offer in sorted((n, o) for n, o in offers[role].items() if o.origin.split()[0] == "facetex"):
            options = ", ".join(f"`{o.name}={o.default!r}`" for o in offer.options) or "-"
            default = " (default)" if name in chosen[role].name.split("+") else ""
            lines.append(f"| `{name}`{default} | {options} | {first_line(offer.factory)} |")
        lines.append("")
    return "\n".join(lines)


def first_line(factory: object) -> str:
    """Of the docstring."""
    return (inspect.getdoc(factory) or "").split("\n")[0]


def command_page() -> str:
    """The presets, and the help of every command."""
    lines = ["# The command line", "", "| preset | what |", "|---|---|"]
    lines += [f"| `{name}` | {preset_comment(name)} |" for name in preset_names()]
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


PAGES = {"stages.md": stages_page, "command-line.md": command_page}


def main() -> None:
    """Writes every page."""
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
