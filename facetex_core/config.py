"""A pipeline as data: which plugin with which options for every stage. Presets are TOML files of this form."""

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

from facetex_core.boundary import Guarded
from facetex_core.choices_file import Source, parse_toml, preset_names, quoted, read_toml, warn_of_old_choices
from facetex_core.descriptors.bank import refuse_other_descriptor, warn_of_few
from facetex_core.errors import ConfigError, did_you_mean
from facetex_core.pipeline import Pipeline
from facetex_core.registry import Registry
from facetex_core.stages import CHAINED, STAGES, LightEstimator
from facetex_core.structures import Bank

SIZES = (256, 512, 1024, 2048, 4096)
"""Texels along one side of the map."""
DEVICES = ("cpu", "cuda")
FITTER = "fitter"
"""As a light estimator: the fitter's own."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A plugin and its options."""

    name: str
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a run is made of; `facetex.json` holds it and `facetex run --from` repeats it."""

    stages: Mapping[str, Choice]
    size: int = 1024
    seed: int = 0
    device: str = "cpu"
    bank: str = "bank"
    """A model of the zoo by name, or a path."""

    def choosing(self, role: str, name: str) -> "Recipe":
        """With another plugin for a stage, which forgets the options of the one before."""
        return replace(self, stages={**self.stages, role: Choice(name)})

    def setting(self, role: str, option: str, value: object) -> "Recipe":
        """With one option changed."""
        if role not in self.stages:
            raise ConfigError(f"no stage {role!r}; {did_you_mean(role, STAGES)}")
        old = self.stages[role]
        return replace(self, stages={**self.stages, role: Choice(old.name, {**old.options, option: value})})

    def without_programs(self, registry: Registry) -> "Recipe":
        """As a record may hold it: the programs that were run are named on the command line or in the environment only."""
        stages = {}
        for role, choice in self.stages.items():
            offers = [registry.offers[role][name] for name in choice.name.split("+") if name in registry.offers[role]]
            programs = {option.name for offer in offers for option in offer.options if option.is_program}
            stages[role] = replace(choice, options={key: each for key, each in choice.options.items() if key not in programs})
        return replace(self, stages=stages)

    def make(self, role: str, registry: Registry) -> Any:  # noqa: ANN401  # each role has its own protocol
        """One stage, told the device where it asks for one; of a chained role, all of its stages."""
        choice = self.stages[role]
        if role == "light_estimator" and choice.name == FITTER:
            return self._light_of(self.make("fitter", registry), registry)
        if role in CHAINED:
            return self._chain(role, choice, registry)
        return self._make(role, choice.name, registry, choice.options)

    def make_all(self, roles: Iterable[str], registry: Registry) -> dict[str, Any]:
        """The stages of these roles in running order; the light may be the fitter's own (`--light fitter`)."""
        made: dict[str, Any] = {}
        for role in roles:
            own = role == "light_estimator" and self.stages[role].name == FITTER
            made[role] = self._light_of(made["fitter"], registry) if own else self.make(role, registry)
        return made

    def _light_of(self, fitter: Guarded, registry: Registry) -> LightEstimator:
        found = fitter.playing("light_estimator")
        if found is None:
            others = ", ".join(sorted(registry.offers["light_estimator"]))
            raise ConfigError(f"fitter {self.stages['fitter'].name!r} does not estimate light; --light takes one of {others}")
        return cast("LightEstimator", found)

    def _chain(self, role: str, choice: Choice, registry: Registry) -> tuple[object, ...]:
        """`glb+obj` names two; each gets the options that it knows."""
        names = choice.name.split("+")
        known = {name: {option.name for option in registry.find(role, name).options} for name in names}
        made = []
        for name in names:
            others = set().union(*known.values()) - known[name]  # what none of them knows is refused by the first
            mine = {key: value for key, value in choice.options.items() if key not in others}
            made.append(self._make(role, name, registry, mine))
        return tuple(made)

    def _make(self, role: str, name: str, registry: Registry, options: Mapping[str, object]) -> Any:  # noqa: ANN401
        offer = registry.find(role, name)
        device = {"device": self.device} if any(option.name == "device" for option in offer.options) else {}
        return registry.make(role, name, {**device, **options})

    def build(self, registry: Registry, bank: Bank) -> Pipeline:
        """The pipeline; every plugin is made now, so that a missing model is told before any work is done."""
        self.refuse_wrong_numbers()
        made = self.make_all(Pipeline.roles(), registry)
        chosen = self.stages["descriptor_extractor"]
        words = [f"--descriptor {chosen.name}", *(f"--set descriptor.{key}={value}" for key, value in chosen.options.items())]
        refuse_other_descriptor(bank, made["descriptor_extractor"], " ".join(words))
        warn_of_few(len(bank.names))
        return Pipeline(**made, bank=bank, size=self.size, seed=self.seed)

    def refuse_wrong_numbers(self) -> None:
        """Sizes, seeds and devices that do not exist."""
        if self.size not in SIZES or not isinstance(self.size, int):
            raise ConfigError(f"size {self.size} is none of {', '.join(map(str, SIZES))}")
        if not isinstance(self.seed, int) or isinstance(self.seed, bool) or self.seed < 0:
            raise ConfigError(f"the seed must be a whole number from 0, not {self.seed!r}")
        if self.device not in DEVICES:
            raise ConfigError(f"no device {self.device!r}; {did_you_mean(str(self.device), DEVICES)}")


