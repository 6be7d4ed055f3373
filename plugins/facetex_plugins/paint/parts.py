"""Painters: eyeballs, teeth and the inside of the mouth, of which no photo shows enough to unwrap."""

import numpy as np

from facetex_core import DelitView, Texture, hookimpl
from facetex_core.parts.eyes import eyes_of, paint_parts
from facetex_plugins.paint.iris import BROWN, iris_colour, of_one_person
from facetex_plugins.paint.lashes import lash_colour

api_version = 2


@hookimpl
def painters() -> dict[str, type]:
    """The default, one that is blind to the photo, and none."""
    return {"eyes": EyePainter, "brown": BrownPainter, "none": NoPainter}


class EyePainter:
    """Irises and lashes in the photo's colours, brown if it shows none; typical sclera, teeth and mouth."""

    def paint(self, view: DelitView) -> Texture:
        """The map with all parts."""
        parts = eyes_of(view.fit.model)
        irises = of_one_person([iris_colour(view, part) for part in parts])
        lashes = lash_colour(view, view.albedo.rgb)
        return paint_parts(view.fit.model, view.albedo, dict(zip(parts, irises, strict=True)), lashes)


class BrownPainter:
    """The same with brown irises for everybody, the most common colour: a baseline."""

    def paint(self, view: DelitView) -> Texture:
        """The map with all parts."""
        brown = np.array(BROWN, np.float32)
        return paint_parts(view.fit.model, view.albedo, dict.fromkeys(eyes_of(view.fit.model), brown))


class NoPainter:
    """Leaves the map unchanged: skin on eyeballs and teeth."""

    waived_checks = ("eyeballs_are_no_skin",)

    def paint(self, view: DelitView) -> Texture:
        """The same map."""
        return view.albedo
