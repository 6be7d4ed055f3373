"""Delighting where light and albedo are known: shading, cast shadow, highlights, the light's tint, and grey photographs."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from facetex_plugins.delight.division import NoDelighter
from facetex_plugins.delight.harmonics import HarmonicsDelighter
from facetex_plugins.delight.thresholds import ONE_SIDED
from numpy.testing import assert_array_equal
from sampled import tiny_appearance, tiny_fit, tiny_head, tiny_model, view_of
from skimage.color import deltaE_ciede2000
from suite_cases import case_of

from facetex_core import Lighting, PhotoError, Texture
from facetex_core.imaging.colour import luminance
from facetex_core.lighting.estimate_lighting import estimate_appearance, is_monochrome, normal_map, refit_lighting, specular_map
from facetex_core.lighting.harmonics import ambient, shade
from facetex_core.lighting.thresholds import SKIN_TONE
from facetex_core.texture.regions import plain_skin, region
from facetex_core.workbench.evaluation.albedo import AlbedoScore, albedo_error, albedo_summary, true_albedo

SIZE = 256
WARM = np.array([1.1, 1.0, 0.9], np.float32)
LEFT, RIGHT = ([1.0, side, 0.1, 0.5, 0, 0, 0, 0, 0] for side in (0.5, -0.5))
TONE = np.exp(SKIN_TONE)


def albedo_of(tone=TONE):
    """Skin with red lips and pores: no photo of one colour, which could be toned."""
    pores = np.random.default_rng(0).normal(0, 0.03, (SIZE, SIZE, 1)).astype(np.float32)
    lips = region(tiny_model(), "lips", SIZE)[..., None] * np.float32([0.0, -0.5, -0.3])
    blush = 0.15 * np.cos(np.linspace(0, 40, SIZE, dtype=np.float32))[:, None, None] * np.float32([0, 1, 0.8])
    return (tone * np.exp(pores + lips + blush)).astype(np.float32)


def photographed(albedo, light, extra=0.0):
    """The face in this light, as unwrapped, with the light that is found in it."""
    fit, lighting = tiny_fit(), Lighting(np.outer(light, WARM).astype(np.float32))
    seen = region(fit.model, "face", SIZE)
    rgb = np.clip(albedo * shade(lighting, normal_map(fit, SIZE)) + extra, 0, 1) * (seen[..., None] > 0)
    return lit_by_itself(Texture(rgb.astype(np.float32), seen))


def lit_by_itself(lit):
    """The view of an unwrapped photo, with the light that is found in it."""
    fit = tiny_fit()
    return view_of(lit, fit, estimate_appearance(lit, fit))


def specular_of(lit, albedo, appearance=None):
    return specular_map(replace(tiny_head(), lit=lit, albedo=albedo, appearance=appearance or tiny_appearance(ambient())))


def skin_of(texture):
    return (texture.visibility > 0.5) & (plain_skin(tiny_model(), SIZE) > 0.5)


def lab(rgb):
    return cv2.cvtColor(np.float32(rgb).reshape(1, -1, 3), cv2.COLOR_LRGB2LAB)[0]


def test_the_albedo_comes_nearer_to_the_truth_than_the_photo():
    true = Texture(albedo_of(), np.ones((SIZE, SIZE), np.float32))
    view = photographed(true.rgb, LEFT)
    found = HarmonicsDelighter().delight(view)
    before, after = (albedo_error(true, texture, skin_of(found), view.fit) for texture in (view.lit, found))
    assert after.psnr > before.psnr + 5
    assert after.even_psnr > before.even_psnr + 5
    assert after.tone < 0.7 * before.tone


def test_one_head_under_two_lights_is_one_albedo():
    left, right = (photographed(albedo_of(), light) for light in (LEFT, RIGHT))
    a, b = HarmonicsDelighter().delight(left), HarmonicsDelighter().delight(right)
    both = skin_of(a) & skin_of(b)
    apart, undelit = (np.sqrt(((p.rgb - q.rgb)[both] ** 2).mean()) for p, q in ((a, b), (left.lit, right.lit)))
    assert apart < 0.4 * undelit


def test_light_from_the_side_makes_no_darker_skin_than_light_from_ahead():
    ahead = [1.0, 0, 0.1, 0.5, 0, 0, 0, 0, 0]
    tones = []
    for light in (LEFT, ahead):
        lit = photographed(albedo_of(), light).lit
        exposed = replace(lit, rgb=lit.rgb * np.float32(0.55 / np.quantile(lit.rgb[skin_of(lit)], 0.9)))
        found = HarmonicsDelighter().delight(lit_by_itself(exposed))
        tones.append(np.log(found.rgb[skin_of(found)]).mean())
    assert tones[0] == pytest.approx(tones[1], abs=0.1)


def shadow_on_one_cheek():
    """A soft-edged shadow on one cheek takes half of the light."""
    u, v = np.meshgrid(np.linspace(0, 1, SIZE), np.linspace(0, 1, SIZE))
    return (1 - 0.25 * (1 - np.tanh((np.hypot(u - 0.59, v - 0.42) - 0.05) / 0.008)))[..., None].astype(np.float32)


def test_a_cast_shadow_fades_and_makes_nothing_visible():
    view = photographed(albedo_of() * shadow_on_one_cheek(), [1.0, 0, 0, 0.3, 0, 0, 0, 0, 0])
    found = HarmonicsDelighter().delight(view)
    assert (found.visibility <= view.lit.visibility).all()
    kernel = shadow_on_one_cheek()[..., 0] < 0.55
    dark = kernel & skin_of(found)
    assert dark.sum() > 50
    left = np.log(luminance(found.rgb)[dark].mean() / luminance(found.rgb)[dark[:, ::-1] & skin_of(found)].mean())
    assert abs(left) < 0.4 * np.log(2)


@pytest.mark.parametrize("kind", ["both sides", "slight"])
def test_what_both_sides_have_and_what_differs_a_little_stays(kind):
    """A beard's shade on both cheeks, as wide as a shadow, and a difference of the sides below the threshold."""
    shadow = shadow_on_one_cheek()
    change = shadow * shadow[:, ::-1] if kind == "both sides" else shadow ** np.float32(0.8 * ONE_SIDED / np.log(2))
    views = [photographed(albedo_of() * c, [1.0, 0, 0, 0.3, 0, 0, 0, 0, 0]) for c in (1, change)]
    before, after = (HarmonicsDelighter(flatten=0.0, matte=0.0).delight(view) for view in views)
    both, dark = skin_of(before) & skin_of(after), shadow[..., 0] < 0.55
    ratio = np.log(luminance(after.rgb)[both] / luminance(before.rgb)[both])
    step = ratio[dark[both]].mean() - ratio[(change[..., 0] > 0.999)[both]].mean()
    assert step == pytest.approx(np.log(change[..., 0][both & dark]).mean(), rel=0.25)


