"""Holds a stage's answer to its annotations: types, shapes, kinds of numbers, ranges, and no NaN.

Axes of one name are of one length, as in `Float32[np.ndarray, "size size 3"]`; the message shows the pattern, what was
found, and what to do.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Union, cast, get_args, get_origin, get_type_hints

import numpy as np

from facetex_core.structures import Face, Photo, Texture
from facetex_core.testing.demand import demand

WITHIN = {(Photo, "rgb"): (0, 1), (Texture, "rgb"): (0, 1), (Texture, "visibility"): (0, 1), (Face, "score"): (0, 1)}
"""Ranges that the docstrings of structures.py promise."""


def hold(value: object, kind: object, name: str, sizes: Mapping[str, int]) -> None:
    """Fails where the value is not of this kind; `sizes`: lengths of axes that are known before."""
    _hold(value, kind, name, dict(sizes), sizes)


def _hold(value: object, kind: object, name: str, bound: dict[str, int], sizes: Mapping[str, int]) -> None:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        if value is None and NoneType in inner:
            return
        _hold(value, next(part for part in inner if part is not NoneType), name, bound, sizes)
    elif hasattr(kind, "dim_str"):
        _hold_array(value, kind, name, bound)
    elif origin is tuple:
        demand(isinstance(value, tuple), _told(name, "a tuple", value, "end with `return tuple(...)`"))
        for number, each in enumerate(cast("tuple[object, ...]", value)):
            _hold(each, inner[0], f"{name}[{number}]", dict(sizes), sizes)
    elif origin is not None and issubclass(origin, Mapping):
        demand(isinstance(value, Mapping), _told(name, "a mapping", value, "make it a dict"))
        for key, each in cast("Mapping[str, object]", value).items():
            _hold(each, inner[1], f"{name}[{key!r}]", dict(bound), sizes)
    elif isinstance(kind, type):
        demand(isinstance(value, kind), _told(name, _a(kind.__name__), value, _way(value, kind)))
        if kind is float:
            finite = np.isfinite(cast("float", value))
            demand(finite, f"{name} is {value}: guard the division or the logarithm that makes it")
        if is_dataclass(kind):
            _hold_fields(value, kind, name, sizes)


def _hold_fields(value: object, kind: type, name: str, sizes: Mapping[str, int]) -> None:
    hints, bound = get_type_hints(kind), dict(sizes)
    for field in fields(kind):
        part = getattr(value, field.name)
        _hold(part, hints[field.name], f"{name}.{field.name}", bound, sizes)
        if (kind, field.name) in WITHIN:
            hold_range(part, f"{name}.{field.name}", *WITHIN[kind, field.name])


def _hold_array(value: object, kind: object, name: str, bound: dict[str, int]) -> None:
    """`bound` learns the lengths of the axes."""
    dtype, axes = kind.dtypes[0], kind.dim_str.split()  # type: ignore[attr-defined]  # jaxtyping's classes
    pattern = f"{dtype} '{' '.join(axes)}'"
    known = {axis: bound[axis] for axis in axes if axis in bound}
    pattern += f" with {', '.join(f'{axis}={length}' for axis, length in known.items())}" if known else ""
    demand(isinstance(value, np.ndarray), _told(name, pattern, value, f"make it an array: np.asarray(..., np.{dtype})"))
    array = np.asarray(value)
    demand(array.ndim == len(axes), _told(name, pattern, array, _other_axes(array.ndim - len(axes))))
    for axis, length in zip(axes, array.shape, strict=True):
        wanted = int(axis) if axis.isdigit() else length if axis == "_" else bound.setdefault(axis, length)
        demand(length == wanted, _told(name, pattern, array, _other_length(axes, bound, array.shape, axis, wanted, length)))
    demand(array.dtype == dtype, _told(name, pattern, array, f"end with .astype(np.{dtype})"))
    if array.dtype.kind == "f":
        lost = np.argwhere(~np.isfinite(array))
        where = lost[0].tolist() if len(lost) else ""
        many = f"{len(lost)} of {array.size} values of {name} are not finite, the first at {where}"
        demand(not len(lost), f"{many}: guard the division or the logarithm that makes them")


def hold_range(value: object, name: str, low: float, high: float) -> None:
    """Fails where a number lies outside of [low, high]."""
    numbers = np.asarray(value)
    if not numbers.size:
        return
    least, most = float(numbers.min()), float(numbers.max())
    guess = "linear light is 1 at full white: divide by 255" if 2 < most <= 255 else f"end with np.clip(..., {low}, {high})"
    demand(low <= least and most <= high, f"{name}: expected [{low}, {high}]; found {least:.4g} to {most:.4g}: {guess}")


def _told(name: str, expected: str, found: object, mend: str) -> str:
    shown = f"{found.dtype} {found.shape}" if isinstance(found, np.ndarray) else _a(type(found).__name__)
    return f"{name}: expected {expected}; found {'None' if found is None else shown}: {mend}"


def _way(value: object, kind: type) -> str:
    if value is None:
        return f"end the method with `return {kind.__name__}(...)`"
    return f"wrap it: {kind.__name__}(...)" if kind in (float, int, str) else f"make it a {kind.__name__}"


def _a(noun: str) -> str:
    return f"{'an' if noun[0].lower() in 'aeiou' else 'a'} {noun}"


def _other_axes(more: int) -> str:
    too, way = ("many", "[..., 0] drops one") if more > 0 else ("few", "[..., None] adds one")
    return f"{abs(more)} {'axis' if abs(more) == 1 else 'axes'} too {too}: {way}"


def _other_length(
    axes: list[str], bound: Mapping[str, int], shape: tuple[int, ...], axis: str, wanted: int, length: int
) -> str:
    lengths = [int(each) if each.isdigit() else bound.get(each, -1) for each in axes]
    if sorted(lengths) == sorted(shape):
        return "the axes stand in another order: transpose them (rows before columns, channels last)"
    return f"axis '{axis}' must be {wanted} long, not {length}"
