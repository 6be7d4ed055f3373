"""What a value is made of: every array, number and word in it, by the path that leads there; and the value locked."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from operator import is_
from types import MappingProxyType
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary, WeakSet

import numpy as np
from jaxtyping import Shaped

from facetex_core.head_models import MorphableModel

Value = TypeVar("Value")

_twins: "WeakKeyDictionary[MorphableModel, MorphableModel]" = WeakKeyDictionary()
"""The locked twin of a model: always the same object, since what is worked out of a model is kept by object."""
_locked_models: "WeakSet[MorphableModel]" = WeakSet()


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Depth first, in the value's own order: `[0].landmarks`, `.support['band1']`."""
    if is_dataclass(value):
        for field in fields(value):
            yield from leaves(getattr(value, field.name), f"{path}.{field.name}")
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from leaves(part, f"{path}[{key!r}]")
    elif isinstance(value, tuple | list):
        for number, part in enumerate(value):
            yield from leaves(part, f"{path}[{number}]")
    else:
        yield path, value


def locked(value: Value) -> Value:
    """The same value with every array and mapping in it read-only; the arrays of whoever gave it stay writeable.

    No number is copied. What is locked already comes back as the same object.
    """
    return cast("Value", _locked(value))


def _locked(value: Any) -> Any:  # noqa: ANN401  # any of facetex's values
    if isinstance(value, np.ndarray):
        return _locked_array(value)
    if isinstance(value, MorphableModel):
        return value if value in _locked_models else _twin(value)
    if is_dataclass(value):
        return _locked_noun(value)
    if isinstance(value, Mapping):
        parts = {key: _locked(part) for key, part in value.items()}
        same = isinstance(value, MappingProxyType) and all(parts[key] is part for key, part in value.items())
        return value if same else MappingProxyType(parts)
    if isinstance(value, tuple | list):
        items = tuple(_locked(part) for part in value)
        return value if isinstance(value, tuple) and all(map(is_, items, value)) else items
    return value


def _twin(model: MorphableModel) -> MorphableModel:
    if model not in _twins:
        twin = _locked_noun(model)
        _locked_models.add(twin)
        if twin is model:
            return model
        _twins[model] = twin
    return _twins[model]


def _locked_array(array: Shaped[np.ndarray, "..."]) -> Shaped[np.ndarray, "..."]:
    if not array.flags.writeable:
        return array
    view = array.view()
    view.setflags(write=False)
    return view


def _locked_noun(value: Any) -> Any:  # noqa: ANN401  # a dataclass
    parts = {field.name: getattr(value, field.name) for field in fields(value)}
    locked_parts = {name: _locked(part) for name, part in parts.items()}
    return value if all(map(is_, parts.values(), locked_parts.values())) else type(value)(**locked_parts)
