"""Renderers that trace paths: the same picture as the default where the answer is known, and what is missing is said in a line.

Each test runs for every such renderer that is installed; Blender is looked for in the Python of FACETEX_BLENDER_PYTHON.
"""

import importlib.util
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from facetex_plugins.render import cycles, mitsuba
from facetex_plugins.render.cycles import CyclesRenderer
from facetex_plugins.render.mitsuba import MitsubaRenderer
from facetex_plugins.render.raster import RasterRenderer
from numpy.testing import assert_allclose, assert_array_equal
from sampled import tiny_head

from facetex_core import ConfigError, Lighting, Registry, Texture
from facetex_core.geometry.camera import orbit_camera, project
from facetex_core.lighting.environment import hdr_bytes, radiance_of
from facetex_core.lighting.harmonics import ambient
from facetex_core.lighting.studio import distant_light, ground, studio
from facetex_core.workbench.evaluation.environment import light_of

SIDE = 64
FRONT = orbit_camera(np.zeros(3, np.float32), yaw=0.0, distance=1.0, width_seen=0.3, size=(SIDE, SIDE))


@pytest.fixture(params=["mitsuba", "cycles"])
def traced(request):
    """Makes a renderer with few samples."""
    if request.param == "mitsuba":
        pytest.importorskip("mitsuba", reason="needs mitsuba: pip install mitsuba")
        return lambda samples=16, **options: MitsubaRenderer(samples, **options)
    python = os.environ.get("FACETEX_BLENDER_PYTHON")
    if not python:
        pytest.skip("needs FACETEX_BLENDER_PYTHON: a Python into which bpy is installed")
    return lambda samples=16, **options: CyclesRenderer(samples, python=Path(python), **options)


def painted(colour):
    head = tiny_head()
    neutral = replace(head.fit, expression=np.zeros_like(head.fit.expression))
    rgb = np.broadcast_to(np.float32(colour), head.albedo.rgb.shape).copy()
    return replace(head, fit=neutral, albedo=Texture(rgb, head.albedo.visibility))


