"""What all contracts share: the plugin under test, its stage at work, and the rules of every stage.

A contract is a plain class. pytest finds its tests in whoever inherits it; `facetex plugins check` runs the same list.
"""

import io
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath
from typing import Any, ClassVar, Literal, get_type_hints
from unittest import SkipTest

import numpy as np
from numpy.typing import ArrayLike

from facetex_core.errors import FacetexError, ModelError, PluginError, did_you_mean
from facetex_core.promise import PromiseError, demand, hold, hold_role, sizes_of
from facetex_core.stages import STAGES, WaivesChecks, verb_of
from facetex_core.values import leaves, locked

__all__ = ["Contract", "Work", "demand", "demand_near"]
FAILURES = ("failed", "not run")


@dataclass(frozen=True, slots=True)
class Work:
    """One call of a stage and what else happened in it."""

    result: object
    printed: str
    written: str
    """What of the arguments is not what it was."""
    drew: bool
    """Whether NumPy's global random numbers moved on."""


class Contract:
    """Base of all contracts: a subclass that sets `make = MyPlugin` runs the tests."""

    role: ClassVar[str]
    make: Callable[..., Any]
    """The plugin's class, or a method that returns the plugin."""
    FOUNDATIONS: ClassVar = ("test_is_made_with_its_default_options", "test_answers_as_its_stage_promises")
    """Where one of these fails, the others have nothing to look at."""

    @cached_property
    def plugin(self) -> Any:  # noqa: ANN401  # each role has its own protocol
        """The plugin under test."""
        if not hasattr(self, "make"):
            raise NotImplementedError(f"say which plugin {type(self).__name__} tests: make = MyPlugin")
        return self.make()

    def given(self) -> tuple[object, ...]:
        """The arguments of the sample call."""
        raise NotImplementedError

    def comparable(self, result: Any) -> object:  # noqa: ANN401  # each role has its own
        """What two runs have to agree in."""
        return result

    @classmethod
    def checks(cls) -> list[str]:
        """The names of the tests in the order of writing; first the rules of every stage."""
        found = [name for each in reversed(cls.__mro__) for name in vars(each) if name.startswith("test_")]
        return [name for name in dict.fromkeys(found) if callable(getattr(cls, name))]

    def setup_method(self, method: Callable[..., object]) -> None:
        """Skips what the plugin says it does not promise: checks of its role named in its attribute `waived_checks`."""
        waived, rules = self.plugin.waived_checks if isinstance(self.plugin, WaivesChecks) else (), Contract.checks()
        known = [name.removeprefix("test_") for name in self.checks() if name not in rules]
        for name in waived:
            if name not in known:
                raise PluginError(f"waived_checks names no check {name!r} of the role; {did_you_mean(name, known)}")
        if method.__name__.removeprefix("test_") in waived:
            raise SkipTest(f"{type(self.plugin).__name__} does not promise it")

    @property
    def verb(self) -> str:
        """The one method of the role's protocol."""
        return verb_of(self.role)

    def work(self, plugin: object = None) -> Work:
        """The stage at its sample, its arguments locked."""
        given = locked(self.given())
        before, drawn, printed = snapshot(given), _drawn(), io.StringIO()
        try:
            with redirect_stdout(printed):
                result = getattr(self.plugin if plugin is None else plugin, self.verb)(*given)
        except Exception as error:
            demand("read-only" not in str(error) and "readonly" not in str(error), self._writes(str(error)))
            raise
        return Work(result, printed.getvalue(), difference(before, snapshot(given), "argument "), drawn != _drawn())

    @cached_property
    def first(self) -> Work:
        """The plugin's first call."""
        return self.work()

    @property
    def result(self) -> Any:  # noqa: ANN401  # each role has its own
        """What that gave."""
        return self.first.result

    def test_is_made_with_its_default_options(self) -> None:
        """No argument is needed."""
        demand(self.plugin is not None, "made of its default options: found None: the factory must return the stage")
        mend = f"name its method after the verb of {STAGES[self.role].__name__}"
        demand(isinstance(self.plugin, STAGES[self.role]), f"{type(self.plugin).__name__} has no {self.verb}(): {mend}")

    def test_answers_as_its_stage_promises(self) -> None:
        """Types, shapes, kinds of numbers, ranges; nothing but finite numbers."""
        kind = get_type_hints(getattr(STAGES[self.role], self.verb))["return"]
        given = self.given()
        hold(self.result, kind, f"{self.verb}()", sizes_of(self.role, given))
        if self.role != "exporter":  # whose folder is gone
            hold_role(self.role, given, self.result, f"{self.verb}()")

    def test_writes_into_nothing_that_it_was_given(self) -> None:
        """Arguments belong to the pipeline; they are locked, but locks can be opened."""
        demand(not self.first.written, self._writes(self.first.written))

    def test_gives_the_same_again(self) -> None:
        """To the bit, from the same object and from one made anew."""
        mend = "random numbers come from the generator that is passed in or default_rng(seed), and no call changes self"
        for plugin in (self.plugin, self.make()):
            first = snapshot(self.comparable(self.result))
            found = difference(first, snapshot(self.comparable(self.work(plugin).result)), f"{self.verb}()")
            demand(not found, f"{found} between two runs of the same: {mend}")

    def test_leaves_global_random_numbers_alone(self) -> None:
        """Whoever seeds or draws from them changes what others get."""
        mend = "take numbers from the generator that is passed in or from np.random.default_rng(seed)"
        demand(not self.first.drew, f"{self.verb}() drew from or seeded NumPy's global random numbers: {mend}")

    def test_prints_nothing(self) -> None:
        """What a command prints is for the programs after it."""
        said = self.first.printed.strip().splitlines() or [""]
        mend = "use facetex_core.warn, or facetex_core.progress.report_progress"
        demand(not said[0], f"{self.verb}() printed {said[0]!r}: {mend}")

    def _writes(self, what: str) -> str:
        return f"{self.verb}() changes its input ({what}): copy first, np.array(values)"


