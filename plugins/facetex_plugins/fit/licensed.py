"""Fitters with a morphable model that the user brings: read and laid over our basis once, when it is added to the zoo."""

from abc import abstractmethod
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from facetex_model_zoo.folders import UNREADABLE
from facetex_model_zoo.store import model_path, row

from facetex_core import Meta, ModelError, MorphableModel
from facetex_core.geometry.model_file import arrays_of, assemble, load_morphable_model, with_albedo
from facetex_core.io.npz import read_arrays
from facetex_plugins.fit.bare_model import BareModel
from facetex_plugins.fit.correspondence import transfer_layout
from facetex_plugins.fit.energy.fit_person import ModelFitter

MILLIMETRE = 1e-3


class LicensedFitter(ModelFitter):
    """At most `identity` and `expression` coefficients of a model that the user has added to the zoo."""

    model_name: ClassVar[str]
    """Its row in the zoo, and what `--fitter` calls it."""

    def __init__(
        self,
        identity: Annotated[int, Meta(ge=1, description="how many of the leading identity coefficients are used")] = 100,
        expression: Annotated[int, Meta(ge=0, description="how many of the leading expression coefficients are used")] = 64,
    ) -> None:
        self.path = model_path(self.model_name)
        self.identity, self.expression = identity, expression

    @staticmethod
    @abstractmethod
    def read(source: Path) -> BareModel:
        """The model of the makers' file or folder; what is none is any error of UNREADABLE."""

    @cached_property
    def model(self) -> MorphableModel:
        """The model as `take_in` left it, with the leading coefficients and our albedo."""
        arrays = read_arrays(self.path, "morphable model that facetex has laid over its basis")
        try:
            if str(arrays.pop("layout")) != _layout():
                raise ModelError(
                    f"{self.path.name} was registered to another face basis: facetex zoo add {self.model_name} FILE again"
                )
            arrays["identity"] = arrays["identity"][: self.identity]
            arrays["expression"] = arrays["expression"][: self.expression]
            arrays["expression_names"] = arrays["expression_names"][: self.expression]
            return with_albedo(assemble(arrays, self.model_name), model_path("skin_albedo"))
        except (LookupError, ValueError, TypeError, AttributeError) as error:
            what = f"{self.path.name} is damaged ({error} is missing or of another shape)"
            raise ModelError(f"{what}: facetex zoo add {self.model_name} FILE again") from None

    @classmethod
    def take_in(cls, source: Path, target: Path) -> None:
        """Reads the makers' file, lays the model over our basis, and writes what a run needs; no such model is a ModelError."""
        known = row(cls.model_name)
        try:
            with np.errstate(all="ignore"):  # numbers that overflow are no head, and that is said below
                laid = transfer_layout(cls.read(source), load_morphable_model(model_path("face_basis")))
                arrays: dict[str, Any] = {"layout": np.array(_layout()), **arrays_of(laid)}
            if not all(np.isfinite(arrays[name]).all() for name in ("mean", "identity", "expression")):
                raise ValueError("its modes move vertices by impossible distances")  # one answer for all that is wrong
        except UNREADABLE as error:
            found = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ModelError(f"{source.name} is no {known.what}: {found}; {known.get}") from None
        with target.open("wb") as file:
            np.savez(file, **arrays)


def _layout() -> str:
    """Which basis' map, regions and landmarks the models have."""
    return row("face_basis").sha256
