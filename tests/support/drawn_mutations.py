"""Mutations of what ships, by the operators of cosmic-ray: each line's, and a sample over all lines."""

import random
import warnings
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator, operator_names
from places import ROOT

SHIPS = {
    "facetex_core": "tests/core",
    "plugins/facetex_plugins": "tests/plugins",
    "model_zoo/facetex_model_zoo": "tests/zoo",
    "cli/facetex_cli": "tests/cli",
}
"""What ships, and where its tests lie."""
INERT = {"name", "string", "newline", "endmarker", "fstring_string", "fstring_start", "fstring_end"}
"""Parts of a syntax tree that cosmic-ray's operators leave alone."""


class Mutation(NamedTuple):
    """One mutation: the `occurrence`-th of its operator in the file."""

    path: str
    line: int
    operator: str
    occurrence: int

    def source(self) -> str:
        """The file with the mutation in it."""
        return str(mutate_code((ROOT / self.path).read_text("utf-8"), operators()[self.operator], self.occurrence))

    def compiles(self) -> bool:
        """What no interpreter reads is no mutation, nor what cosmic-ray cannot write: another name for `except module.Name`."""
        try:
            with warnings.catch_warnings(action="ignore"):
                compile(self.source(), self.path, "exec")
        except (SyntaxError, AttributeError):
            return False
        return True


@cache
def operators() -> dict[str, Operator]:
    """All of cosmic-ray's that need no names of variables."""
    found = {name: get_operator(name) for name in sorted(operator_names())}
    return {name: made() for name, made in found.items() if not made.arguments()}


def shipped() -> list[str]:
    """Every file of what ships; templates are text that a plugin's author gets."""
    found = [path for folder in SHIPS for path in (ROOT / folder).rglob("*.py") if "templates" not in path.parts]
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def mutations_of(path: str) -> Iterator[Mutation]:
    """Every mutation that could be put in the file."""
    seen: dict[str, int] = defaultdict(int)
    for node in ast_nodes(get_ast((ROOT / path).read_text("utf-8"))):
        for name, operator in operators().items() if node.type not in INERT else ():
            for (line, _), _ in operator.mutation_positions(node):
                yield Mutation(path, line, name, seen[name])
                seen[name] += 1


def drawn(count: int, seed: int) -> list[Mutation]:
    """One each in so many lines, of those that could have one; a line's lot does not change with the lines around it."""
    lines: dict[str, list[Mutation]] = defaultdict(list)
    for path in shipped():
        texts = (ROOT / path).read_text("utf-8").splitlines()
        for mutation in mutations_of(path):
            lines[f"{seed} {path} {texts[mutation.line - 1].strip()}"].append(mutation)
    chance = {line: random.Random(line) for line in lines}  # noqa: S311  # draws a sample
    order = sorted(lines, key=lambda line: chance[line].random())
    shuffled = (chance[line].sample(lines[line], len(lines[line])) for line in order)
    chosen = (next(filter(Mutation.compiles, mutations), None) for mutations in shuffled)
    return [mutation for mutation, _ in zip(filter(None, chosen), range(count), strict=False)]
