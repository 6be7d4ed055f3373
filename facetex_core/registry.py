"""Finds plugins, makes a stage by name, names what is broken."""

import inspect
import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

import pluggy

from facetex_core import hookspecs
from facetex_core.errors import ConfigError, PluginError
from facetex_core.options import Option, options_of
from facetex_core.stages import STAGES
from facetex_core.suggest import there_are

GROUP = "facetex"


@dataclass(frozen=True, slots=True)
class Offer:
    """One implementation of one stage."""

    role: str
    name: str
    factory: Callable[..., object]
    plugin: str
    """The entry point that brought it."""
    origin: str
    """Distribution and version, or `in-process`."""

    @property
    def options(self) -> tuple[Option, ...]:
        """The factory's keyword arguments."""
        return options_of(self.factory)


class Registry:
    """Every offer of the installed plugins and of those given."""

    def __init__(self, *plugins: object, installed: bool = True) -> None:
        """Loads the installed plugins one by one, then takes those given."""
        self.offers: dict[str, dict[str, Offer]] = {role: {} for role in STAGES}
        self.broken: dict[str, str] = {}
        """What could not be loaded, by entry point, with its error in one line."""
        for entry in sorted(entry_points(group=GROUP)) if installed else ():
            self._load(entry)
        for plugin in plugins:
            self._add(plugin, getattr(plugin, "__name__", type(plugin).__name__), "in-process")

    def _load(self, entry: EntryPoint) -> None:
        origin = f"{entry.dist.name} {entry.dist.version}" if entry.dist else "unknown"
        try:
            self._add(entry.load(), entry.name, origin)
        except (Exception, SystemExit) as error:  # a stranger's module may raise anything; the others must still load
            if os.environ.get("FACETEX_STRICT_PLUGINS"):
                raise
            self.broken[entry.name] = f"{type(error).__name__}: {error}".splitlines()[0]
            warnings.warn(f"plugin {entry.name!r} is left out: {self.broken[entry.name]}", stacklevel=2)

    def _add(self, plugin: object, name: str, origin: str) -> None:
        """All or nothing: a plugin that fails half-way leaves no offer behind."""
        found = [
            Offer(role, offered, factory, name, origin)
            for role, offers in _offers_of(plugin, name).items()
            for offered, factory in offers.items()
        ]
        for offer in found:
            known = self.offers[offer.role].get(offer.name)
            if known:
                raise PluginError(f"{offer.role} {offer.name!r} is offered by {known.plugin!r} already")
        for offer in found:
            self.offers[offer.role][offer.name] = offer

    def find(self, role: str, name: str) -> Offer:
        """The offer of this name; a name that nobody offers is answered with those that exist."""
        if role not in self.offers:
            raise ConfigError(f"no stage {role!r}; {there_are(role, self.offers)}")
        if name not in self.offers[role]:
            raise ConfigError(f"no {role} {name!r}; {there_are(name, sorted(self.offers[role]))}")
        return self.offers[role][name]

    def make(self, role: str, name: str, options: Mapping[str, object]) -> object:
        """The stage, built with its options; values given as text are read by the option's type."""
        offer = self.find(role, name)
        known = {option.name: option for option in offer.options}
        for given in options:
            if given not in known:
                raise ConfigError(f"no option of {role} {name!r} named {given!r}; {there_are(given, known)}")
        for option in known.values():
            if option.default is inspect.Parameter.empty and option.name not in options:
                raise ConfigError(f"{role} {name!r} needs its option {option.name!r}: --set {role}.{option.name}=VALUE")
        stage = offer.factory(**{key: known[key].read(value) for key, value in options.items()})
        if not isinstance(stage, STAGES[role]):
            raise PluginError(f"{role} {name!r} of plugin {offer.plugin!r} lacks the verb of {STAGES[role].__name__}")
        return stage


def _offers_of(plugin: object, name: str) -> dict[str, Mapping[str, Callable[..., object]]]:
    """Role -> offers, by a plugin manager of its own so that nothing is left of a plugin that fails."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs.HookSpecs)
    manager.register(plugin, name)
    _refuse_misspelt(manager)
    offers = {}
    for role in STAGES:
        for result in getattr(manager.hook, role + "s")():
            if not isinstance(result, Mapping) or not all(callable(factory) for factory in result.values()):
                raise PluginError(f"hook {role}s of {name!r} must return {{name: factory}}, not {type(result).__name__}")
            offers[role] = result
    if not offers:
        raise PluginError(f"plugin {name!r} implements no hook; there are: {', '.join(role + 's' for role in STAGES)}")
    return offers


def _refuse_misspelt(manager: pluggy.PluginManager) -> None:
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        hooks = ", ".join(role + "s" for role in STAGES)
        raise PluginError(f"{str(error).splitlines()[0]}; hooks are: {hooks}") from None