def inside(picture, times=0.5):
    """The middle of the head, away from its outline."""
    half = round(SIDE * times / 4)
    return picture.rgb[SIDE // 2 - half : SIDE // 2 + half, SIDE // 2 - half : SIDE // 2 + half]


def test_the_head_stands_where_the_camera_sees_it(traced):
    camera = orbit_camera(np.float32([0.02, -0.01, 0]), yaw=25.0, distance=0.9, width_seen=0.6, size=(80, 56))
    matrix = camera.intrinsics + np.float32([[0, 0, 6], [0, 0, -4], [0, 0, 0]])
    camera = replace(camera, intrinsics=matrix.astype(np.float32))
    head = painted(0.9)
    rgb = traced().render(head, camera, ambient()).rgb
    rows, columns = np.nonzero(np.abs(rgb - ground(80, 56)).max(-1) > 0.15)
    places = project(camera, head.fit.vertices)
    found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert_allclose(found, np.concatenate([places.min(0), places.max(0)]), atol=1.5)


def test_the_albedo_comes_through_under_ambient_light(traced):
    colour = inside(traced(64).render(painted((0.5, 0.3, 0.2)), FRONT, ambient(0.8))).mean((0, 1))
    # What the surface mirrors (a twenty-fifth straight on) comes on top, and leaves less to scatter.
    assert_allclose(colour, np.float32([0.4, 0.24, 0.16]), atol=0.05)
    assert colour[0] > colour[1] > colour[2]


def test_light_from_the_subject_s_left_and_from_above_falls_there(traced):
    left, above = (
        inside(traced().render(painted(0.5), FRONT, Lighting(np.repeat(distant_light(way, 0.9)[:, None], 3, 1)))).mean(-1)
        for way in ((0.9, 0.0, 0.4), (0.0, 0.9, 0.4))
    )
    wide = len(left) // 2
    assert left[:, wide:].mean() > 1.3 * left[:, :wide].mean()
    assert above[:wide].mean() > 1.1 * above[wide:].mean()


def test_the_normal_map_bends_the_skin_as_in_the_default_renderer(traced):
    head = painted(0.5)
    for bent, way in (
        (np.float32([0.5, 0, np.sqrt(0.75)]), (0.9, 0.0, 0.3)),
        (np.float32([0, 0.5, np.sqrt(0.75)]), (0, 0.9, 0.3)),
    ):
        normals = np.broadcast_to(bent, head.detail.normals.shape).copy()
        tilted = replace(head, detail=replace(head.detail, normals=normals))
        light = Lighting(np.repeat(distant_light(way, 0.9)[:, None], 3, 1))
        for renderer in (traced(), RasterRenderer(1)):
            flat, rough = (inside(renderer.render(each, FRONT, light)).mean() for each in (head, tilted))
            assert rough > flat + 0.02


def test_texture_and_picture_are_the_same_way_up(traced):
    head = painted(0.1)
    rgb = head.albedo.rgb.copy()
    size = len(rgb)
    rgb[:, size // 2 :, 0] = 0.9  # the tiny model's u grows towards the subject's left
    rgb[: round(0.39 * size), :, 1] = 0.9  # the middle of the skin's island
    picture = inside(traced().render(replace(head, albedo=Texture(rgb, head.albedo.visibility)), FRONT, ambient()))
    half = len(picture) // 2
    assert picture[:, half + 2 :, 0].mean() > 3 * picture[:, : half - 2, 0].mean()
    assert picture[: half - 2, :, 1].mean() > 3 * picture[half + 2 :, :, 1].mean()


def test_the_same_seed_gives_the_same_picture_and_another_one_another(traced):
    head = tiny_head()
    for array in (head.albedo.rgb, head.detail.normals, head.fit.model.mean):
        array.flags.writeable = False
    first, again, other = (traced(4, seed=seed).render(head, FRONT, studio()) for seed in (3, 3, 4))
    assert_array_equal(first.rgb, again.rgb)
    assert (first.rgb != other.rgb).any()
    assert first.size == (SIDE, SIDE)
    assert first.name == head.name


def test_a_panorama_lights_the_head_from_its_side_as_strongly_as_the_lighting(traced, tmp_path):
    file = tmp_path / "lamp.hdr"
    panorama = np.full((32, 64, 3), 0.02, np.float32)
    panorama[12:18, 44:50] = 40  # three quarters across is the subject's left
    file.write_bytes(hdr_bytes(panorama))
    picture = inside(traced(hdri=file).render(painted(0.5), FRONT, light_of(file)))
    half = len(picture) // 2
    assert picture[:, half:].mean() > 2 * picture[:, :half].mean()
    dark = inside(traced(hdri=file).render(painted(0.5), FRONT, Lighting(light_of(file).coefficients / 2)))
    assert_allclose(dark.mean(), picture.mean() / 2, rtol=0.1)


def test_the_light_of_a_panorama_is_that_of_its_harmonics(traced, tmp_path):
    file = tmp_path / "soft.hdr"
    file.write_bytes(hdr_bytes(radiance_of(studio())))
    by_file = traced(64, hdri=file).render(painted(0.5), FRONT, studio())
    by_light = traced(64).render(painted(0.5), FRONT, studio())
    assert_allclose(inside(by_file).mean((0, 1)), inside(by_light).mean((0, 1)), rtol=0.03)


def test_a_missing_package_is_one_line(monkeypatch):
    monkeypatch.delenv("FACETEX_BLENDER_PYTHON", raising=False)
    for module in (mitsuba, cycles):
        monkeypatch.setattr(module, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"pip install \"facetex\[mitsuba\]\""):
        MitsubaRenderer()
    with pytest.raises(ConfigError, match="pip install bpy"):
        CyclesRenderer()


def test_a_python_without_blender_is_one_line(tmp_path):
    with pytest.raises(ConfigError, match="is no Python that has bpy"):
        CyclesRenderer(python=tmp_path / "python")


@pytest.mark.skipif(importlib.util.find_spec("mitsuba") is None, reason="needs mitsuba: pip install mitsuba")
def test_what_no_renderer_can_do_is_refused_before_any_work(tmp_path):
    for option, value in (("samples", 0), ("seed", -1)):
        with pytest.raises(ConfigError, match=option):
            Registry().make("renderer", "mitsuba", {option: value})
    with pytest.raises(ConfigError, match="no such file"):
        MitsubaRenderer(hdri=tmp_path / "nowhere.hdr")
