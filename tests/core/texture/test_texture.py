"""From photo to albedo: unwrapping, delighting, filling, and noise that looks like skin."""

import numpy as np
import pytest
from facetex_plugins.delight.harmonics import HarmonicsDelighter
from facetex_plugins.detail.shading import ShadingDetailer
from facetex_plugins.synthesize.texture.random_phase import random_phase_texture
from lit_heads import TONE, fit_at, render_flat, side_light, skin_under
from sampled import tiny_model, view_of

from facetex_core import Lighting, Texture
from facetex_core.descriptors.bank_file import load_bank
from facetex_core.imaging.push_pull import fill_smooth
from facetex_core.lighting.estimate_lighting import normal_map
from facetex_core.lighting.harmonics import shade
from facetex_core.texture.regions import face_crop, plain_skin, region, resize_texture
from facetex_core.texture.unwrap import unwrap


def test_unwrapping_a_rendered_head_gives_its_shading_back():
    fit, light = fit_at(), Lighting(side_light())
    photo = render_flat(fit, light, TONE)
    texture = unwrap(photo, fit, np.ones(photo.rgb.shape[:2], np.float32), 128)
    sure = texture.visibility > 0.9
    expected = shade(light, normal_map(fit, 128)) * TONE
    error = np.abs(texture.rgb[sure] - expected[sure]).max(1)
    assert np.quantile(error, 0.99) < 0.012  # half a pixel of a smooth shading; the eyes' rims are the last percent
    assert sure.mean() > 0.05


def test_what_is_turned_away_or_masked_is_hidden():
    fit = fit_at(yaw=60)
    photo = render_flat(fit, Lighting(side_light()), TONE)
    skin = np.ones(photo.rgb.shape[:2], np.float32)
    seen = unwrap(photo, fit, skin, 128).visibility
    away = normal_map(fit, 128) @ (fit.camera.position / np.linalg.norm(fit.camera.position)).astype(np.float32) < 0
    assert seen[away].max() == 0
    assert unwrap(photo, fit, 0 * skin, 128).visibility.max() == 0


def test_albedo_times_known_shading_gives_the_albedo_back():
    fit, skin = fit_at(), skin_under(side_light())
    generator = np.random.default_rng(0)
    albedo = (TONE * np.exp(0.05 * generator.normal(size=(128, 128, 1)))).astype(np.float32)
    visibility = region(fit.model, "face", 128)
    lit = albedo * shade(skin.lighting, normal_map(fit, 128))
    texture = Texture(np.where(visibility[..., None] > 0, lit, 0).astype(np.float32), visibility)
    found = HarmonicsDelighter(flatten=0.0, matte=0.0).delight(view_of(texture, fit, skin))
    sure = found.visibility > 0.9
    np.testing.assert_allclose(found.rgb[sure], albedo[sure], rtol=1e-4)
    assert (found.visibility <= texture.visibility).all()


def test_delighting_evens_out_what_the_harmonics_missed():
    fit, skin = fit_at(), skin_under(np.eye(9, 3, dtype=np.float32)[:, :1] * np.ones(3, np.float32))
    visibility = region(fit.model, "face", 128)
    ramp = np.linspace(0.7, 1.3, 128, dtype=np.float32)[None, :, None]
    texture = Texture((visibility[..., None] > 0) * TONE * ramp, visibility)
    found = HarmonicsDelighter().delight(view_of(texture, fit, skin))
    sure = visibility > 0.9
    assert np.log(found.rgb[sure]).std(0).max() < 0.5 * np.log(texture.rgb[sure]).std(0).max()


@pytest.mark.parametrize("size", [96, 128])
def test_regions_stay_within_0_and_1_whatever_interpolation_rounds(size):
    model = fit_at().model
    for weights in (plain_skin(model, size), *(region(model, name, size) for name in model.regions)):
        assert weights.min() >= 0
        assert weights.max() <= 1


def test_filling_keeps_what_is_known_and_continues_a_flat_colour():
    known = np.zeros((64, 64), np.float32)
    known[10:20, 30:50] = 1
    picture = (known[..., None] * TONE).astype(np.float32)
    filled = fill_smooth(picture, known)
    np.testing.assert_allclose(filled, np.broadcast_to(TONE, filled.shape), rtol=1e-4)


def test_random_phase_texture_has_the_sample_s_variance_and_colour_correlation():
    generator = np.random.default_rng(0)
    common = generator.normal(size=(256, 256, 1))
    detail = (0.02 * common * np.array([1.0, 0.8, 0.5])).astype(np.float32)
    field = random_phase_texture(detail, np.ones((256, 256), np.float32), np.random.default_rng(1))
    np.testing.assert_allclose(field.std((0, 1)), detail.std((0, 1)), rtol=0.2)  # a sample of 21 x 21
    np.testing.assert_allclose(np.corrcoef(field.reshape(-1, 3).T), 1, atol=0.02)


def test_random_phase_texture_is_flat_where_no_skin_can_be_sampled():
    nothing = np.zeros((64, 64), np.float32)
    assert not random_phase_texture(np.ones((64, 64, 3), np.float32), nothing, np.random.default_rng(0)).any()


def test_a_flat_texture_has_no_relief_and_relief_stays_within_its_limit():
    fit, skin = fit_at(), skin_under(side_light())
    photo = render_flat(fit, skin.lighting, TONE)
    flat = Texture(np.broadcast_to(TONE, (128, 128, 3)).copy(), np.ones((128, 128), np.float32))
    views = [view_of(flat, fit, skin, photo)]
    detail = ShadingDetailer().add_detail(views, flat)
    np.testing.assert_allclose(detail.displacement, 0, atol=1e-9)
    rough = Texture(np.random.default_rng(0).uniform(0, 1, (128, 128, 3)).astype(np.float32), flat.visibility)
    deep = ShadingDetailer(strength=50.0, limit=0.3).add_detail(views, rough)
    assert 1e-4 < np.abs(deep.displacement).max() <= 0.3e-3
    np.testing.assert_allclose(np.linalg.norm(deep.normals, axis=-1), 1, atol=1e-5)


def test_shrinking_a_texture_lets_nothing_hidden_in():
    visibility = np.zeros((64, 64), np.float32)
    visibility[:, :31] = 1
    small = resize_texture(Texture(visibility[..., None] * TONE, visibility), 32)
    np.testing.assert_allclose(
        small.rgb[small.visibility > 0], np.broadcast_to(TONE, (int((small.visibility > 0).sum()), 3)), rtol=1e-5
    )


def test_the_crop_is_square_and_lies_in_the_map():
    texture = Texture(np.zeros((128, 128, 3), np.float32), np.ones((128, 128), np.float32))
    crop = face_crop(texture, tiny_model())
    assert crop.rgb.shape[0] == crop.rgb.shape[1] > 32


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"<html>not found</html>"])
def test_a_file_that_is_no_bank_is_named(tmp_path, content):
    path = tmp_path / "bad.bank"
    path.write_bytes(content)
    with pytest.raises(Exception, match=r"bad\.bank is no facetex bank"):
        load_bank(path)


def test_delighting_nothing_leaves_nothing():
    nothing = Texture(np.zeros((128, 128, 3), np.float32), np.zeros((128, 128), np.float32))
    found = HarmonicsDelighter().delight(view_of(nothing, fit_at(), skin_under(side_light())))
    assert not found.rgb.any()
    assert not found.visibility.any()
