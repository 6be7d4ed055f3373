"""Which variants are compared: every combination of what stands for choice at each stage."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from pathlib import Path

from facetex_core.choices_file import Source, quoted, read_toml, warn_of_old_choices
from facetex_core.config import Choice, Recipe, load_preset
from facetex_core.errors import ConfigError, did_you_mean
from facetex_core.stages import STAGES

COMPARED = tuple(role for role in STAGES if role != "exporter")
"""Stages that make a difference to a head; files of it are the same in every variant."""
PLAIN_KEYS = ("preset", "size", "seed", "device", "bank")
"""Keys of a grid that stand for every variant; `bank` may be a list."""
MOST_VARIANTS = 1000
"""Variants; of more no page can be looked at, and a list of options that is too long by accident would run for days."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One combination."""

    name: str
    """What tells it from the others, such as `ict · small`."""
    chosen: Mapping[str, str]
    """The same by stage, for the stages that have a choice."""
    recipe: Recipe


@dataclass(frozen=True, slots=True)
class Grid:
    """A recipe, and the stages that stand for choice in it."""

    base: Recipe
    axes: Mapping[str, tuple[Choice, ...]]
    banks: tuple[str, ...] = ()
    """A variant takes the first that holds correlations of its descriptor; none: the recipe's."""

    def offering(self, role: str, choices: Sequence[Choice]) -> "Grid":
        """With these choices for a stage."""
        if role not in COMPARED:
            raise ConfigError(f"no stage {role!r} to compare; {did_you_mean(role, COMPARED)}")
        distinct = [choice for number, choice in enumerate(choices) if choice not in choices[:number]]
        return replace(self, axes={**self.axes, role: tuple(distinct)})

    def setting(self, role: str, option: str, values: Sequence[object]) -> "Grid":
        """With an option of a stage set to each of the values, for each of its choices."""
        choices = self.axes.get(role) or (self.base.stages[role],)
        return self.offering(
            role, [Choice(choice.name, {**choice.options, option: value}) for choice in choices for value in values]
        )

    def variants(self) -> list[Variant]:
        """Every combination; what comes early in a head's making changes least often, so that work is shared."""
        roles = [role for role in COMPARED if len(self.axes.get(role, ())) > 1]
        if not roles:
            raise ConfigError(
                "nothing to compare: name several plugins for a stage, such as --fitter basis,landmarks, or give --grid FILE"
            )
        _refuse_many([self.axes[role] for role in roles], "the grid")
        base = replace(self.base, stages={**self.base.stages, **{role: found[0] for role, found in self.axes.items()}})
        labels = {role: _labels(self.axes[role]) for role in roles}
        found = []
        for numbers in product(*(range(len(self.axes[role])) for role in roles)):
            chosen = {role: labels[role][number] for role, number in zip(roles, numbers, strict=True)}
            stages = {role: self.axes[role][number] for role, number in zip(roles, numbers, strict=True)}
            found.append(Variant(" · ".join(chosen.values()), chosen, replace(base, stages={**base.stages, **stages})))
        return found


def _labels(choices: Sequence[Choice]) -> list[str]:
    """The plugins' names, with those options that tell one from another of the same name."""
    labels = []
    for choice in choices:
        alike = [other for other in choices if other.name == choice.name]
        telling = [key for key in choice.options if any(other.options.get(key) != choice.options[key] for other in alike)]
        labels.append(" ".join([choice.name, *(f"{key}={choice.options[key]}" for key in telling)]))
    return labels


def read_grid(path: Path) -> Grid:
    """The grid of a TOML file; docs/reference/comparisons.md."""
    table, source = read_toml(path), Source(path.name, path.parent)
    for key in table:
        if key not in (*PLAIN_KEYS, "stages"):
            raise ConfigError(f"{path.name}: unknown key {key!r}; {did_you_mean(key, (*PLAIN_KEYS, 'stages'))}")
    base = load_preset(_text(table.get("preset", "embedded"), f"{path.name}: preset"), path.parent)
    plain = {key: table[key] for key in ("size", "seed", "device") if key in table}
    banks = [_text(bank, f"{path.name}: bank") for bank in _listed(table.get("bank", "bank"), f"{path.name}: bank")]
    base = replace(base, **plain)  # values are checked where they are used
    grid = Grid(base, {}, tuple(quoted(banks, source)))
    stages = table.get("stages", {})
    warn_of_old_choices(stages, path.name)
    if not isinstance(stages, dict):
        raise ConfigError(f"{path.name}: stages must be a table")
    for role, entry in stages.items():
        grid = grid.offering(role, list(_choices(quoted(entry, source), f"{path.name}: stage {role}")))
    return grid


def _choices(entry: object, where: str) -> Iterable[Choice]:
    """Names, or tables with `use`; an option that is a list stands for each of its values."""
    for each in _listed(entry, where):
        table = {"use": each} if isinstance(each, str) else each
        if not isinstance(table, dict) or not isinstance(table.get("use"), str):
            raise ConfigError(f'{where}: a name or a table with `use = "NAME"` was expected, not {each!r}')
        options = {key: _listed(value, f"{where}: {key}") for key, value in table.items() if key != "use"}
        _refuse_many(list(options.values()), where)
        for values in product(*options.values()):
            yield Choice(table["use"], dict(zip(options, values, strict=True)))


def _refuse_many(lists: Sequence[Sequence[object]], where: str) -> None:
    count = prod(map(len, lists))
    if count > MOST_VARIANTS:
        raise ConfigError(
            f"{where}: {count:,} variants, and a comparison takes at most {MOST_VARIANTS:,}: leave out some choices"
        )


def _listed(value: object, where: str) -> list[object]:
    if value == []:
        raise ConfigError(f"{where}: the list is empty")
    return value if isinstance(value, list) else [value]


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise ConfigError(f"{where} must be a text, not {value!r}")
    return value
