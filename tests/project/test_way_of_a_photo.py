"""The drawing of docs/explanation/the-way-of-a-photo.md says what structures.py and stages.py say."""

import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from places import ROOT

from facetex_core import stages, structures
from facetex_core.stages import STAGES, verb_of

PAGE = ROOT / "docs" / "explanation" / "the-way-of-a-photo.md"
DRAWING = PAGE.read_text("utf-8").split("```text\n")[1].split("```")[0]
STEPS = re.findall(r"├─ (\w+)\.(\w+)\(([\w, ]*)\) ─+► (\w+)", DRAWING)
NOUNS = re.findall(r"^(\w+) = (.+)$", DRAWING, re.MULTILINE)


def nouns_in(kind: Any) -> list[str]:
    """The nouns of structures.py that an annotation speaks of, in its order."""
    if is_dataclass(kind):
        return [kind.__name__]
    return [name for part in get_args(kind) for name in nouns_in(part)]


def test_every_stage_is_drawn_in_running_order_with_its_verb():
    assert [(role, verb) for role, verb, _, _ in STEPS] == [(role, verb_of(role)) for role in STAGES]


@pytest.mark.parametrize(("role", "verb", "given", "returned"), STEPS, ids=lambda value: value.replace(", ", "-"))
def test_a_step_takes_and_returns_what_its_protocol_says(role, verb, given, returned):
    hints = get_type_hints(getattr(STAGES[role], verb))
    answer = nouns_in(hints.pop("return")) or {"blend_solver": ["weights"], "exporter": ["files"]}[role]
    assert [name for kind in hints.values() for name in nouns_in(kind)] == given.split(", ")
    assert answer == [returned]


@pytest.mark.parametrize(("name", "parts"), NOUNS, ids=lambda value: value.split()[0])
def test_a_noun_is_made_of_the_parts_that_are_drawn(name, parts):
    noun, drawn = getattr(structures, name), parts.split(" + ")
    base = [each.name for each in fields(getattr(structures, drawn[0]))] if drawn[0][0].isupper() else drawn[:1]
    assert [each.name for each in fields(noun)] == [*base, *drawn[1:]]


def test_the_two_files_are_short_enough_to_read():
    for module in (structures, stages):
        assert len(Path(module.__file__).read_text("utf-8").splitlines()) < 300
