"""What every detailer promises."""

import numpy as np
import pytest

from facetex_core.harmonics import ambient
from facetex_core.stages import Detailer
from facetex_core.structures import Fit
from facetex_core.testing.contract import Contract
from facetex_core.testing.samples import SIZE, TONE, fit_of, portrait, skin, whole


class DetailerContract(Contract):
    """Flat skin has no relief, pores have one within the limit, and normals are unit vectors."""

    limit = 0.001
    """Metres that a displacement may reach: mesoscopic is below a millimetre."""

    @pytest.fixture
    def fit(self) -> Fit:
        """The sheet in even light."""
        return fit_of(ambient())

    def test_flat_skin_has_no_relief(self, plugin: Detailer, fit: Fit) -> None:
        """One colour all over, no displacement, and normals straight out."""
        found = plugin.add_detail(portrait(), fit, whole(np.broadcast_to(TONE, (SIZE, SIZE, 3))))
        np.testing.assert_allclose(found.displacement, 0, atol=1e-6)
        np.testing.assert_allclose(found.normals, np.broadcast_to([0, 0, 1], (SIZE, SIZE, 3)), atol=1e-3)

    def test_relief_stays_within_its_limit(self, plugin: Detailer, fit: Fit) -> None:
        """Rough skin."""
        found = plugin.add_detail(portrait(), fit, whole(np.clip(skin(pores=0.5), 0, 1)))
        assert found.displacement.shape == (SIZE, SIZE)
        assert 0 < np.abs(found.displacement).max() <= self.limit
        np.testing.assert_allclose(np.linalg.norm(found.normals, axis=-1), 1, atol=1e-4)

    def test_the_same_skin_gives_the_same_relief(self, plugin: Detailer, fit: Fit) -> None:
        """To the bit."""
        first, again = (plugin.add_detail(portrait(), fit, whole(skin(pores=0.05))) for _ in range(2))
        np.testing.assert_array_equal(first.displacement, again.displacement)
