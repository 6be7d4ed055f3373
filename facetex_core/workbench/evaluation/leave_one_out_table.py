"""Sums up leave-one-out: by split and synthesizer, over all people and over groups of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Score:
    """One synthesizer at one hidden part of one person."""

    person: str
    tone: str
    sex: str
    """Empty where it is not known."""
    split: str
    part: str
    synthesizer: str
    errors: dict[str, float]

    def table(self) -> dict[str, object]:
        """For JSON and CSV."""
        about = {name: getattr(self, name) for name in ("person", "tone", "sex", "split", "part", "synthesizer")}
        return {**about, **self.errors}


def summary(scores: Iterable[Score], deciding: str) -> list[dict[str, object]]:
    """A row for each split, group of people and synthesizer: median, mean and 90 % of every measure over the people.

    Of a person the mean over the split's parts counts. `best` is the share of the people at whom the synthesizer has the
    lowest `deciding` measure of all.
    """
    people = _by_person(scores)
    rows: list[dict[str, object]] = []
    for split in dict.fromkeys(score.split for score in people):
        there = [score for score in people if score.split == split]
        rows += _rows(split, "all", there, deciding)
        for group in ("tone", "sex"):
            for name in sorted({getattr(score, group) for score in there} - {""}):
                rows += _rows(split, name, [score for score in there if getattr(score, group) == name], deciding)
    return rows


def _by_person(scores: Iterable[Score]) -> list[Score]:
    """Each person once for a split and synthesizer."""
    parts: dict[tuple[str, str, str], list[Score]] = {}
    for score in scores:
        parts.setdefault((score.person, score.split, score.synthesizer), []).append(score)
    return [
        Score(first.person, first.tone, first.sex, first.split, "", first.synthesizer, _mean([each.errors for each in of]))
        for of in parts.values()
        for first in of[:1]
    ]


def _mean(errors: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([each[name] for each in errors])) for name in errors[0]}


def _rows(split: str, group: str, scores: Sequence[Score], deciding: str) -> list[dict[str, object]]:
    lowest: dict[str, float] = {}
    for score in scores:
        lowest[score.person] = min(score.errors[deciding], lowest.get(score.person, np.inf))
    rows = []
    for name in dict.fromkeys(score.synthesizer for score in scores):
        mine = [score for score in scores if score.synthesizer == name]
        best = np.mean([score.errors[deciding] == lowest[score.person] for score in mine])
        row: dict[str, object] = {"split": split, "group": group, "synthesizer": name, "people": len(mine), "best": float(best)}
        rows.append(row | {measure: _three([score.errors[measure] for score in mine]) for measure in mine[0].errors})
    return rows


def _three(values: list[float]) -> dict[str, float]:
    return {"median": float(np.median(values)), "mean": float(np.mean(values)), "p90": float(np.quantile(values, 0.9))}
