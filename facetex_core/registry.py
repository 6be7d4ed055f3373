"""Finds plugins, makes a stage by name, names what is broken."""

import inspect
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import Distribution, EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pluggy

from facetex_core import hookspecs
from facetex_core.boundary import guard
from facetex_core.errors import ConfigError, PluginError, did_you_mean
from facetex_core.extensions import KINDS, Extensions, extension, hook_of
from facetex_core.hookspecs import API_VERSION
from facetex_core.listeners import warn
from facetex_core.options import Option, options_of
from facetex_core.plugin_files import left_out, load_plugin_file, plugin_files
from facetex_core.stages import STAGES, verb_of

GROUP = "facetex"
UNCHANGED = ("renderer", "exporter")
"""Roles whose verbs are those of the API before: plugins made for it still work."""
SAME_VERBS = ("detector", "descriptor_extractor", "blend_solver")
"""Roles whose verbs have not changed, either, but what they may rely on has."""
MOVING = "docs/how-to/move-a-plugin-to-api-2.md"
NAME = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
"""What offers are called: `facetex run --synthesizer NAME`, and `glb+obj` names two."""


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
    def title(self) -> str:
        """How errors name it."""
        return f"{self.role.replace('_', ' ')} {self.name!r} of plugin {self.plugin!r} ({self.origin})"

    @property
    def options(self) -> tuple[Option, ...]:
        """The factory's keyword arguments."""
        return options_of(self.factory)


class Registry:
    """Every offer of the installed plugins and of those given."""

    def __init__(self, *plugins: object, installed: bool = True) -> None:
        """Loads the installed plugins one by one, facetex's own first, then those of this call, then takes those given."""
        self._manager = pluggy.PluginManager(GROUP)
        self._manager.add_hookspecs(hookspecs.HookSpecs)
        self.offers: dict[str, dict[str, Offer]] = {role: {} for role in STAGES}
        self.extensions = Extensions()
        self.broken: dict[str, str] = {}
        """What could not be loaded, by entry point: its error in one line, and what to do."""
        self.seconds: dict[str, float] = {}
        """How long each entry point took to load."""
        for entry in sorted(entry_points(group=GROUP), key=_ours_first) if installed else ():
            if entry.name not in left_out():
                self._load(entry)
        for file in plugin_files() if installed else ():
            self._load_file(file)
        for plugin in plugins:
            self._add(plugin, getattr(plugin, "__name__", type(plugin).__name__), "in-process")

    def _load(self, entry: EntryPoint) -> None:
        name, version = _name_and_version(entry.dist) if entry.dist else ("unknown", "")
        begin = time.perf_counter()
        try:
            self._add(entry.load(), entry.name, f"{name} {version}".strip())
        except (Exception, SystemExit) as error:  # a stranger's module may raise anything; the others must still load
            if os.environ.get("FACETEX_STRICT_PLUGINS") == "1":
                raise
            self.broken[entry.name] = _told(error, name)
            warn(f"plugin {entry.name!r} is left out: {self.broken[entry.name]}")
        finally:
            self.seconds[entry.name] = time.perf_counter() - begin

    def _load_file(self, file: Path) -> None:
        """A file that the user has named: what is wrong with it, the user can mend."""
        try:
            self._add(load_plugin_file(file), file.name, f"file {file.name}")
        except PluginError as error:
            raise ConfigError(str(error)) from None

    def _add(self, plugin: object, name: str, origin: str) -> None:
        """All or nothing: a plugin that fails half-way leaves no offer behind."""
        made_for = _version_of(plugin, name)
        with _alone(self._manager, plugin):
            answers = _answers_of(self._manager, plugin, name)
        roles = [role for role in STAGES if f"{role}s" in answers]
        still = [role for role in roles if made_for == API_VERSION or role in UNCHANGED]
        found = [
            _offer(role, offered, factory, name, origin) for role in still for offered, factory in answers[f"{role}s"].items()
        ]
        others = [
            extension(kind, offered, value, name, origin)
            for kind in KINDS
            for offered, value in answers.get(hook_of(kind), {}).items()
        ]
        for offer in found:
            known = self.offers[offer.role].get(offer.name)
            if known:
                told = f"{offer.role} {offer.name!r} is offered by {known.plugin!r} already"
                raise PluginError(f"{told}: offer it under another name, or uninstall one of them")
        for each in others:
            self.extensions.refuse_taken(each)
        for offer in found:
            self.offers[offer.role][offer.name] = offer
        for each in others:
            self.extensions.add(each)
        if made_for != API_VERSION:
            _tell_old(name, made_for, [role for role in roles if role not in still])

    def find(self, role: str, name: str) -> Offer:
        """The offer of this name; a name that nobody offers is answered with those that exist."""
        if role not in self.offers:
            raise ConfigError(f"no stage {role!r}; {did_you_mean(role, self.offers)}")
        if name not in self.offers[role]:
            raise ConfigError(f"no {role} {name!r}; {did_you_mean(name, sorted(self.offers[role]))}")
        return self.offers[role][name]

    def make(self, role: str, name: str, options: Mapping[str, object]) -> Any:  # noqa: ANN401  # each role has its own protocol
        """The stage behind the door (boundary.py); values given as text are read by the option's type."""
        return guard(self.bare(role, name, options), role, self.find(role, name).title)

    def bare(self, role: str, name: str, options: Mapping[str, object]) -> object:
        """The same before the door: for whoever tests it."""
        offer = self.find(role, name)
        known = {option.name: option for option in offer.options}
        for given in options:
            if given not in known:
                raise ConfigError(f"no option of {role} {name!r} named {given!r}; {did_you_mean(given, known)}")
        for option in known.values():
            if option.default is inspect.Parameter.empty and option.name not in options:
                told = f"{role} {name!r} needs its option {option.name!r}"
                raise ConfigError(f"{told}: --set {role}.{option.name}=VALUE, or a default in the plugin")
        stage = offer.factory(**{key: known[key].read(value) for key, value in options.items()})
        if not isinstance(stage, STAGES[role]):
            told = f"{role} {name!r} of plugin {offer.plugin!r} lacks the verb of {STAGES[role].__name__}"
            raise PluginError(f"{told}: its factory returned {type(stage).__name__}, which has no {verb_of(role)}()")
        return stage


