"""Options describe themselves: what they take, within which limits, what they do; and a value is held to that."""

import json
from pathlib import Path
from typing import Annotated, Literal

import pytest

from facetex_core import ConfigError, Meta, Program, Registry
from facetex_core.options import options_of

OURS = [
    (offer, option)
    for offers in Registry().offers.values()
    for offer in offers.values()
    if offer.origin.startswith("facetex ")
    for option in offer.options
]


def stage(
    share: Annotated[float, Meta(ge=0, le=1, description="how much")] = 0.5,
    count: Annotated[int, Meta(gt=0)] = 3,
    way: Literal["near", "far"] = "near",
    picture: Annotated[Path | None, Meta(description="a picture")] = None,
    tool: Program | None = None,
    wet: bool = False,
    plain=1.5,
) -> object:
    """A factory with an option of every kind."""


OPTIONS = {option.name: option for option in options_of(stage)}


@pytest.mark.parametrize(("offer", "option"), OURS, ids=lambda value: value.name)
def test_every_option_that_ships_says_what_it_does_and_where_it_ends(offer, option):
    assert option.about, offer.title
    assert not option.about.endswith(".")
    if option.schema.get("type") in ("number", "integer"):
        assert {"minimum", "exclusiveMinimum"} & set(option.schema), offer.title
    if option.default is not None:
        assert option.read(option.default) == option.default
    json.dumps(option.schema)


def test_what_an_option_takes_stands_in_words():
    assert {name: option.takes for name, option in OPTIONS.items()} == {
        "share": "a number from 0 to 1",
        "count": "a whole number above 0",
        "way": "one of near, far",
        "picture": "a file or none",
        "tool": "a program or none",
        "wet": "true or false",
        "plain": "a number",
    }
    assert OPTIONS["share"].schema == {"description": "how much", "type": "number", "minimum": 0, "maximum": 1}
    assert [name for name, option in OPTIONS.items() if option.is_program] == ["tool"]
    assert OPTIONS["picture"].about == "a picture"


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [("share", "0.25", 0.25), ("share", 1, 1.0), ("count", "7", 7), ("way", "far", "far"), ("picture", "none", None),
     ("picture", "a/b.png", Path("a/b.png")), ("tool", "/bin/x", Path("/bin/x")), ("wet", "True", True), ("wet", "off", False),
     ("plain", "2", 2.0)],
)  # fmt: skip
def test_text_and_numbers_are_read(name, given, value):
    found = OPTIONS[name].read(given)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "given"),
    [("share", "2"), ("share", "nan"), ("share", True), ("share", [1]), ("count", "0"), ("count", 2.5), ("count", "many"),
     ("way", "left"), ("wet", "maybe"), ("plain", "x"), ("picture", 3)],
)  # fmt: skip
def test_what_an_option_does_not_take_is_one_line_with_its_name_and_what_it_takes(name, given):
    with pytest.raises(ConfigError) as caught:
        OPTIONS[name].read(given)
    told = f"option {name!r} takes {OPTIONS[name].takes}, not {given!r}"
    assert str(caught.value) == told + (f": {OPTIONS[name].about}" if OPTIONS[name].about else "")
