"""Makes each stage once for all variants that want the same one, and tells the cache what it is."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from facetex_core.descriptors.bank import refuse_other_descriptor
from facetex_core.errors import ConfigError
from facetex_core.options import Option
from facetex_core.pipeline import Pipeline
from facetex_core.registry import Offer, Registry
from facetex_core.stages import STAGES
from facetex_core.structures import Bank
from facetex_core.workbench.comparison.cache import Cache, Models
from facetex_core.workbench.comparison.code_identity import code_of
from facetex_core.workbench.comparison.grid import Variant


class StageCache(Registry):
    """A registry that hands out the same stage for the same name and options."""

    def __init__(self, cache: Cache, models: Models) -> None:
        super().__init__()
        self._cache, self._zoo = cache, models
        self._made: dict[str, Any] = {}

    def make(self, role: str, name: str, options: Mapping[str, object]) -> Any:  # noqa: ANN401  # each role has its own protocol
        """The stage, built with its options when it is first asked for."""
        key = repr((role, name, sorted(options.items())))
        if key not in self._made:
            with self._zoo.recording() as asked:
                stage = super().make(role, name, options)
            identity = identity_of(self.find(role, name), options)
            for played in STAGES:  # a fitter may find light, too
                if found := stage.playing(played):
                    self._cache.know(found, played, {**identity, "role": played}, asked)
            self._made[key] = stage
        return self._made[key]

    def build(self, variant: Variant, banks: Sequence[Bank]) -> Pipeline:
        """The variant's pipeline, with the first bank that holds correlations of its descriptor."""
        extractor = variant.recipe.make("descriptor_extractor", self)
        for bank in banks:
            try:
                refuse_other_descriptor(bank, extractor, "")
            except ConfigError:
                continue
            return variant.recipe.build(self, bank)
        return variant.recipe.build(self, banks[0])  # which says what is missing


def identity_of(offer: Offer, options: Mapping[str, object]) -> dict[str, object]:
    """What tells a stage from all others: whose it is, in which version, and every option's value."""
    values = {option.name: _value(option, options) for option in offer.options}
    return {"role": offer.role, "name": offer.name, "origin": offer.origin, "code": code_of(offer), "options": values}


def _value(option: Option, given: Mapping[str, object]) -> str:
    """The value as text; of a file, what is in it."""
    value = option.read(given[option.name]) if option.name in given else option.default
    path = Path(value) if isinstance(value, str | Path) and str(value) else None
    if path and path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    return repr(value)
