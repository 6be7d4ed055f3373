"""`facetex plugins new`: a package with a plugin that works and a test that holds it to its role's contract."""

import re
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from facetex_core.errors import ConfigError, did_you_mean
from facetex_core.hookspecs import API_VERSION
from facetex_core.registry import NAME, Registry
from facetex_core.stages import STAGES

PYPROJECT = """\
[build-system]
requires = ["hatchling>=1.25"]
build-backend = "hatchling.build"

[project]
name = "facetex-{name}"
version = "0.1.0"
description = "{article} {words} for facetex"
readme = "README.md"
dependencies = ["facetex"]

[project.optional-dependencies]
dev = ["pytest"]

[project.entry-points.facetex]
{module} = "{module}"
"""

HOOK = '''
api_version = {version}


@hookimpl
def {role}s() -> dict[str, type]:
    """Name -> class; the arguments of its __init__ are its options."""
    return {{"example": Example}}
'''
"""What every module has between its imports and its class."""

TEST = '''\
"""What every {words} promises; facetex_core.testing tells what that is."""

{imports}


class Test{title}({protocol}Contract):
    make = {title}
'''

README = """\
# facetex-{name}

{article} {words} for facetex.

```console
$ pip install -e .[dev]
$ pytest
$ facetex plugins check {name}
$ facetex plugins show {name}
```

`{module}.py` holds the plugin, `test_{module}.py` its test. `pyproject.toml` names the module in the group `facetex`, which is
how it is found.
"""


def write_package(registry: Registry, name: str, role: str, where: Path) -> Path:
    """The folder facetex-NAME in `where` with the four files of a plugin."""
    words = _words_for(registry, name, role)
    folder = where / f"facetex-{name}"
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder.name} is there already and not an empty folder: take another name, or remove it")
    source = _module(role)
    module = words["module"]
    # In the order that linters want, whatever the plugin is called.
    core = f"from facetex_core.testing import {words['protocol']}Contract"
    imports = "\n".join(sorted([core, f"from {module} import {words['title']}"]))
    contents = {
        "README.md": README.format(**words),
        "pyproject.toml": PYPROJECT.format(**words),
        f"{module}.py": re.sub("Example|example", lambda found: words["title"] if found[0] == "Example" else name, source),
        f"test_{module}.py": TEST.format(imports=imports, **words),
    }
    folder.mkdir(exist_ok=True)
    for file, content in contents.items():
        (folder / file).write_text(content, "utf-8")
    return folder


def _module(role: str) -> str:
    """The template of the role, with the hook that offers its class."""
    text = files("facetex_cli").joinpath("templates", f"{role}.py").read_text("utf-8")
    text = re.sub("(from facetex_core import .*)", r"\1, hookimpl", text, count=1)
    return text.replace("\n\nclass ", f"{HOOK.format(role=role, version=API_VERSION)}\n\nclass ", 1)


def _words_for(registry: Registry, name: str, role: str) -> dict[str, str]:
    """What the files say; refuses what could not be installed or found."""
    if role not in STAGES:
        raise ConfigError(f"no role {role!r}; {did_you_mean(role, STAGES)}")
    if not re.fullmatch(NAME, name):
        raise ConfigError(f"{name!r} is no name for a plugin: lower-case letters, digits and hyphens, a letter first")
    if name in registry.offers[role]:
        raise ConfigError(f"{role} {name!r} is offered by {registry.offers[role][name].plugin!r} already: take another name")
    module = f"facetex_{name.replace('-', '_')}"
    if find_spec(module):
        raise ConfigError(f"there is a package {module!r} already: take another name")
    title, protocol = "".join(part.capitalize() for part in name.split("-")), STAGES[role].__name__
    return {
        "name": name,
        "module": module,
        "title": title if title.endswith(protocol) and title != protocol else title + protocol,
        "protocol": protocol,
        "words": role.replace("_", " "),
        "article": "An" if role[0] in "aeiou" else "A",
    }
