"""The page of a study's answers: a picture of every interval, and the figures."""

from collections.abc import Sequence

from facetex_core.delivery.template import template
from facetex_core.workbench.study.answers import CONFIDENCE, Estimate, Key, Tally
from facetex_core.workbench.study.study import PHOTO_VARIANT


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
