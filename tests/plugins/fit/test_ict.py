"""Names of ICT's expressions as ARKit has them."""

import pytest
from facetex_plugins.fit.ict import arkit_name


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("browDown_L", "browDownLeft"),
        ("eyeBlink_R", "eyeBlinkRight"),
        ("jawOpen", "jawOpen"),
        ("browInnerUp_L", "browInnerUp"),
        ("browInnerUp_R", "browInnerUp"),
    ],
)
def test_a_side_is_written_out_but_where_arkit_has_one_shape_for_both(name, wanted):
    assert arkit_name(name) == wanted
