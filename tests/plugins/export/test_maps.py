"""Maps as other programs read them: their numbers, which way is up, and nothing but pixels."""

import json
import os
import struct
import subprocess
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from facetex_plugins.export.obj import ObjExporter
from facetex_plugins.export.surface_maps import CAVITY, NORMAL_DOWN, SPECULAR, cavity_map, specular_map
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from places import SUPPORT
from sampled import tiny_head

from facetex_core import Detail
from facetex_core.geometry.unweld import tangents
from facetex_core.geometry.uv_raster import all_texels
from facetex_core.io import texture_files
from facetex_core.texture.material import DIM, PART_ROUGHNESS, REFRACTION, SKIN_ROUGHNESS


def pixels(path):
    return np.asarray(Image.open(path))


def material(path, name):
    """The lines of one material of a library, by keyword."""
    blocks = path.read_text().split("newmtl ")[1:]
    lines = next(block for block in blocks if block.split()[0] == name).splitlines()[1:]
    return {line.split()[0]: line.split()[1:] for line in lines if line}


def test_specular_is_half_where_four_per_cent_are_mirrored(monkeypatch, tmp_path):
    head = tiny_head()
    model, texels = head.fit.model, all_texels(head.fit.model, 64)
    monkeypatch.setitem(REFRACTION, "left_eye", 1.5)  # glass mirrors 4 %
    found = specular_map(model, 64)
    wanted = {"skin": 0.3472, "left_eye": 0.5, "right_eye": 0.3130, "mouth": DIM["mouth"] * 0.3472}
    for part, value in wanted.items():
        which = model.mesh.parts[part]
        inside = (texels.triangle >= which.start) & (texels.triangle < which.stop)
        assert_allclose(found[inside], value, atol=2e-4, err_msg=part)
    ObjExporter().export(head, tmp_path)
    assert_allclose(pixels(tmp_path / SPECULAR) / 255, found, atol=0.5 / 255 + 1e-6)


def test_pores_and_wrinkles_are_dark_in_the_cavity_map_and_what_stands_out_is_white(tmp_path):
    depth = np.zeros((1024, 1024), np.float32)
    depth[256, 256], depth[256, 768], depth[600:604] = -2e-4, 2e-4, -1e-4
    slope = np.linspace(0, 3e-3, 1024, dtype=np.float32)[:, None]  # broad shape is no cavity
    found = cavity_map(Detail(depth + slope, np.zeros((1024, 1024, 3), np.float32)))
    assert found[256, 256] < 0.1
    assert found[602, 512] < 0.6
    assert found[256, 768] == 1
    assert found[400:500, 400:500].min() > 0.99
    head = tiny_head()
    rough = Detail(depth[228:292, 228:292], head.detail.normals)
    ObjExporter().export(replace(head, detail=rough), tmp_path)
    assert_allclose(pixels(tmp_path / CAVITY) / 255, cavity_map(rough), atol=0.5 / 255 + 1e-6)


def test_green_points_down_in_a_file_of_its_own_where_it_is_asked_for(tmp_path):
    head = tiny_head()
    bent = head.detail.normals.copy()
    bent[..., 1] = 0.5
    head = replace(head, detail=Detail(head.detail.displacement, bent))
    ObjExporter().export(head, tmp_path)
    assert not (tmp_path / NORMAL_DOWN).exists()
    assert material(tmp_path / "head.mtl", "skin")["norm"] == ["normal.png"]
    ObjExporter(normal_y="down").export(head, tmp_path)
    up, down = (pixels(tmp_path / name).astype(int) for name in ("normal.png", NORMAL_DOWN))
    assert_array_equal(up[..., [0, 2]], down[..., [0, 2]])
    assert np.abs(up[..., 1] + down[..., 1] - 255).max() <= 1
    assert up[0, 0, 1] > 128 > down[0, 0, 1]
    assert material(tmp_path / "head.mtl", "skin")["norm"] == [NORMAL_DOWN]


def test_shininess_is_the_roughness_of_the_one_table(tmp_path):
    ObjExporter().export(tiny_head(), tmp_path)
    for part, roughness in {"skin": SKIN_ROUGHNESS, "mouth": PART_ROUGHNESS["mouth"]}.items():
        found = material(tmp_path / "head.mtl", part)
        # Blinn and Phong's lobe of this exponent is as wide as GGX's of alpha = roughness squared.
        assert float(found["Ns"][0]) == pytest.approx(2 / roughness**4 - 2, abs=0.5)
    eye = material(tmp_path / "head.mtl", "left_eye")
    assert (eye["Ns"], eye["Ni"], eye["Ks"]) == (["1000"], ["1.376"], 3 * ["0.025"])


def test_blender_lights_the_obj_by_its_own_normals(tmp_path):
    """It reads `map_Bump` of a normal map as colours: flat skin, which is 128, 128, 255, would lean to the lower left."""
    blender = os.environ.get("FACETEX_BLENDER_PYTHON")
    if not blender:
        pytest.skip("needs FACETEX_BLENDER_PYTHON: a Python into which bpy is installed")
    ObjExporter().export(tiny_head(), tmp_path)
    script = [blender, str(SUPPORT / "blender_materials.py"), str(tmp_path / "head.obj")]
    told = subprocess.run(script, capture_output=True, text=True, check=True)
    found = json.loads(told.stdout.splitlines()[-1])
    assert set(found) == {"skin", "left_eye", "right_eye", "mouth"}
    assert {links["Base Color"] for links in found.values()} == {"albedo.png"}
    assert not any("Normal" in links for links in found.values())


def test_tangents_run_along_u_and_their_third_axis_up_in_the_texture():
    places = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)
    normals = np.tile(np.float32([0, 0, 1]), (4, 1))
    triangles = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    upright = places[:, :2] * np.float32([1, -1]) + np.float32([0, 1])
    assert_allclose(tangents(places, normals, upright, triangles), np.tile([1, 0, 0, 1], (4, 1)), atol=1e-6)
    mirrored = upright * np.float32([-1, 1]) + np.float32([1, 0])
    assert_allclose(tangents(places, normals, mirrored, triangles), np.tile([-1, 0, 0, -1], (4, 1)), atol=1e-6)


def test_displacement_is_read_back_in_millimetres():
    depth = np.random.default_rng(0).normal(0, 1e-4, (16, 16)).astype(np.float32)
    detail = Detail(depth, np.zeros((16, 16, 3), np.float32))
    note = json.loads(texture_files.displacement_note(detail))
    values = np.asarray(Image.open(BytesIO(texture_files.displacement_png(detail)))).astype(np.float64)
    assert values.max() > 255
    step = note["scale_mm"] / 65535
    assert_allclose((values / 65535 - note["midlevel"]) * note["scale_mm"], 1000 * depth, atol=0.51 * step)


def test_no_displacement_is_the_midlevel():
    flat = Detail(np.zeros((4, 4), np.float32), np.zeros((4, 4, 3), np.float32))
    assert_array_equal(np.asarray(Image.open(BytesIO(texture_files.displacement_png(flat)))), 32768)


def test_png_files_hold_pixels_and_nothing_else():
    png = texture_files.colour_png(np.zeros((4, 4, 3), np.float32))
    place, chunks = 8, []
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        chunks.append(png[place + 4 : place + 8])
        place += 12 + length
    assert set(chunks) == {b"IHDR", b"IDAT", b"IEND"}
