"""Options of a plugin, read off its factory's signature: the only list of options there is."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Literal, Union, get_args, get_origin, get_type_hints

from facetex_core.errors import ConfigError

_TRUE_AND_FALSE = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


@dataclass(frozen=True, slots=True)
class Option:
    """One keyword argument of a factory."""

    name: str
    type: object
    default: object
    """`inspect.Parameter.empty` where the factory has none."""

    def read(self, value: object) -> object:
        """The value, converted where it is text (command line) or a whole number for a float (TOML)."""
        if value is None and NoneType in get_args(self.type):
            return None
        kind = _plain(self.type)
        if get_origin(kind) is Literal:
            return self._choose(value, get_args(kind))
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if isinstance(value, str) and kind is not str:
            return self._parse(value, kind)
        if isinstance(kind, type) and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
            raise ConfigError(f"option {self.name!r} takes {kind.__name__}, not {value!r}")
        return value

    def _choose(self, value: object, choices: tuple[object, ...]) -> object:
        for choice in choices:
            if str(choice) == str(value):
                return choice
        raise ConfigError(f"option {self.name!r} takes one of {', '.join(map(str, choices))}, not {value!r}")

    def _parse(self, text: str, kind: object) -> object:
        if text.lower() == "none" and NoneType in get_args(self.type):
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
    hints = get_type_hints(factory.__init__ if inspect.isclass(factory) else factory)
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return tuple(Option(p.name, hints.get(p.name, _kind_of(p.default)), p.default) for p in parameters if p.kind in named)


def _kind_of(default: object) -> type:
    """What an argument without an annotation takes: values like its default, or text."""
    return str if default is None or default is inspect.Parameter.empty else type(default)


def _plain(kind: object) -> object:
    """`int` for `int | None`."""
    if get_origin(kind) in (Union, UnionType):
        return next(part for part in get_args(kind) if part is not NoneType)
    return kind