def load_preset(name: str, folder: Path = Path()) -> Recipe:
    """A preset by name, of facetex or a plugin, or a TOML file by path, which starts from the folder."""
    if name in preset_names():
        return read_recipe(files("facetex_core").joinpath("presets", f"{name}.toml").read_text("utf-8"), name)
    if name.endswith(".toml"):
        path = folder / name
        table = read_toml(path)
        warn_of_old_choices(table.get("stages"), path.name)
        return recipe_from(table, path.name, path.parent)
    offered = Registry().extensions.presets
    if name not in offered:
        known = (*preset_names(), *offered)
        raise ConfigError(f"no preset {name!r}; {did_you_mean(name, known)}, or a path that ends in .toml")
    return recipe_from(read_toml(offered[name]), offered[name].name, offered[name].parent)


def read_recipe(text: str, name: str) -> Recipe:
    """A recipe from TOML: plain keys for the run, a table for each stage with `use` and its options."""
    return recipe_from(parse_toml(text, f"preset {name!r}"), name)


def recipe_from(table: Mapping[str, object], name: str, folder: Path | None = None) -> Recipe:
    """A recipe from nested tables; anything unknown in them is named.

    `name` is that of the file they stand in, and `folder` what paths in it start from; without one it may name files only
    that lie in the current folder.
    """
    if not isinstance(table, Mapping):
        raise ConfigError(f"{name}: holds no settings of a pipeline")
    plain = {key: value for key, value in table.items() if key != "stages"}
    known = [key for key in inspect.signature(Recipe).parameters if key != "stages"]
    for key in plain:
        if key not in known:
            raise ConfigError(f"{name}: unknown key {key!r}; {did_you_mean(key, [*known, 'stages'])}")
    if not isinstance(plain.get("bank", ""), str):
        raise ConfigError(f"{name}: bank must be a name or a path, not {plain['bank']!r}")
    stages = table.get("stages", {})
    if not isinstance(stages, Mapping):
        raise ConfigError(f"{name}: stages must be a table")
    for role in stages:
        if role not in STAGES:
            raise ConfigError(f"{name}: no stage {role!r}; {did_you_mean(role, STAGES)}")
    base = {} if name == "embedded" else load_preset("embedded").stages
    source = Source(name, folder)
    chosen = {role: _choice(entry, source, role) for role, entry in stages.items()}
    if "bank" in plain:
        plain["bank"] = quoted(plain["bank"], source)
    return Recipe({**base, **chosen}, **plain)  # type: ignore[arg-type]  # types are checked where the values are used


def _choice(entry: object, source: Source, role: str) -> Choice:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("use"), str):
        raise ConfigError(f'{source.name}: stage {role}: a table with `use = "NAME"` was expected, not {entry!r}')
    return Choice(entry["use"], {key: quoted(value, source) for key, value in entry.items() if key != "use"})
