"""The contact sheet of a bank: every portrait with its figures, and why it was refused."""

from collections.abc import Mapping, Sequence
from importlib.resources import files

from facetex_core.banks.build import Sitting
from facetex_core.pictures import data_uri

FIGURES = {
    "yaw": "turned {:.0f}°",
    "seen": "seen {:.0%}",
    "eyes": "eyes bare {:.0%}",
    "uneven": "sides differ {:.0%}",
    "mouth": "mouth {:.2f}",
    "sharpness": "sharpness {:.1f}",
}


def bank_html(name: str, sittings: Sequence[Sitting], recipe: Mapping[str, object]) -> str:
    """One page that needs nothing but itself; the refused come first."""
    import jinja2

    text = files("facetex_core").joinpath("templates", "bank.html.jinja").read_text("utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    cards = [(each.photo, data_uri(each.picture), each.refused, _line(each.figures)) for each in sittings]
    refused = sorted((card for card in cards if card[2]), key=lambda card: card[2])
    accepted = [card for card in cards if not card[2]]
    return str(environment.from_string(text).render(name=name, refused=refused, accepted=accepted, chosen=recipe["stages"]))


def _line(figures: Mapping[str, float]) -> str:
    return ", ".join(text.format(figures[key]) for key, text in FIGURES.items() if key in figures)
