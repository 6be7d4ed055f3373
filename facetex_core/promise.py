"""Holds a stage's answer to its annotations: types, shapes, kinds of numbers, ranges, and no NaN.

Axes of one name are of one length, as in `Float32[np.ndarray, "size size 3"]`; the message shows the pattern, what was
found, and what to do.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Union, cast, get_args, get_origin, get_type_hints
from weakref import WeakSet

import numpy as np

from facetex_core.head_models import MorphableModel
from facetex_core.structures import CLASSES, Appearance, Detail, DetailLayer, Face, Head, Merged, Photo, Segmentation, Texture

WITHIN: Mapping[tuple[type, str], tuple[float, float]] = {
    (Photo, "rgb"): (0, 1),
    (Face, "score"): (0, 1),
    (Texture, "rgb"): (0, 1),
    (Texture, "visibility"): (0, 1),
    (Appearance, "albedo"): (0, np.inf),
    (Merged, "shares"): (0, 1),
    (DetailLayer, "mask"): (0, 1),
    (Detail, "normals"): (-1, 1),
    (Head, "roughness"): (0, 1),
}
"""Ranges that the docstrings of structures.py promise."""
NEARLY = 1e-4
"""What rounding in single precision may add to a sum."""

_held: "WeakSet[MorphableModel]" = WeakSet()
"""Models are large, and held to their word once."""


class PromiseError(AssertionError):
    """A promise that is not kept: what was found, what was expected, and what to do."""


def demand(kept: object, told: str) -> None:
    """Fails with these words where a promise is not kept; works under `python -O`, too."""
    if not kept:
        raise PromiseError(told)


def hold(value: object, kind: object, name: str, sizes: Mapping[str, int]) -> None:
    """Fails where the value is not of this kind; `sizes`: lengths of axes that are known before."""
    _hold(value, kind, name, dict(sizes), sizes)


def sizes_of(role: str, given: tuple[Any, ...]) -> dict[str, int]:
    """Lengths of axes of a stage's answer that follow from what it was given."""
    return _SIZES[role](*given) if role in _SIZES else {}


_SIZES: Mapping[str, Callable[..., dict[str, int]]] = {
    "restorer": lambda photo, _: {"width": photo.size[0], "height": photo.size[1]},
    "segmenter": lambda photo, _: {"width": photo.size[0], "height": photo.size[1]},
    "cleaner": lambda view: {"size": view.lit.size},
    "delighter": lambda view: {"size": view.lit.size},
    "merger": lambda views: {"views": len(views), "size": views[0].albedo.size},
    "blend_solver": lambda _, exemplars: {"exemplars": len(exemplars)},
    "synthesizer": lambda view, *_: {"size": view.albedo.size},
    "painter": lambda view: {"size": view.albedo.size},
    "detailer": lambda _, albedo: {"size": albedo.size},
    "renderer": lambda _, camera, __: {"width": camera.size[0], "height": camera.size[1]},
}


def hold_role(role: str, given: tuple[Any, ...], result: Any, name: str) -> None:  # noqa: ANN401  # each role has its own
    """What a role promises beyond its annotation, as far as it costs nothing to look."""
    match role:
        case "fitter":
            found, wanted = len(result), len(given[0])
            demand(found == wanted, f"{name} of {wanted} photos: expected as many fits; found {found}: one for each, in order")
        case "cleaner" | "delighter":
            grown = float((result.visibility - given[0].lit.visibility).max(initial=0))
            mend = "the photo saw no more than before: np.minimum(visibility, lit.visibility)"
            demand(grown <= 0, f"{name}.visibility: expected no more than before; found {grown:.3g} more: {mend}")
        case "descriptor_extractor":
            windows = given[1] if len(given) > 1 else None
            wanted = 1 if windows is None else len(windows)
            demand(len(result) == wanted, f"{name}: expected {wanted} descriptors; found {len(result)}: one for each window")
        case "exporter":
            strays = [
                path.name for path in result if not (path.is_file() and path.resolve().is_relative_to(given[1].resolve()))
            ]
            demand(not strays, f"{name}: expected files in the folder that was given; found {strays}: write to folder / 'name'")


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
        _hold_noun(value, kind, name, sizes)


def _hold_noun(value: object, kind: type, name: str, sizes: Mapping[str, int]) -> None:
    demand(isinstance(value, kind), _told(name, _a(kind.__name__), value, _way(value, kind)))
    if kind is float:
        finite = np.isfinite(cast("float", value))
        demand(finite, f"{name} is {value}: guard the division or the logarithm that makes it")
    if isinstance(value, MorphableModel):
        if value not in _held:
            _hold_fields(value, kind, name, sizes)
            _held.add(value)
    elif isinstance(value, Segmentation):
        _hold_segmentation(value, name, sizes)
    elif is_dataclass(kind):
        _hold_fields(value, kind, name, sizes)


def _hold_segmentation(value: Segmentation, name: str, sizes: Mapping[str, int]) -> None:
    _hold_fields(value, Segmentation, name, sizes)
    found = ", ".join(value.probabilities) or "none"
    known = "skin" in value.probabilities and set(value.probabilities) <= set(CLASSES)
    demand(known, f"{name}.probabilities: expected skin, and only {', '.join(CLASSES)}; found {found}: rename them")
    for each, mask in value.probabilities.items():
        hold_range(mask, f"{name}.probabilities[{each!r}]", 0, 1)
    if len(value.probabilities) > 1:
        most = float(np.sum(list(value.probabilities.values()), axis=0).max(initial=0))
        told = f"{name}.probabilities: expected a sum of at most 1 in every pixel; found {most:.3g}"
        demand(most <= 1 + NEARLY, f"{told}: the classes exclude each other: divide by the sum")


@lru_cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _hold_fields(value: object, kind: type, name: str, sizes: Mapping[str, int]) -> None:
    hints, bound = _hints(kind), dict(sizes)
    for field in fields(kind):
        part = getattr(value, field.name)
        _hold(part, hints[field.name], f"{name}.{field.name}", bound, sizes)
        if part is not None and (kind, field.name) in WITHIN:
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
    if array.dtype.kind == "f" and array.size and not np.isfinite([array.min(), array.max()]).all():  # NaN passes through both
        lost = np.argwhere(~np.isfinite(array))
        many = f"{len(lost)} of {array.size} values of {name} are not finite, the first at {lost[0].tolist()}"
        raise PromiseError(f"{many}: guard the division or the logarithm that makes them")


def hold_range(value: object, name: str, low: float, high: float) -> None:
    """Fails where a number lies outside of [low, high]."""
    numbers = np.asarray(value)
    if not numbers.size:
        return
    least, most = float(numbers.min()), float(numbers.max())
    guess = "values run from 0 to 1, not to 255: divide by 255" if 2 < most <= 255 else f"end with np.clip(..., {low}, {high})"
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
