"""What every cleaner promises."""

from functools import cached_property

import numpy as np

from facetex_core.structures import Texture, View
from facetex_core.testing.contract import Contract, demand, demand_near
from facetex_core.testing.samples import SIZE, half_seen, skin, view_of

SCRATCH = slice(20, 60), slice(60, 61)
KEPT, FOUND = 0.9, 0.5


class CleanerContract(Contract):
    """Visibility shrinks where there is no skin; what stays visible keeps its colour."""

    role = "cleaner"

    @property
    def lit(self) -> Texture:
        """Clean skin, the upper part of it seen."""
        return half_seen(skin(pores=0.02))

    def given(self) -> tuple[View]:
        """Clean skin on the sheet."""
        return (view_of(self.lit),)

    @cached_property
    def scratched(self) -> Texture:
        """The answer to a white line on the skin."""
        rgb = np.array(self.lit.rgb)
        rgb[SCRATCH] = 1
        found: Texture = self.plugin.clean(view_of(Texture(rgb, self.lit.visibility)))
        return found

    def test_what_stays_visible_keeps_its_colour(self) -> None:
        """And what is hidden is black."""
        seen = self.result.visibility > 0
        demand_near(self.result.rgb[seen], self.lit.rgb[seen], "colour of what stays visible", "hide, do not paint")
        painted = float(self.result.rgb[~seen].max(initial=0))
        demand(painted == 0, f"clean().rgb is up to {painted:.3g} where nothing is visible: leave 0 there")

    def test_clean_skin_stays(self) -> None:
        """Nine tenths of it."""
        share = float(self.result.visibility.sum() / self.lit.visibility.sum())
        demand(share >= KEPT, f"clean(): {share:.0%} of clean skin is left; at least {KEPT:.0%}: hide less")

    def test_a_scratch_is_hidden(self) -> None:
        """Half of it at least."""
        hidden = float((self.scratched.visibility[SCRATCH] == 0).mean())
        mend = "hide what is thin and nearly white, or say waived_checks = (...)"
        demand(hidden >= FOUND, f"clean(): {hidden:.0%} of a white scratch is hidden; at least {FOUND:.0%}: {mend}")

    def test_a_scratch_costs_little_skin(self) -> None:
        """What is far from it stays."""
        far = np.ones((SIZE, SIZE), bool)
        far[:, 40:80] = False
        share = float(self.scratched.visibility[far].sum() / self.lit.visibility[far].sum())
        demand(share >= KEPT, f"clean(): {share:.0%} of the skin far from a scratch is left; at least {KEPT:.0%}: hide less")
