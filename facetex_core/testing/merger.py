"""What every merger promises."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32

from facetex_core.structures import DelitView, Merged, Texture
from facetex_core.testing.contract import Contract, demand, demand_near
from facetex_core.testing.samples import SIZE, delit_view, skin

LEFT, RIGHT = slice(SIZE // 8, 3 * SIZE // 4), slice(SIZE // 4, SIZE)
"""Columns: no view shows the outermost on the left."""


def columns_of(albedo: Float32[np.ndarray, "size size 3"], columns: slice) -> DelitView:
    """A view that shows these columns of the map."""
    visibility = np.zeros((SIZE, SIZE), np.float32)
    visibility[:, columns] = 1
    return delit_view(Texture(np.asarray(albedo * visibility[..., None], np.float32), visibility))


class MergerContract(Contract):
    """Views of one skin give that skin; texels that no view shows stay hidden."""

    role = "merger"

    def given(self) -> tuple[Sequence[DelitView]]:
        """Two views of one skin that overlap in the middle."""
        return ((columns_of(skin(), LEFT), columns_of(skin(), RIGHT)),)

    def test_one_view_stays_as_it_is(self) -> None:
        """To the bit."""
        view = columns_of(skin(), LEFT)
        found: Merged = self.plugin.merge((view,))
        demand_near(found.albedo.rgb, view.albedo.rgb, "albedo of a single view", "return it as it is")
        demand_near(found.shares[0], view.albedo.visibility > 0, "its share", "1 where it shows skin")

    def test_views_of_one_skin_give_that_skin(self) -> None:
        """To two hundredths, wherever the result is visible."""
        seen = self.result.albedo.visibility > 0
        demand_near(self.result.albedo.rgb[seen], skin()[seen], "merged albedo of one skin", "weigh, do not add", atol=0.02)

    def test_shares_add_up_to_one(self) -> None:
        """Where the albedo is visible; elsewhere there is nothing to share."""
        seen = self.result.albedo.visibility > 0
        demand_near(self.result.shares.sum(0)[seen], 1, "shares where the albedo is visible", "divide by their sum", atol=1e-4)

    def test_shows_no_more_than_its_views(self) -> None:
        """Visibility is at most that of the view that sees best."""
        best = np.max([view.albedo.visibility for view in self.given()[0]], axis=0)
        grown = float((self.result.albedo.visibility - best).max())
        demand(grown <= 0, f"merge().albedo.visibility is {grown:.3g} above any view's: take the largest of theirs")
