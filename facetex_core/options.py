"""Options of a plugin, read off its factory's signature: the only list of options there is."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Literal, Union, get_args, get_origin, get_type_hints

from facetex_core.choices_file import Quoted, quoted_from
from facetex_core.errors import ConfigError

Program = Annotated[Path, "a program that is run"]
"""The type of an option that names a program: it comes from the command line or the environment, never from a file."""

_TRUE_AND_FALSE = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


@dataclass(frozen=True, slots=True)
class Option:
    """One keyword argument of a factory."""

    name: str
    type: object
    default: object
    """`inspect.Parameter.empty` where the factory has none."""
    is_program: bool = False
    """Whether it names a program that the plugin runs."""

    def read(self, value: object) -> object:
        """The value, converted where it is text (command line) or a whole number for a float (TOML).

        A preset, a grid or a facetex.json may come from a stranger: it chooses no program, and files as `Quoted.file` lets it.
        """
        source = quoted_from(value)
        if source and self.is_program:
            told = f"{source.name}: option {self.name!r} names a program that would be run, which no file may choose"
            raise ConfigError(f"{told}: give it by --set STAGE.{self.name}=PATH if you trust it")
        if value is None and NoneType in get_args(self.type):
            return None
        kind = _plain(self.type)
        if get_origin(kind) is Literal:
            return self._choose(value, get_args(kind))
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if isinstance(value, Quoted):
            is_path = kind is Path and not self._is_none(value)
            value = value.file(f"option {self.name!r}") if is_path else str(value)
        if isinstance(value, str) and kind is not str:
            return self._parse(value, kind)
        if isinstance(kind, type) and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
            raise ConfigError(f"option {self.name!r} takes {kind.__name__}, not {value!r}")
        return value

    def _is_none(self, text: str) -> bool:
        return text.lower() == "none" and NoneType in get_args(self.type)

    def _choose(self, value: object, choices: tuple[object, ...]) -> object:
        for choice in choices:
            if str(choice) == str(value):
                return choice
        raise ConfigError(f"option {self.name!r} takes one of {', '.join(map(str, choices))}, not {value!r}")

    def _parse(self, text: str, kind: object) -> object:
        if self._is_none(text):
            return None
        try:
            return _TRUE_AND_FALSE[text.lower()] if kind is bool else kind(text)  # type: ignore[operator]  # an int, a float or a stranger's type
        except (KeyError, TypeError, ValueError):
            raise ConfigError(f"option {self.name!r} takes {getattr(kind, '__name__', kind)}, not {text!r}") from None


def options_of(factory: Callable[..., object]) -> tuple[Option, ...]:
    """The options of a factory, in its own order."""
    try:
        parameters = inspect.signature(factory).parameters.values()
    except ValueError:
        return ()
    annotated = factory.__init__ if inspect.isclass(factory) else factory
    hints, marked = get_type_hints(annotated), get_type_hints(annotated, include_extras=True)
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return tuple(
        Option(p.name, hints.get(p.name, _kind_of(p.default)), p.default, _names_a_program(marked.get(p.name)))
        for p in parameters
        if p.kind in named
    )


def _names_a_program(kind: object) -> bool:
    """Whether it is `Program`, or has it inside, as `Program | None` and `list[Program]` do."""
    return kind == Program or any(map(_names_a_program, get_args(kind)))


def _kind_of(default: object) -> type:
    """What an argument without an annotation takes: values like its default, or text."""
    return str if default is None or default is inspect.Parameter.empty else type(default)


def _plain(kind: object) -> object:
    """`int` for `int | None`."""
    if get_origin(kind) in (Union, UnionType):
        return next(part for part in get_args(kind) if part is not NoneType)
    return kind