def _ours_first(entry: EntryPoint) -> tuple[bool, str]:
    """Where two offer the same, facetex's own stays."""
    return entry.dist is None or _name_and_version(entry.dist)[0] != "facetex", entry.name


@lru_cache(maxsize=64)
def _name_and_version(distribution: Distribution) -> tuple[str, str]:
    """Read once for all entry points of a distribution: every look at either parses the whole of its metadata."""
    return distribution.name, distribution.version


def _told(error: BaseException, distribution: str) -> str:
    """The error in one line and what to do."""
    if isinstance(error, PluginError):
        return str(error)
    line = next(iter(str(error).splitlines()), "")
    mend = f"`FACETEX_STRICT_PLUGINS=1 facetex plugins` shows where, `pip uninstall {distribution}` removes it"
    if isinstance(error, ModuleNotFoundError) and error.name:
        mend = f"install what brings {error.name!r}, or `pip uninstall {distribution}`"
    return f"{type(error).__name__}: {line}; {mend}"


def _version_of(plugin: object, name: str) -> int:
    """The API that a plugin was made for: this one or the one before; any other is a PluginError."""
    made_for = getattr(plugin, "api_version", 1)
    if made_for in (API_VERSION - 1, API_VERSION):
        return int(made_for)
    told = f"plugin {name!r} was made for api_version {made_for!r}, this facetex has {API_VERSION}"
    newer = isinstance(made_for, int) and made_for > API_VERSION
    raise PluginError(f"{told}: {'update facetex' if newer else f'install a version of it that says {API_VERSION}'}")


def _tell_old(name: str, made_for: int, refused: Sequence[str]) -> None:
    """A plugin of the API before: what has changed is refused, what has not still works in this release."""
    told = f"plugin {name!r} was made for api_version {made_for}, this facetex has {API_VERSION}"
    if refused:
        changed = [f"{verb_of(role)}()" for role in refused if role not in SAME_VERBS]
        words = (
            f"{', '.join(changed)} take other values now" if changed else "its verbs are the same, its promises are held now"
        )
        raise PluginError(f"{told}: {words}; {MOVING} says what to change")
    warn(f"{told}; it still works in this release: write `api_version = {API_VERSION}` into its module ({MOVING})")


@contextmanager
def _alone(manager: pluggy.PluginManager, plugin: object) -> Iterator[None]:
    """Nothing is left in the manager of a plugin, and of one that fails neither."""
    try:
        yield
    finally:
        if manager.is_registered(plugin):
            manager.unregister(plugin)


def _answers_of(manager: pluggy.PluginManager, plugin: object, name: str) -> dict[str, Mapping[object, object]]:
    """What each hook returns, asked of a plugin that is registered alone."""
    try:
        manager.register(plugin, name)
    except pluggy.PluginValidationError as error:
        raise PluginError(f"{' '.join(str(error).split())}: hooks take no arguments") from None
    _refuse_misspelt(manager)
    answers = {}
    for hook in _hooks():
        for result in getattr(manager.hook, hook)():
            if not isinstance(result, Mapping):
                form = "{name: factory}" if hook[:-1] in STAGES else "a mapping by name"
                raise PluginError(f"hook {hook} of {name!r} must return {form}, not {type(result).__name__}")
            answers[hook] = result
    if not answers:
        raise PluginError(f"plugin {name!r} offers nothing: {_forgotten(plugin, manager)}")
    return answers


def _offer(role: str, offered: object, factory: object, plugin: str, origin: str) -> Offer:
    """A name must go into a command line, a factory must be one, and its options must be readable."""
    what = f"{role} {offered!r} of {plugin!r}"
    if not isinstance(offered, str) or not re.fullmatch(NAME, offered):
        raise PluginError(f"{what}: a name is lower-case letters, digits and hyphens, a letter first")
    if not callable(factory):
        found = type(factory).__name__
        raise PluginError(f"{what}: a factory was expected, not {found}: offer the class or a function that returns the stage")
    offer = Offer(role, offered, factory, plugin, origin)
    try:
        offer.options  # noqa: B018  # reading them is the test
    except (NameError, TypeError) as error:
        raise PluginError(f"{what}: its options cannot be read ({error}): mend the annotations of its arguments") from None
    return offer


def _refuse_misspelt(manager: pluggy.PluginManager) -> None:
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        name = re.findall(r"'([^']*)'", str(error))[0]
        raise PluginError(f"unknown hook {name!r}; {did_you_mean(name, _hooks())}") from None


def _forgotten(plugin: object, manager: pluggy.PluginManager) -> str:
    """What a function of a hook's name lacks: the decorator, or what it returns."""
    called = [caller.name for caller in manager.get_hookcallers(plugin) or ()]
    if called:
        return f"end {called[0]}() with `return {{name: factory}}`"
    unmarked = [hook for hook in _hooks() if callable(getattr(plugin, hook, None))]
    return f"put @hookimpl (from facetex_core) above {unmarked[0]}()" if unmarked else f"hooks are: {', '.join(_hooks())}"


def _hooks() -> list[str]:
    return [f"{role}s" for role in STAGES] + [hook_of(kind) for kind in KINDS]