def test_the_light_between_albedo_and_photo_is_the_one_that_made_the_photo():
    """Whatever a delighter held for light and whatever for skin: both together are the photo."""
    albedo = 0.7 * albedo_of()
    view = photographed(albedo, LEFT)
    known = replace(view.appearance, lighting=ambient())
    found = refit_lighting(replace(view, albedo=Texture(albedo, view.lit.visibility), appearance=known))
    seen = view.lit.visibility > 0.5
    again = albedo * shade(found, normal_map(view.fit, SIZE))
    assert np.abs(again - view.lit.rgb)[seen].mean() < 0.01  # the ridge draws the light to even white a little


def test_the_light_of_a_grey_photo_is_grey():
    grey = np.repeat(luminance(albedo_of())[..., None], 3, -1)
    view = photographed(grey, LEFT)
    in_grey = replace(view.lit, rgb=np.repeat(luminance(view.lit.rgb)[..., None], 3, -1))
    found = refit_lighting(replace(view, lit=in_grey, albedo=Texture(albedo_of(), in_grey.visibility))).coefficients
    assert np.ptp(found, axis=1).max() < 1e-4


def test_a_highlight_lands_in_the_specular_map_and_not_in_the_albedo():
    u, v = np.meshgrid(np.linspace(0, 1, SIZE), np.linspace(0, 1, SIZE))
    spot = np.exp(-((u - 0.5) ** 2 + (v - 0.2) ** 2) / (2 * 0.012**2))[..., None].astype(np.float32)
    light = [1.0, 0, 0, 0.2, 0, 0, 0, 0, 0]
    view, plain = photographed(albedo_of(), light, 0.2 * spot * WARM), photographed(albedo_of(), light).lit
    lit, found = view.lit, HarmonicsDelighter().delight(view)
    shown = specular_of(lit, found, view.appearance)
    peak = (spot[..., 0] > 0.6) & skin_of(found)
    assert peak.sum() > 20
    assert shown[peak].mean() > 0.5 * (lit.rgb - plain.rgb)[peak].mean()
    away = skin_of(found) & (spot[..., 0] < 0.01)
    assert shown[away].mean() < 0.1 * shown[peak].mean()
    rise = luminance(found.rgb)[peak].mean() / luminance(found.rgb)[away].mean()
    assert rise - 1 < 0.5 * (luminance(lit.rgb)[peak].mean() / luminance(plain.rgb)[peak].mean() - 1)


def test_more_light_of_the_skins_own_colour_is_no_highlight():
    seen = region(tiny_model(), "face", SIZE)
    albedo = Texture((albedo_of() * (seen[..., None] > 0)).astype(np.float32), seen)
    sunny = replace(albedo, rgb=1.5 * albedo.rgb)
    shown, brighter = specular_of(sunny, albedo), sunny.rgb - albedo.rgb
    assert shown[seen > 0.9].mean() < 0.6 * brighter[seen > 0.9].mean()
    assert_array_equal(specular_of(albedo, albedo), 0)