def _drawn() -> object:
    """The state of NumPy's global generator."""
    return str(np.random.get_state(legacy=False))  # noqa: NPY002  # looks, and draws nothing


def demand_near(found: ArrayLike, wanted: ArrayLike, what: str, mend: str, *, atol: float = 0.0, rtol: float = 0.0) -> None:
    """Every value within `atol` + `rtol` |wanted|; no value that is not finite passes. Works under `python -O`, too."""
    found, wanted = np.broadcast_arrays(np.asarray(found, np.float64), np.asarray(wanted, np.float64))
    excess = np.nan_to_num(np.abs(found - wanted) - atol - rtol * np.abs(wanted), nan=np.inf)
    if (excess > 0).any():
        place = np.unravel_index(int(excess.argmax()), excess.shape)
        where = f" at [{', '.join(map(str, place))}]" if place else ""
        count = f"{(excess > 0).sum()} of {excess.size} values are off; " if excess.size > 1 else ""
        raise PromiseError(f"{what}: {count}expected {wanted[place]:.4g}{where}, found {found[place]:.4g}: {mend}")


def snapshot(value: object) -> dict[str, object]:
    """The value's arrays, copied, and its numbers and words, to be compared later."""
    plain = (np.ndarray, np.generic, str, bytes, int, float, PurePath, type(None))
    kept = {path: leaf for path, leaf in leaves(value) if isinstance(leaf, plain)}
    return {path: np.array(leaf) if isinstance(leaf, np.ndarray) else leaf for path, leaf in kept.items()}


def difference(one: Mapping[str, object], other: Mapping[str, object], name: str) -> str:
    """Where two snapshots differ first, in words; nothing where they are the same to the bit."""
    if list(one) != list(other):
        return f"{name} has other parts"
    for path, leaf in one.items():
        found = other[path]
        if isinstance(leaf, np.ndarray) and isinstance(found, np.ndarray):
            if leaf.shape != found.shape or leaf.dtype != found.dtype:
                return f"{name}{path} has another shape or type"
            if leaf.tobytes() != found.tobytes():
                most = np.abs(leaf.astype(np.float64) - found).max()
                return f"{name}{path} differs by up to {most:.3g}"
        elif repr(leaf) != repr(found):
            return f"{name}{path} differs"
    return ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one check."""

    check: str
    state: Literal["passed", "failed", "exempt", "not run"]
    message: str = ""
    """What is wrong and what to do."""


def run_checks(contract: type[Contract]) -> Iterator[Outcome]:
    """Every check of the contract; if a basic one fails, the others are not run."""
    subject, broken = contract(), ""
    for name in contract.checks():
        words = name.removeprefix("test_").replace("_", " ")
        outcome = Outcome(words, "not run", f"first mend: {broken}") if broken else _run(subject, name, words)
        broken = words if outcome.state in FAILURES and name in contract.FOUNDATIONS else broken
        yield outcome


def _run(subject: Contract, name: str, words: str) -> Outcome:
    test = getattr(subject, name)
    try:
        subject.setup_method(test)
        test()
    except SkipTest as reason:
        return Outcome(words, "exempt", str(reason))
    except ModelError as error:  # the user's machine lacks it, which tells nothing of the plugin
        return Outcome(words, "not run", str(error))
    except (AssertionError, FacetexError) as error:
        return Outcome(words, "failed", " ".join(str(error).split()) or "an assertion of the plugin's own")
    except Exception as error:  # noqa: BLE001  # a stranger's plugin may raise anything
        return Outcome(words, "failed", raised(error))
    return Outcome(words, "passed")


def raised(error: BaseException) -> str:
    """The error, where it came from, and what to do."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    path = Path(last.filename)
    where = f" ({path.name}, line {last.lineno})" if path.parent != Path(__file__).parent else ""
    return f"{type(error).__name__}: {' '.join(str(error).split())}{where}: mend it; what the user can mend is a FacetexError"
