"""Toys of several names for a stage, each of which notes in the file FACETEX_COUNTS whenever it is really at work."""

# ruff: noqa: ARG002  # a toy looks at less than a stage is given

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
from toy_stages import (
    ToyBlend,
    ToyDelighter,
    ToyDescriptor,
    ToyDetailer,
    ToyDetector,
    ToyFitter,
    ToyRenderer,
    ToySegmenter,
    ToySynthesizer,
)

from facetex_core import ConfigError, PhotoError, hookimpl
from facetex_core.descriptors.bank import PROBE
from facetex_core.structures import Descriptor

api_version = 2


def note(line: str) -> None:
    with Path(os.environ["FACETEX_COUNTS"]).open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def noting(toy: type, verb: str, label: str = "", **options: object) -> type:
    """The toy, which notes its verb and label; a look at a grey square before any work does not count."""

    class Noting(toy):
        def __init__(self) -> None:
            super().__init__(**options)

    def work(self: object, *given: object, **named: object) -> object:
        if getattr(given[0], "size", 0) != PROBE:
            note(f"{verb} {label}".strip())
        return getattr(super(Noting, self), verb)(*given, **named)

    setattr(Noting, verb, work)
    return Noting


class Louder(ToyDescriptor):
    """As many times the toy's correlations."""

    def __init__(self, times: float) -> None:
        self.times = times

    def _describe(self, rgb, mask):
        found = super()._describe(rgb, mask)
        return Descriptor(found.network, {"colour": found.correlations["colour"] * self.times}, found.support)


class Foreign(ToyDescriptor):
    """Of a network of its own."""

    def _describe(self, rgb, mask):
        return replace(super()._describe(rgb, mask), network="other")


class Leaning(ToyBlend):
    """The louder what is seen, the more the first exemplar counts."""

    def solve(self, observed, exemplars):
        share = float(np.trace(observed.correlations["colour"])) / 10
        rest = np.full(len(exemplars) - 1, (1 - share) / (len(exemplars) - 1))
        return np.array([share, *rest], np.float32)


class Listening(ToySynthesizer):
    """The louder what is wanted, the more noise."""

    def synthesize(self, view, target, rng):
        self.noise = self.least * float(np.trace(target.plain.correlations["colour"]))
        return super().synthesize(view, target, rng)


class Calm(Listening):
    """Little noise."""

    least = 0.01


class Wild(Listening):
    """More."""

    least = 0.05


class Refusing(ToyFitter):
    """Cannot use any photo."""

    def fit(self, observations):
        raise PhotoError(f"{observations[0].photo.name}: no photo for this fitter")


class Broken(ToyFitter):
    """Has a bug."""

    def fit(self, observations):
        raise ZeroDivisionError("a bug of the fitter")


class Unmade(ToyFitter):
    """Wants what nobody has."""

    def __init__(self) -> None:
        raise ConfigError("fitter 'unmade' wants what nobody has")


@hookimpl
def detectors() -> dict[str, type]:
    return {"counted": noting(ToyDetector, "detect")}


@hookimpl
def fitters() -> dict[str, type]:
    turned = {name: noting(ToyFitter, "fit", name, yaw=yaw) for name, yaw in (("a", 0.0), ("b", 10.0), ("c", -20.0))}
    return {**turned, "refusing": Refusing, "broken": Broken, "unmade": Unmade}


@hookimpl
def segmenters() -> dict[str, type]:
    return {"counted": noting(ToySegmenter, "segment")}


@hookimpl
def delighters() -> dict[str, type]:
    return {"counted": noting(ToyDelighter, "delight")}


@hookimpl
def descriptor_extractors() -> dict[str, type]:
    louder = {name: noting(Louder, "describe", name, times=times) for name, times in (("d", 1.0), ("e", 1.1), ("f", 1.2))}
    return {**louder, "foreign": noting(Foreign, "describe", "foreign")}


@hookimpl
def blend_solvers() -> dict[str, type]:
    return {"counted": noting(Leaning, "solve")}


@hookimpl
def synthesizers() -> dict[str, type]:
    return {"x": noting(Calm, "synthesize", "x"), "y": noting(Wild, "synthesize", "y")}


@hookimpl
def detailers() -> dict[str, type]:
    return {"counted": noting(ToyDetailer, "add_detail")}


@hookimpl
def renderers() -> dict[str, type]:
    return {"counted": noting(ToyRenderer, "render")}
