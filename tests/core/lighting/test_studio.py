"""The studio's ground behind a rendered head."""

import numpy as np

from facetex_core.lighting.studio import STUDIO_GROUND, ground


def test_the_ground_fades_from_its_middle_to_its_corners():
    found = ground(41, 21)[..., 0]
    np.testing.assert_allclose(found[10, 20], STUDIO_GROUND[0], rtol=1e-6)
    np.testing.assert_allclose(found[[0, 0, -1, -1], [0, -1, 0, -1]], STUDIO_GROUND[1], rtol=1e-6)
    np.testing.assert_allclose(found[10, 0], (STUDIO_GROUND[0] + STUDIO_GROUND[1]) / 2, rtol=1e-6)
