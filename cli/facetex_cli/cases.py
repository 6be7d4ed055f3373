"""The cases of `facetex eval`: synthetic ones, and those of a suite on disk."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from facetex_core.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float32

    from facetex_core.registry import Registry
    from facetex_core.structures import MorphableModel
    from facetex_core.workbench.evaluation.suite import Case

SYNTHETIC = "synthetic"
CASES = 40


@dataclass(frozen=True, slots=True)
class Sampling:
    """What the options say of the suite `synthetic`."""

    seed: int | None = None
    model: str | None = None
    hdri: tuple[Path, ...] = ()
    save: Path | None = None

    def refuse(self) -> None:
        """A suite on disk is as it is."""
        for option, value in {
            "--seed": self.seed,
            "--model": self.model,
            "--hdri": self.hdri or None,
            "--save": self.save,
        }.items():
            if value is not None:
                raise ConfigError(f"{option} works only with the suite `synthetic`")


def asked_for(suite: str, registry: "Registry", cases: int | None, how: Sampling) -> "tuple[int, Iterator[Case]]":
    """How many cases of a suite, or of `synthetic`, are asked for, and they themselves."""
    if suite == SYNTHETIC:
        count = cases or CASES
        return count, sampled(model_of(registry, how.model or "basis"), count, how.seed or 0, how.hdri, how.save)
    how.refuse()
    return stored(Path(suite), cases)


def sampled(model: "MorphableModel", count: int, seed: int, panoramas: tuple[Path, ...], save: Path | None) -> "Iterator[Case]":
    """The synthetic cases, one after the other, near and far turns by turns; each is kept where that is asked for."""
    from facetex_core.lighting.panorama import read_panorama
    from facetex_core.workbench.evaluation.suite import write_case
    from facetex_core.workbench.evaluation.synthetic import BANDS, sample_case

    lights: list[tuple[str, Float32[np.ndarray, "rows columns 3"] | None]] = [
        (path.stem, read_panorama(path)) for path in panoramas
    ]
    lights = lights or [("made up", None)]

    def cases() -> "Iterator[Case]":
        for number in range(count):
            light, panorama = lights[number // len(BANDS) % len(lights)]
            band, name = BANDS[number % len(BANDS)], f"{number + 1:04d}"
            case = sample_case(model, 10_000 * seed + number, panorama, band=band, name=name, light=light)
            if save:
                write_case(save, case)
            yield case

    return cases()


def stored(folder: Path, most: int | None) -> "tuple[int, Iterator[Case]]":
    """How many cases of a folder are asked for, and they themselves."""
    from facetex_core.workbench.evaluation.suite import case_folders, read_case

    folders = case_folders(folder)[:most]
    return len(folders), map(read_case, folders)


def model_of(registry: "Registry", name: str) -> "MorphableModel":
    """The morphable model that a fitter of this name fits."""
    from facetex_core.stages import FitsOneModel

    fitter = registry.bare("fitter", name, {})
    if not isinstance(fitter, FitsOneModel):
        raise ConfigError(f"--model {name}: this fitter has no morphable model of its own")
    return fitter.model
