"""`facetex plugins check`: the contract of its role, held to a plugin that is installed."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict

import click

from facetex_cli.tables import print_json
from facetex_core.errors import ConfigError, did_you_mean
from facetex_core.listeners import listening, unheard
from facetex_core.registry import Offer, Registry
from facetex_core.testing import CONTRACTS, Outcome, run_checks
from facetex_core.testing.contract import FAILURES

SLOW = 1.0
"""Seconds that a plugin's module may take to load: every command that uses stages loads all of them."""


def check_all(registry: Registry, name: str, as_json: bool) -> int:
    """Prints what became of every check of what goes by this name; 1 if one failed or could not be run."""
    rows: list[dict[str, str]] = []
    with listening(unheard):
        for role, title, outcomes in _subjects(registry, name):
            counts: Counter[str] = Counter()
            _say(f"{role} {title}", as_json)
            for outcome in outcomes:
                _say(
                    f"  {outcome.state:8}{outcome.check}" + (f"\n          {outcome.message}" if outcome.message else ""),
                    as_json,
                )
                counts[outcome.state] += 1
                rows.append({"stage": role, "name": title, **asdict(outcome)})
            _say("  " + ", ".join(f"{count} {state}" for state, count in counts.items()), as_json)
    if as_json:
        print_json(rows)
    return int(any(row["state"] in FAILURES for row in rows))


def _say(text: str, as_json: bool) -> None:
    """At once, since checks may take their time; JSON comes whole, at the end."""
    if not as_json:
        click.echo(text)


def _subjects(registry: Registry, name: str) -> Iterator[tuple[str, str, Iterator[Outcome]]]:
    """Role, name and checks of every offer of this name or of the entry point of this name."""
    every = [offer for offers in registry.offers.values() for offer in offers.values()]
    known = {word for offer in every for word in (offer.name, offer.plugin)} | set(registry.broken)
    if name not in known:
        raise ConfigError(f"no plugin {name!r}; {did_you_mean(name, sorted(known))}")
    if name in registry.broken:
        yield "plugin", name, iter([Outcome("can be loaded", "failed", registry.broken[name])])
    for offer in every:
        if name in (offer.name, offer.plugin):
            yield offer.role, offer.name, _outcomes(registry, offer)


def _outcomes(registry: Registry, offer: Offer) -> Iterator[Outcome]:
    """First how long its module takes to load, then its role's contract."""
    seconds = registry.seconds.get(offer.plugin, 0.0)
    told = f"importing {offer.plugin!r} took {seconds:.1f} s, at most {SLOW:.0f}: import heavy packages inside functions"
    yield Outcome("loads quickly", "failed", told) if seconds > SLOW else Outcome("loads quickly", "passed")
    made = {"make": staticmethod(lambda: registry.bare(offer.role, offer.name, {}))}
    yield from run_checks(type("Checked", (CONTRACTS[offer.role],), made))
