"""The one door to the stages: their verbs are called here and nowhere else.

A stage that `Registry.make` hands out is guarded: its arguments are locked, its answer is held to what stages.py and
structures.py promise, and a breach is a PluginError that names the plugin. Inside a session every call is timed, shown to
whoever watches, and asked of the memory, if there is one, before it is made.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import FrozenInstanceError, dataclass, field, replace
from typing import Any, ParamSpec, Protocol, TypeVar, cast, get_type_hints, runtime_checkable

import numpy as np

from facetex_core.errors import PluginError
from facetex_core.listeners import holding
from facetex_core.promise import PromiseError, demand, hold, hold_role, sizes_of
from facetex_core.stages import STAGES, verb_of
from facetex_core.values import leaves, locked

Made = TypeVar("Made")
Taken = ParamSpec("Taken")

Watch = Callable[[str], AbstractContextManager[object]]
"""Told the name of each step; the context lasts as long as the step."""


@runtime_checkable
class Once(Protocol):
    """Does a piece of work, or remembers what came of it when it was given the same."""

    def __call__(self, work: Callable[Taken, Made], *given: Taken.args, **named: Taken.kwargs) -> Made:
        """What the work makes of what it is given."""


def anew(work: Callable[Taken, Made], *given: Taken.args, **named: Taken.kwargs) -> Made:
    """Remembers nothing."""
    return work(*given, **named)


@dataclass(slots=True)
class Session:
    """What is shared by all calls of one piece of work."""

    watch: Watch
    memory: Once
    seconds: dict[str, float] = field(default_factory=dict)
    """By step: a stage's verb, or a function's name."""
    door_seconds: float = 0.0
    """Processor seconds that locking and checking took."""
    _busy: bool = False

    def step(self, name: str, work: Callable[Taken, Made], *given: Taken.args, **named: Taken.kwargs) -> Made:
        """The work, watched, timed and remembered; what a stage asks of another stage inside is part of its own step."""
        if self._busy:
            return work(*given, **named)
        self._busy, begin = True, time.perf_counter()
        try:
            with self.watch(name):
                return self.memory(work, *given, **named)
        finally:
            self._busy = False
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begin


_session: ContextVar[Session | None] = ContextVar("facetex_session", default=None)


@contextmanager
def session(watch: Watch = lambda _: nullcontext(), memory: Once = anew) -> Iterator[Session]:
    """A session for the calls inside; one that is open already goes on, with its own watch and memory."""
    opened = _session.get()
    if opened:
        yield opened
        return
    made = Session(watch, memory)
    with holding(_session, made):
        yield made


def step(name: str, work: Callable[Taken, Made], *given: Taken.args, **named: Taken.kwargs) -> Made:
    """The work as a step of the session, if one is open."""
    opened = _session.get()
    return opened.step(name, work, *given, **named) if opened else work(*given, **named)


class Guarded:
    """A stage behind the door; of the object that the plugin made, only the verb can be reached."""

    def __init__(self, stage: object, role: str, title: str) -> None:
        self._stage, self.role, self.title = stage, role, title
        self._others: dict[str, Guarded] = {}

    def playing(self, role: str) -> Any:  # noqa: ANN401  # each role has its own protocol
        """The same stage in another role that it plays as well, such as a fitter that finds light; none where it does not."""
        if role == self.role:
            return self
        if role not in self._others and isinstance(self._stage, STAGES[role]):
            self._others[role] = guard(self._stage, role, self.title)
        return self._others.get(role)

    def work(self, *given: object, **named: object) -> object:
        """The verb, given locked arguments and held to its promise."""
        begin = time.thread_time()
        given, named = locked(given), {key: locked(value) for key, value in named.items()}
        called = time.thread_time()
        result = self._called(given, named)
        returned = time.thread_time()
        try:
            self._hold(result, (*given, *named.values()))
        except PromiseError as broken:
            raise PluginError(f"{self.title}: {broken}") from None
        if self.role == "fitter":  # from here on the locked model is the model
            result = tuple(replace(fit, model=locked(fit.model)) for fit in cast("Any", result))
        opened = _session.get()
        if opened:
            opened.door_seconds += time.thread_time() - returned + called - begin
        return result

    def _called(self, given: tuple[object, ...], named: dict[str, object]) -> object:
        verb = verb_of(self.role)
        try:
            return getattr(self._stage, verb)(*given, **named)
        except (ValueError, TypeError, FrozenInstanceError) as error:
            if not _writes(error):
                raise
            mend = "copy first: np.array(values) of an array, dict(values) of a mapping, dataclasses.replace of a noun"
            raise PluginError(f"{self.title}: {verb}() changes its input ({error}): {mend}") from error

    def _hold(self, result: object, given: tuple[object, ...]) -> None:
        name = f"{verb_of(self.role)}()"
        hold(result, _ANSWERS[self.role], name, sizes_of(self.role, given))
        hold_role(self.role, given, result, name)
        inputs = [leaf for _, leaf in leaves(given) if isinstance(leaf, np.ndarray) and leaf.size]
        for path, leaf in leaves(result):
            # An array that owns its memory is the plugin's, also one that it gave before and now finds among its arguments.
            if isinstance(leaf, np.ndarray) and leaf.flags.writeable and leaf.size and leaf.base is not None:
                shared = any(np.may_share_memory(leaf, each) for each in inputs)
                told = "expected an array of its own, or the unchanged read-only input; found a writeable view of an argument"
                demand(not shared, f"{name}{path}: {told}: copy first, np.array(values)")


def _writes(error: BaseException) -> bool:
    """Whether a stage has run into a lock."""
    words = ("read-only", "readonly", "mappingproxy")
    return isinstance(error, FrozenInstanceError) or any(word in str(error) for word in words)


_ANSWERS = {role: get_type_hints(getattr(protocol, verb_of(role)))["return"] for role, protocol in STAGES.items()}
"""What each verb promises to return."""


def _door(role: str) -> type[Guarded]:
    """The guarded class of a role: it has the role's verb, so that it is of the role's protocol."""
    verb = verb_of(role)

    def called(self: Guarded, *given: object, **named: object) -> object:
        return step(verb, self.work, *given, **named)

    return type(f"Guarded{STAGES[role].__name__}", (Guarded,), {verb: called, "__doc__": Guarded.__doc__})


_DOORS = {role: _door(role) for role in STAGES}


def guard(stage: object, role: str, title: str = "") -> Any:  # noqa: ANN401  # each role has its own protocol
    """The stage behind the door; `title` names it in errors. One that is behind it already stays as it is."""
    if isinstance(stage, Guarded) and stage.role == role:
        return stage
    return _DOORS[role](stage, role, title or f"{role.replace('_', ' ')} {type(stage).__name__}")
