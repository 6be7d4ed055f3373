"""The contact sheet of a bank: every portrait with its figures, and why it was refused."""

from collections.abc import Mapping, Sequence

from facetex_core.delivery.pictures import data_uri
from facetex_core.delivery.template import template
from facetex_core.workbench.bank_builder.examine import ExaminedPortrait

FIGURES = {
    "yaw": "turned {:.0f}°",
    "seen": "seen {:.0%}",
    "eyes": "eyes bare {:.0%}",
    "uneven": "sides differ {:.0%}",
    "mouth": "mouth {:.2f}",
    "sharpness": "sharpness {:.1f}",
}


def bank_html(name: str, sittings: Sequence[ExaminedPortrait], recipe: Mapping[str, object]) -> str:
    """One page that needs nothing but itself; the refused come first."""
    cards = [(each.photo, data_uri(each.picture), each.refused, _line(each.figures)) for each in sittings]
    refused = sorted((card for card in cards if card[2]), key=lambda card: card[2])
    accepted = [card for card in cards if not card[2]]
    return str(template(__package__, "bank").render(name=name, refused=refused, accepted=accepted, chosen=recipe["stages"]))


def _line(figures: Mapping[str, float]) -> str:
    return ", ".join(text.format(figures[key]) for key, text in FIGURES.items() if key in figures)
