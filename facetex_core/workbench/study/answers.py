"""What participants answered, and how sure that is: shares with binomial confidence, pair by pair, as figures and as a page.

Wilson's interval (1927) is near its 95 % for any share and count; Clopper and Pearson's (1934) is exact: never below them.
Both take answers as independent of each other. Answers of one person are not quite, so each person's share stands beside.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from facetex_core.delivery.pictures import template
from facetex_core.errors import ConfigError
from facetex_core.listeners import warn
from facetex_core.workbench.study.study import PHOTO_VARIANT

CONFIDENCE = 0.95
_WRONG = (LookupError, ValueError, TypeError, AttributeError, RecursionError)
"""What a damaged or strange table makes a reader raise."""


@dataclass(frozen=True, slots=True)
class Key:
    """What the pictures of a study show."""

    study: str
    question: str
    variants: tuple[str, ...]
    trials: Mapping[str, Mapping[str, str]]
    """Of each trial the variant by picture."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What one participant chose."""

    participant: str
    chosen: Mapping[str, str]
    """By trial the picture."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """How often the first of two variants was chosen."""

    chosen: int
    answers: int
    wilson: tuple[float, float]
    exact: tuple[float, float]
    """Clopper and Pearson's interval."""
    p_value: float
    """Of a share at least as far from one half, if nobody could tell: two-sided, exact."""

    @property
    def share(self) -> float:
        """In [0, 1]."""
        return self.chosen / self.answers


@dataclass(frozen=True, slots=True)
class Tally:
    """A pair of variants, over all participants and of each."""

    first: str
    second: str
    estimate: Estimate
    participants: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """How often each chose the first, and how often they were asked."""

    def table(self) -> dict[str, object]:
        """As JSON's types."""
        people = [{"participant": name, "chosen": c, "answers": n} for name, (c, n) in self.participants.items()]
        estimate = asdict(self.estimate) | {"share": self.estimate.share}
        return {"first": self.first, "second": self.second, **estimate, "participants": people}


def estimate(chosen: int, answers: int) -> Estimate:
    """Of `chosen` in `answers`, which is at least 1."""
    from scipy.stats import binomtest

    test = binomtest(chosen, answers)
    found = (test.proportion_ci(CONFIDENCE, method) for method in ("wilson", "exact"))
    wilson, exact = ((float(ends.low), float(ends.high)) for ends in found)
    return Estimate(chosen, answers, wilson, exact, float(test.pvalue))


def tallies(key: Key, everyone: Iterable[Answers]) -> list[Tally]:
    """A tally a pair that was asked for, in the order of the study's variants; the photo comes first."""
    order = sorted(key.variants, key=lambda name: name != PHOTO_VARIANT)
    counts: dict[tuple[str, str], dict[str, list[int]]] = {}
    for answers in everyone:
        for trial, picture in answers.chosen.items():
            shown = key.trials[trial]
            first, second = sorted(shown.values(), key=order.index)
            count = counts.setdefault((first, second), {}).setdefault(answers.participant, [0, 0])
            count[0] += shown[picture] == first
            count[1] += 1
    pairs = sorted(counts, key=lambda pair: [order.index(name) for name in pair])
    return [_tally(pair, counts[pair]) for pair in pairs]


def _tally(pair: tuple[str, str], counts: Mapping[str, Sequence[int]]) -> Tally:
    chosen, answers = (sum(count[k] for count in counts.values()) for k in (0, 1))
    return Tally(*pair, estimate(chosen, answers), {name: (c, n) for name, (c, n) in counts.items()})


def read_key(path: Path) -> Key:
    """The key that was written beside the page."""
    table = _json(path)
    try:
        trials = {trial: dict(each["pictures"]) for trial, each in table["trials"].items()}
        key = Key(_text(table["study"]), _text(table["question"]), tuple(map(_text, table["variants"])), trials)
        known = set(key.variants)
        whole = bool(trials) and all(len(shown) == 2 == len(set(shown.values()) & known) for shown in trials.values())
    except _WRONG:
        whole = False
    if not whole:
        raise ConfigError(f"{path}: is no key of a study; facetex study make writes it beside the page")
    return key


def read_answers(paths: Sequence[Path], key: Key) -> list[Answers]:
    """The answers of every participant; of several files of one the longest counts."""
    found: dict[str, Answers] = {}
    for path in paths:
        answers = _read(path, key)
        before = found.get(answers.participant)
        if before:
            warn(f"{path.name}: participant {answers.participant} has several files; the longest counts")
        if not before or len(before.chosen) < len(answers.chosen):
            found[answers.participant] = answers
    if not any(answers.chosen for answers in found.values()):
        raise ConfigError("these files contain no answers")
    return list(found.values())


def _read(path: Path, key: Key) -> Answers:
    table = _json(path)
    try:
        study, participant = _text(table["study"]), _text(table["participant"])
        pairs = [(_text(each["trial"]), _text(each["chosen"])) for each in table["answers"]]
    except _WRONG:
        raise ConfigError(f"{path}: holds no answers; they are the file that the study's page saves") from None
    if study != key.study:
        raise ConfigError(f"{path}: answers study {study[:40]!r}, the key is that of {key.study[:40]!r}")
    if any(picture not in key.trials.get(trial, ()) for trial, picture in pairs) or len(dict(pairs)) < len(pairs):
        raise ConfigError(f"{path}: answers trials that the study does not have, or one of them twice")
    return Answers(participant, dict(pairs))


def _json(path: Path) -> Any:  # noqa: ANN401  # what is used of it is checked
    try:
        return json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise ConfigError(f"{path}: is no JSON file") from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def report_html(key: Key, tallies: Sequence[Tally], participants: int) -> str:
    """The page; it needs nothing but itself."""
    return str(
        template(__package__, "study_report").render(
            question=key.question,
            study=key.study,
            participants=participants,
            answers=sum(tally.estimate.answers for tally in tallies),
            rows=[_row(tally) for tally in tallies],
            confidence=f"{CONFIDENCE:.0%}",
            photo=PHOTO_VARIANT in key.variants,
        )
    )


def _row(tally: Tally) -> dict[str, object]:
    found = tally.estimate
    people = [100 * chosen / count for chosen, count in tally.participants.values()]
    return {
        "first": tally.first,
        "second": tally.second,
        "answers": found.answers,
        "chosen": found.chosen,
        "share": percent(found.share),
        "at": 100 * found.share,
        "wilson": [100 * end for end in found.wilson],
        "exact": [100 * end for end in found.exact],
        "texts": [interval(found.wilson), interval(found.exact), p_text(found)],
        "verdict": verdict(tally),
        "people": people,
    }


def verdict(tally: Tally) -> str:
    """In words, by the exact interval."""
    low, high = tally.estimate.exact
    if low > 0.5:
        return f"{tally.first} is chosen more often"
    return f"{tally.second} is chosen more often" if high < 0.5 else "no difference is shown"


def percent(share: float) -> str:
    """One digit behind the point."""
    return f"{100 * share:.1f} %"


def interval(ends: tuple[float, float]) -> str:
    """In per cent."""
    return f"{100 * ends[0]:.1f} to {100 * ends[1]:.1f} %"


def p_text(found: Estimate) -> str:
    """The p-value with two digits that count."""
    return "< 0.0001" if found.p_value < 1e-4 else f"{found.p_value:.2g}"
