"""Runs a role's contract without pytest: the same list of tests, one after another."""

import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from unittest import SkipTest

from facetex_core.errors import FacetexError, ModelError
from facetex_core.testing.contract import Contract


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one check."""

    check: str
    state: Literal["passed", "failed", "exempt", "not run"]
    message: str = ""
    """What is wrong and what to do."""


FAILURES = ("failed", "not run")


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