@pytest.mark.parametrize("toning", [(1.0, 1.0, 1.0), (1.0, 0.85, 0.6)])
@pytest.mark.parametrize("melanin", [0.3, -0.6])
def test_a_grey_or_toned_photo_gets_the_colours_of_skin(toning, melanin):
    true = albedo_of(TONE * np.exp(melanin * np.float32([0.45, 0.55, 0.6])))
    lit = photographed(true, LEFT).lit
    in_grey = replace(lit, rgb=(luminance(lit.rgb)[..., None] * np.float32(toning)).astype(np.float32))
    assert is_monochrome(in_grey, tiny_model())
    assert not is_monochrome(lit, tiny_model())
    found = HarmonicsDelighter().delight(lit_by_itself(in_grey))
    skin = skin_of(found)
    grey = luminance(true)[skin].mean() * np.ones(3)
    off, undone = (deltaE_ciede2000(lab(colour), lab(true[skin].mean(0)))[0] for colour in (found.rgb[skin].mean(0), grey))
    assert off < 0.5 * undone


def test_a_tinted_contour_takes_the_colour_of_the_face():
    """Green light from behind comes round where the skin is seen at a grazing angle."""
    view = photographed(albedo_of(), [1.0, 0, 0, 0.2, 0, 0, 0, 0, 0])
    lit, fit = view.lit, view.fit
    edge = np.clip(1 - 1.5 * lit.visibility, 0, 1)[..., None] * (lit.visibility[..., None] > 0)
    fringed = replace(lit, rgb=(lit.rgb * (1 + edge * np.float32([0, 0.5, 0]))).astype(np.float32))
    found, clean = (HarmonicsDelighter().delight(replace(view, lit=texture)) for texture in (fringed, lit))
    rim = (edge[..., 0] > 0.5) & (found.visibility > 0) & (clean.visibility > 0) & (plain_skin(fit.model, SIZE) > 0)
    assert rim.any()

    def green(texture, over):
        ratio = np.log(texture.rgb[rim] + 1e-6) - np.log(over.rgb[rim] + 1e-6)
        return float((ratio[:, 1] - ratio[:, [0, 2]].mean(1)).mean())

    assert abs(green(found, clean)) < 0.6 * green(fringed, lit)


def test_the_true_albedo_lies_where_the_fit_puts_it():
    fit = tiny_fit()
    rows = np.linspace(0.1, 0.9, SIZE, dtype=np.float32)[:, None, None] * np.ones((1, SIZE, 3), np.float32)
    true = true_albedo(case_of(fit, albedo=rows).truth, fit, SIZE)
    assert true.visibility.any()
    seen = true.visibility > 0
    assert np.abs(true.rgb - rows)[seen].max() < 0.02
    assert true_albedo(case_of(fit).truth, fit, SIZE) is None


def test_errors_of_a_known_change_are_known():
    fit = tiny_fit()
    true = Texture(np.full((SIZE, SIZE, 3), 0.3, np.float32), np.ones((SIZE, SIZE), np.float32))
    same = albedo_error(true, true, true.visibility > 0, fit)
    darker = albedo_error(true, replace(true, rgb=0.5 * true.rgb), true.visibility > 0, fit)
    assert same.psnr == pytest.approx(100)
    assert same.tone == pytest.approx(0, abs=1e-3)
    assert darker.psnr < 20 < darker.even_psnr
    assert darker.tone > 10
    assert np.isnan(albedo_error(true, true, np.zeros((SIZE, SIZE), bool), fit).psnr)


def test_albedos_are_summed_up_by_light_and_by_yaw():
    scores = [
        AlbedoScore(str(k), "a", light, yaw, seen_db=value, even_db=0.0, whole_db=0.0, tone=0.0)
        for k, (light, yaw, value) in enumerate([("sun", 5, 20.0), ("lamp", -40, 24.0), ("sun", 50, 28.0)])
    ] + [AlbedoScore("3", "a", "sun", 1, failed=str(PhotoError("too dark")))]
    rows = {(row["light"], row["yaw"]): row for row in albedo_summary(scores)}
    assert list(rows) == [("lamp", "all"), ("sun", "all"), ("all", "0-30"), ("all", "30-60"), ("all", "all")]
    assert rows["sun", "all"]["seen_db"] == 24
    assert (rows["all", "0-30"]["heads"], rows["all", "0-30"]["done"]) == (2, 1)
    assert rows["all", "30-60"]["seen_db"] == 26


def test_without_delighting_all_stays():
    view = photographed(albedo_of(), LEFT)
    assert NoDelighter().delight(view) is view.lit
