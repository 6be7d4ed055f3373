"""Partial albedos of one person become one: no seam, no blur, nothing of a photo that does not show it."""

import numpy as np
import pytest
from facetex_plugins.merge.bands import BandMerger
from numpy.testing import assert_allclose, assert_array_equal
from sampled import view_of

from facetex_core.geometry.camera import orbit_camera
from facetex_core.structures import Fit, Merged, Texture
from facetex_core.testing.samples import SIZE, sheet, skin
from facetex_core.texture.view_weight import view_weight


def fit_from(yaw: float = 0.0, pixels: int = 160) -> Fit:
    camera = orbit_camera(np.zeros(3, np.float32), yaw=yaw, distance=1.0, width_seen=0.25, size=(pixels, pixels))
    return Fit(sheet(), np.zeros(1, np.float32), np.zeros(1, np.float32), camera)


def shown(rgb: np.ndarray, columns: slice) -> Texture:
    """What a photo shows that sees these columns of the map."""
    visibility = np.zeros(rgb.shape[:2], np.float32)
    visibility[:, columns] = 1
    return Texture((rgb * visibility[..., None]).astype(np.float32), visibility)


LEFT, RIGHT = slice(0, 80), slice(48, SIZE)
PORES = 0.05


def merged(*albedos: Texture, fits: tuple[Fit, ...] = ()) -> Merged:
    fits = fits or tuple(fit_from() for _ in albedos)
    return BandMerger().merge([view_of(albedo, fit) for albedo, fit in zip(albedos, fits, strict=True)])


def merged_of(first: np.ndarray, second: np.ndarray) -> Texture:
    return merged(shown(first, LEFT), shown(second, RIGHT)).albedo


def test_one_photo_stays_as_it_is():
    alone = shown(skin(PORES), LEFT)
    found = merged(alone)
    assert found.albedo is alone
    assert_array_equal(found.shares[0], alone.visibility)


def test_shares_add_up_where_anything_is_seen_and_no_photo_gives_what_it_does_not_show():
    found = merged(shown(skin(), slice(0, 50)), shown(skin(), slice(40, 90)))
    shares = found.shares
    assert_allclose(shares.sum(0)[:, :90], 1, atol=1e-6)
    assert not shares[:, :, 90:].any()
    assert not shares[0, :, 50:].any()
    assert not shares[1, :, :40].any()
    assert_array_equal(found.albedo.visibility > 0, shares.sum(0) > 0)


def test_photos_that_agree_merge_into_what_they_show():
    assert_allclose(
        merged_of(skin(PORES), skin(PORES)).rgb, skin(PORES), rtol=0.02
    )  # the blur of either ends at another border


def test_the_tone_is_the_main_photo_s_everywhere():
    found = merged_of(skin(PORES), skin(PORES) * [0.6, 0.8, 1.1])
    assert_allclose(found.rgb, skin(PORES), rtol=0.02)


def test_photos_that_share_nothing_keep_their_own_tone():
    found = merged(shown(skin(), slice(0, 60)), shown(0.5 * skin(), slice(70, SIZE))).albedo
    assert_allclose(found.rgb[:, :60], skin()[:, :60], rtol=1e-3)
    assert_allclose(found.rgb[:, 70:], 0.5 * skin()[:, 70:], rtol=1e-3)


def test_light_that_one_photo_still_carries_makes_no_seam():
    """One albedo is a third darker towards the middle, the other is not: pasted, it would jump by a third."""
    shade = 1 - 0.33 * np.clip(np.arange(SIZE) / 80, 0, 1)[None, :, None]
    steps = np.abs(np.diff(np.log(merged_of(skin() * shade, skin()).rgb), axis=1))
    assert steps.max() < 0.03


def test_pores_that_lie_apart_are_not_averaged():
    """The second photo is registered three texels off: a mean would lose a third of the contrast."""
    pores = skin(PORES)
    both = [shown(pores, slice(0, SIZE)), shown(np.roll(pores, 3, 0), slice(0, SIZE))]
    for texture in (merged(*both).albedo.rgb, pores):
        assert np.log(texture[..., 0] / skin()[..., 0]).std() == pytest.approx(PORES, rel=0.03)


def test_a_photo_that_sees_better_by_far_gives_the_detail():
    far, near = (shown(skin(), slice(0, SIZE)) for _ in range(2))
    shares = merged(far, near, fits=(fit_from(pixels=20), fit_from(pixels=160))).shares
    assert shares[1].mean() > 0.99
    shares = merged(far, near, fits=(fit_from(pixels=100), fit_from(pixels=160))).shares
    assert shares[0].mean() > 0.99


def test_the_side_that_a_photo_turns_away_from_comes_from_another():
    """From the left, only the left is seen; what the first sees at a grazing angle is a tenth as visible."""
    slope = np.linspace(1, 0.02, SIZE, dtype=np.float32)[None].repeat(SIZE, 0)
    first, second = Texture(skin(), slope), Texture(skin(), np.ascontiguousarray(slope[:, ::-1]))
    shares = merged(first, second).shares
    assert shares[0, :, :64].min() > 0.99
    assert shares[1, :, -16:].min() > 0.99


def test_view_weight_falls_with_angle_and_distance_and_ends_at_a_pixel_per_texel():
    whole = shown(skin(), slice(0, SIZE))
    front, turned, small, large, huge = (
        float(np.median(view_weight(whole, fit)))
        for fit in (fit_from(pixels=100), fit_from(60, 100), fit_from(pixels=50), fit_from(pixels=640), fit_from(pixels=1280))
    )
    assert turned == pytest.approx(0.5 * front, rel=0.1)
    assert small == pytest.approx(0.5 * front, rel=0.02)
    assert large == pytest.approx(huge)
    assert large < 1
