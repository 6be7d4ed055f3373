"""Options of a plugin, read off its factory's signature: the only list of options there is.

An argument says of itself what it takes, within which limits, and what it does:

    def __init__(self, flatten: Annotated[float, Meta(ge=0, le=1, description="share of ...")] = 0.9) -> None: ...

An annotation alone, or nothing but a default, is an option as well: one without limits and without a sentence.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from facetex_core.choices_file import Quoted, quoted_from
from facetex_core.errors import ConfigError

__all__ = ["Device", "Meta", "Option", "Program", "options_of"]

Program = Annotated[Path, "a program that is run"]
"""The type of an option that names a program: it comes from the command line or the environment, never from a file."""
Device = Annotated[Literal["cpu", "cuda"], Meta(description="where the network runs; by default on the run's device")]
"""The type of the option `device`."""

_TAKES: dict[object, str] = {float: "a number", int: "a whole number", bool: "true or false", str: "text", Path: "a file"}
_YES_AND_NO = {"yes": True, "on": True, "no": False, "off": False}


@dataclass(frozen=True, slots=True)
class Option:
    """One keyword argument of a factory."""

    name: str
    type: Any
    """As annotated, limits and all."""
    default: object
    """`inspect.Parameter.empty` where the factory has none."""

    @property
    def about(self) -> str:
        """What it does, in a sentence; nothing where the plugin does not say."""
        return next((meta.description for meta in _notes(self.type, Meta) if meta.description), "")

    @property
    def is_program(self) -> bool:
        """Whether it names a program that the plugin runs."""
        return "a program that is run" in _notes(self.type, str)

    @property
    def takes(self) -> str:
        """What a value has to be, in words."""
        kind = _plain(self.type)
        words = "a program" if self.is_program else _TAKES.get(kind, getattr(kind, "__name__", str(kind)))
        if get_origin(kind) is Literal:
            words = f"one of {', '.join(map(str, get_args(kind)))}"
        return words + _limits(_notes(self.type, Meta)) + (" or none" if self._may_be_none else "")

    @property
    def schema(self) -> dict[str, Any]:
        """The same as JSON Schema, which forms on web pages are made of."""
        return msgspec.json.schema(self.type, schema_hook=lambda _: {"type": "string"})

    @property
    def _may_be_none(self) -> bool:
        return any(part is NoneType for part in _parts(self.type))

    def read(self, value: object) -> object:
        """The value, converted where it is text (command line) or a whole number for a float (TOML); held to its limits.

        A preset, a grid or a facetex.json may come from a stranger: it chooses no program, and files as `Quoted.file` lets it.
        """
        source = quoted_from(value)
        if source and self.is_program:
            refusal = f"{source.name}: option {self.name!r} names a program that would be run, which no file may choose"
            raise ConfigError(f"{refusal}: give it by --set STAGE.{self.name}=PATH if you trust it")
        if self._may_be_none and (value is None or str(value).lower() == "none"):
            return None
        if isinstance(value, Quoted):
            value = value.file(f"option {self.name!r}") if _plain(self.type) is Path else str(value)
        if isinstance(value, str) and _plain(self.type) is bool:
            value = _YES_AND_NO.get(value.lower(), value)
        try:
            return msgspec.convert(value, self.type, strict=False, dec_hook=lambda kind, plain: kind(plain))
        except (msgspec.ValidationError, TypeError):
            about = f": {self.about}" if self.about else ""
            raise ConfigError(f"option {self.name!r} takes {self.takes}, not {value!r}{about}") from None


def options_of(factory: Callable[..., object]) -> tuple[Option, ...]:
    """The options of a factory, in its own order."""
    try:
        parameters = inspect.signature(factory).parameters.values()
    except ValueError:
        return ()
    hints = get_type_hints(factory.__init__ if inspect.isclass(factory) else factory, include_extras=True)
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return tuple(Option(p.name, hints.get(p.name, _kind_of(p.default)), p.default) for p in parameters if p.kind in named)


def _kind_of(default: object) -> type:
    """What an argument without an annotation takes: values like its default, or text."""
    return str if default is None or default is inspect.Parameter.empty else type(default)


def _parts(kind: object) -> Iterator[object]:
    """`int` and `None` of `int | None`, whatever is annotated."""
    if get_origin(kind) is Annotated:
        yield from _parts(get_args(kind)[0])
    elif get_origin(kind) in (Union, UnionType):
        for part in get_args(kind):
            yield from _parts(part)
    else:
        yield kind


def _plain(kind: object) -> object:
    """`int` for `int | None`."""
    return next((part for part in _parts(kind) if part is not NoneType), NoneType)


def _notes(kind: object, wanted: type) -> list[Any]:
    """The remarks of this type on an annotation and on all inside of it."""
    inside = [note for part in get_args(kind) for note in _notes(part, wanted)] if get_origin(kind) is not Literal else []
    own = getattr(kind, "__metadata__", ())
    return [note for note in own if isinstance(note, wanted)] + inside


def _limits(notes: list[Meta]) -> str:
    limits = (("ge", "from"), ("gt", "above"), ("le", "to"), ("lt", "below"))
    found = [(word, getattr(note, name)) for name, word in limits for note in notes]
    return "".join(f" {word} {value}" for word, value in found if value is not None)
