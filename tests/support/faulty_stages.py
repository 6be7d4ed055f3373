"""For every role the toy with one fault each, by the name of the fault: what strangers' plugins do."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace

import numpy as np
from toy_stages import TOYS

from facetex_core import hookimpl
from facetex_core.stages import verb_of
from facetex_core.structures import Segmentation

api_version = 2

RANGED = ("restorer", "segmenter", "cleaner", "delighter", "merger", "synthesizer", "painter", "renderer")
"""Roles whose answers hold pictures or masks in [0, 1]."""
WITHOUT_ARRAYS = ("exporter",)


def changed(value: object, change: Callable[[np.ndarray], object]) -> object:
    """The value with its first array of numbers changed."""
    if isinstance(value, np.ndarray):
        return change(value)
    if is_dataclass(value):
        for field in fields(value):
            part = getattr(value, field.name)
            other = changed(part, change)
            if other is not part:
                return replace(value, **{field.name: other})
    if isinstance(value, Mapping):
        for key, part in value.items():
            other = changed(part, change)
            if other is not part:
                return {**value, key: other}
    if isinstance(value, tuple) and value:
        return (changed(value[0], change), *value[1:])
    return value


def first_array(value: object) -> np.ndarray | None:
    """Of what a stage was given."""
    found: list[np.ndarray] = []
    changed(value, lambda array: found.append(array) or array)
    return found[0] if found else None


def with_nan(array: np.ndarray) -> np.ndarray:
    spoiled = np.array(array)
    spoiled.ravel()[0] = np.nan
    return spoiled


def to_255(value: object) -> object:
    """Every picture in the answer, as eight-bit files have them."""
    if isinstance(value, Segmentation):
        return Segmentation({name: mask * np.float32(255) for name, mask in value.probabilities.items()})
    return changed(value, lambda array: (array * 255).astype(np.float32) + np.float32(2))


FAULTS: dict[str, Callable[[object, object], object]] = {
    "nothing": lambda _, __: None,
    "double": lambda found, _: changed(found, lambda array: array.astype(np.float64)),
    "not-a-number": lambda found, _: changed(found, with_nan),
    "deeper": lambda found, _: changed(found, lambda array: array[..., None]),
    "to-255": lambda found, _: to_255(found),
}


def applies(fault: str, role: str) -> bool:
    """Not every answer has arrays, or pictures."""
    if fault == "to-255":
        return role in RANGED
    return fault in ("nothing", "paints") or role not in WITHOUT_ARRAYS


def faulty(role: str, fault: str) -> type:
    """The toy with the fault."""
    verb, toy = verb_of(role), TOYS[role]

    def work(self: object, *given: object) -> object:
        return FAULTS[fault](getattr(super(made, self), verb)(*given), given)

    made = type(f"{toy.__name__}{fault.title().replace('-', '')}", (toy,), {verb: work, "__doc__": f"A toy that is {fault}."})
    return made


def painting(role: str) -> type:
    """The toy that writes into the first array that it is given."""
    verb, toy = verb_of(role), TOYS[role]

    def work(self: object, *given: object) -> object:
        first_array(given)[...] = 0
        return getattr(super(made, self), verb)(*given)

    made = type(f"{toy.__name__}Painting", (toy,), {verb: work, "__doc__": "A toy that paints."})
    return made


def _offering(role: str) -> Callable[[], dict[str, type]]:
    @hookimpl
    def offers() -> dict[str, type]:
        found = {fault: faulty(role, fault) for fault in FAULTS if applies(fault, role)}
        return {**found, "paints": painting(role)}

    return offers


globals().update({f"{role}s": _offering(role) for role in TOYS})
