"""Light and albedo of what a photo shows."""

import numpy as np
import pytest
from sampled import tiny_fit, tiny_texture

from facetex_core import PhotoError
from facetex_core.lighting.estimate_lighting import estimate_appearance
from facetex_core.structures import Texture


def test_a_face_of_which_nothing_is_seen_has_no_light():
    lit = tiny_texture()
    with pytest.raises(PhotoError, match="no skin of the face is visible"):
        estimate_appearance(Texture(lit.rgb, np.zeros_like(lit.visibility)), tiny_fit())
