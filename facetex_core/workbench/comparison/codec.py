"""facetex's values as plain words and arrays, and back: what a cache can name by content and keep without pickles.

A value becomes a tree that JSON can hold and a list of arrays that the tree names by number. Morphable models are large and
shared by many fits, so a tree holds their digest only, and each model stays one object in a process.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from facetex_core import structures
from facetex_core.io.npz import AnyArray
from facetex_core.structures import MorphableModel

NOUNS = {name: noun for name, noun in vars(structures).items() if isinstance(noun, type) and is_dataclass(noun)}
"""Whose fields are known."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A value in parts."""

    tree: Any
    arrays: list[AnyArray]

    @property
    def models(self) -> set[str]:
        """Digests of the morphable models that the value holds."""
        return set(_models(self.tree))

    @property
    def digest(self) -> str:
        """SHA-256 of all that the value is."""
        found = hashlib.sha256(json.dumps(self.tree).encode("utf-8"))
        for array in self.arrays:
            found.update(f"{array.dtype.str}{array.shape}".encode("ascii"))
            found.update(array.data if array.size else b"")
        return found.hexdigest()


class Codec:
    """Packs values and unpacks them; `find` brings a morphable model of this digest that has not been met yet."""

    def __init__(self, find: Callable[[str], MorphableModel]) -> None:
        self.models: dict[str, MorphableModel] = {}
        """By digest."""
        self._find = find
        self._digests: WeakKeyDictionary[MorphableModel, str] = WeakKeyDictionary()

    def pack(self, value: object) -> Packed:
        """The value in parts; a TypeError if it holds anything that facetex has no word for."""
        arrays: list[AnyArray] = []
        return Packed(self._tree(value, arrays), arrays)

    def unpack(self, packed: Packed) -> Any:  # noqa: ANN401  # whatever was packed
        """The value, with read-only arrays that lie in memory row by row, however they lay before."""
        views = [array.view() for array in packed.arrays]
        for view in views:
            view.flags.writeable = False
        return self._value(packed.tree, views)

    def pack_model(self, model: MorphableModel) -> Packed:
        """A model in parts, not by its digest."""
        arrays: list[AnyArray] = []
        return Packed(self._fields(model, arrays), arrays)

    def learn(self, model: MorphableModel) -> str:
        """The model's digest; from now on, equal models are this one."""
        if model not in self._digests:
            self._digests[model] = self.pack_model(model).digest
        self.models.setdefault(self._digests[model], model)
        return self._digests[model]

    def _tree(self, value: object, arrays: list[AnyArray]) -> object:  # noqa: PLR0911  # one for each kind
        if isinstance(value, np.generic):
            return value.item()
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, np.ndarray) and not value.dtype.hasobject:
            arrays.append(np.asarray(value, order="C"))
            return {"array": len(arrays) - 1}
        if isinstance(value, bytes):
            arrays.append(np.frombuffer(value, np.uint8))
            return {"bytes": len(arrays) - 1}
        if isinstance(value, MorphableModel):
            return {"model": self.learn(value)}
        if type(value).__name__ in NOUNS:
            return self._fields(value, arrays)
        if isinstance(value, tuple | list):
            return {type(value).__name__: [self._tree(each, arrays) for each in value]}
        if isinstance(value, Mapping):
            return {"map": [[key, self._tree(each, arrays)] for key, each in value.items()]}
        if isinstance(value, slice):
            return {"slice": [value.start, value.stop, value.step]}
        if isinstance(value, np.random.Generator):  # only ever given to a stage, never made by one
            return {"generator": repr(value.bit_generator.state)}
        raise TypeError(f"{type(value).__name__} is none of facetex's values")

    def _fields(self, value: Any, arrays: list[AnyArray]) -> object:  # noqa: ANN401  # one of NOUNS
        parts = [[each.name, self._tree(getattr(value, each.name), arrays)] for each in fields(value)]
        return {"noun": type(value).__name__, "fields": parts}

    def _value(self, tree: Any, arrays: list[AnyArray]) -> Any:  # noqa: ANN401, PLR0911
        if not isinstance(tree, dict):
            return tree
        kind, held = next(iter(tree.items()))
        match kind:
            case "array":
                return arrays[held]
            case "bytes":
                return arrays[held].tobytes()
            case "model":
                if held not in self.models:
                    self.learn(self._find(held))
                return self.models[held]
            case "noun":
                return NOUNS[held](**{name: self._value(part, arrays) for name, part in tree["fields"]})
            case "map":
                return {name: self._value(part, arrays) for name, part in held}
            case "slice":
                return slice(*held)
            case "list":
                return [self._value(part, arrays) for part in held]
            case "tuple":
                return tuple(self._value(part, arrays) for part in held)
        raise ValueError(f"a value of unknown kind {kind!r}")


def _models(tree: object) -> Iterator[str]:
    if isinstance(tree, dict):
        if "model" in tree:
            yield tree["model"]
        for part in tree.values():
            yield from _models(part)
    elif isinstance(tree, list):
        for part in tree:
            yield from _models(part)
