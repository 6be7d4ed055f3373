"""The docs tell what is so: reference pages follow from the code, examples run, links lead somewhere."""

import re
import runpy
import shlex

import click
import pytest
from facetex_cli.main import COMMANDS, facetex
from pages import TEXTS, blocks, relative
from places import ROOT

from facetex_core import STAGES, Registry, preset_names

FOLDERS = ("cli", "docs", "facetex_core", "model_zoo", "plugins", "tests")
PAGES = runpy.run_path(str(ROOT / "docs" / "generate.py"))["PAGES"]
SOURCES = [f"/{relative(path)}" for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
REFERENCE = "\n".join(page.read_text("utf-8") for page in (ROOT / "docs" / "reference").glob("*.md"))


def every_command() -> list[tuple[str, click.Command]]:
    """`facetex`, its commands, and theirs."""
    found = [("facetex", facetex)]
    for name in COMMANDS:
        command = facetex.get_command(click.Context(facetex), name)
        below = getattr(command, "commands", {})
        found += [(f"facetex {name}", command), *((f"facetex {name} {word}", each) for word, each in below.items())]
    return found


@pytest.mark.parametrize("name", PAGES)
def test_the_reference_is_what_the_code_says(name):
    written = (ROOT / "docs" / "reference" / name).read_text("utf-8")
    assert written == PAGES[name](), "out of date: python docs/generate.py"


def test_the_reference_does_not_show_what_others_have_installed(toy):
    assert "`toy`" not in PAGES["stages.md"]()


def test_every_stage_hook_plugin_and_option_stands_in_the_reference():
    ours = {role: [o for o in offers.values() if o.origin.startswith("facetex ")] for role, offers in Registry().offers.items()}
    wanted = [f"## {role}\n" for role in STAGES] + [f"Hook `{role}s`" for role in STAGES]
    wanted += [f"| `{offer.name}`" for offers in ours.values() for offer in offers]
    wanted += [f"`{o.name}={o.default!r}`" for offers in ours.values() for offer in offers for o in offer.options]
    assert [words for words in wanted if words not in REFERENCE] == []


def test_every_command_option_and_preset_stands_in_the_reference():
    wanted = [f"## {name}\n" for name, _ in every_command()] + [f"`{name}`" for name in preset_names()]
    assert [words for words in wanted if words not in REFERENCE] == []
    for name, command in every_command():
        text = REFERENCE.split(f"## {name}\n")[1].split("\n## ")[0]
        options = [word for each in command.params if isinstance(each, click.Option) for word in each.opts]
        assert [word for word in options if word not in text] == [], name


def test_every_environment_variable_of_the_code_stands_in_the_docs():
    packages = ("facetex_core", "plugins", "cli", "model_zoo/facetex_model_zoo")
    code = "\n".join(path.read_text("utf-8") for package in packages for path in (ROOT / package).rglob("*.py"))
    named = set(re.findall(r"\bFACETEX_[A-Z_]+\b", code)) - {"FACETEX_API"}
    assert named == set(re.findall(r"`(FACETEX_[A-Z_]+)`", (ROOT / "docs" / "all-of-facetex.md").read_text("utf-8")))


@pytest.mark.parametrize("path", TEXTS, ids=relative)
def test_links_lead_to_files_that_exist(path):
    text = re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)[^)]*\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text)
    local = [link.split("#")[0] for link in links if not re.match(r"[a-z]+:|#", link)]
    assert [link for link in local if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", TEXTS, ids=relative)
def test_code_that_the_docs_name_exists(path):
    text = re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    named = {name for name in re.findall(r"`(?:python )?([a-z0-9_/]+\.py)\b[^`\n]*`", text) if name != "mine.py"}
    assert [name for name in sorted(named) if not any(file.endswith(f"/{name}") for file in SOURCES)] == []


@pytest.mark.parametrize("path", TEXTS, ids=relative)
def test_commands_in_the_docs_exist_with_their_options(path):
    known = dict(every_command())
    for line in "\n".join(blocks(path, "console", "sh", "bash", "shell")).splitlines():
        words = shlex.split(line.removeprefix("$ "), comments=True)
        if words[:1] != ["facetex"] or not (line.startswith("$ ") or path.name == "README.md"):
            continue
        names = [" ".join(words[:count]) for count in (3, 2, 1)]
        command = known[next(name for name in names if name in known)]
        assert len(words) == 1 or words[1].startswith("-") or names[1] in known, line
        options = {word for each in command.params for word in each.opts} | {"-h", "--help"}
        given = {word.split("=")[0] for word in words if word.startswith("-")}
        assert given <= options, line
