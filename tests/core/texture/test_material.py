"""Roughness by region, light back from harmonics, and a head back from its files."""

import json
from dataclasses import replace

import numpy as np
import pytest
from facetex_cli.read_head import read_head
from facetex_plugins.export import glb, obj
from facetex_plugins.export.glb import GlbExporter
from facetex_plugins.render import raster
from facetex_plugins.render.raster import RasterRenderer
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from sampled import tiny_head
from tiny_run import tiny_run

from facetex_core import ConfigError, Registry, load_preset
from facetex_core.delivery.deliver import deliver
from facetex_core.geometry.camera import portrait_cameras
from facetex_core.geometry.mesh import vertex_normals
from facetex_core.geometry.uv_raster import all_texels
from facetex_core.io import texture_files
from facetex_core.lighting.environment import hdr_bytes, radiance_of
from facetex_core.lighting.harmonics import ambient, shade
from facetex_core.lighting.panorama import read_panorama
from facetex_core.lighting.studio import studio
from facetex_core.texture.material import PART_ROUGHNESS, REGION_ROUGHNESS, SKIN_ROUGHNESS, roughness_map, roughness_of
from facetex_core.texture.regions import region
from facetex_core.workbench.evaluation.environment import Environment, light_of

EYE = np.eye(3, dtype=np.float32)


def sphere(count=400):
    ways = np.random.default_rng(0).normal(size=(count, 3))
    return (ways / np.linalg.norm(ways, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    recipe = replace(load_preset("embedded"), size=64).setting("renderer", "samples", 1)
    out = tmp_path_factory.mktemp("head") / "out"
    deliver(tiny_run(), recipe, Registry(raster, glb, obj, installed=False), out, side=64)
    return out


def test_each_region_has_its_roughness_and_each_part_its_own():
    head = tiny_head(256)
    rough, texels = roughness_of(head), all_texels(head.fit.model, 256)
    skin = head.fit.model.mesh.parts["skin"].stop
    plain = (texels.triangle >= 0) & (texels.triangle < skin)
    plain &= np.max([region(head.fit.model, name, 256) for name in REGION_ROUGHNESS], 0) < 1e-3
    assert_allclose(np.median(rough[plain]), SKIN_ROUGHNESS, atol=1e-4)
    for name in ("lips", "nose", "forehead"):
        weight = region(head.fit.model, name, 256)
        assert rough[weight > 0.9 * weight.max()].mean() < SKIN_ROUGHNESS - 0.03
    for part, value in PART_ROUGHNESS.items():
        if part in head.fit.model.mesh.parts:
            which = head.fit.model.mesh.parts[part]
            assert_array_equal(rough[(texels.triangle >= which.start) & (texels.triangle < which.stop)], np.float32(value))
    assert rough.min() > 0.05
    assert rough.max() < 0.65


def test_a_groove_is_rougher_than_a_ridge():
    head = tiny_head(128)
    wavy = np.zeros((128, 128), np.float32)
    wavy[:, 40], wavy[:, 60] = -2e-4, 2e-4
    rough = roughness_map(head.fit.model, replace(head.detail, displacement=wavy))
    flat = roughness_map(head.fit.model, head.detail)
    assert (rough - flat)[50, 40] > 0.03
    assert (rough - flat)[50, 60] < -0.03
    assert_allclose(rough[5:45, 20:38], flat[5:45, 20:38], atol=1e-6)


@pytest.mark.parametrize("lighting", [studio(), ambient(0.7)], ids=["studio", "ambient"])
def test_the_panorama_of_harmonics_gives_the_harmonics_back(lighting, tmp_path):
    panorama = radiance_of(lighting)
    assert panorama.shape == (64, 128, 3)
    assert panorama.min() >= 0
    found = Environment(panorama, EYE)
    assert_allclose(found.lighting.coefficients, lighting.coefficients, atol=2e-3)
    assert_allclose(found.irradiance(sphere()), shade(lighting, sphere()), atol=0.02)


def test_light_darker_than_black_still_gives_a_panorama():
    impossible = ambient(0.2)
    impossible.coefficients[2] = 0.5
    panorama = radiance_of(impossible)
    assert np.isfinite(panorama).all()
    assert panorama.min() >= 0
    assert panorama[:20].mean() > 5 * panorama[-20:].mean()


def test_the_environment_of_a_run_is_the_light_of_its_photo(folder):
    panorama = read_panorama(folder / "environment.hdr", 64)
    found = Environment(panorama, EYE).irradiance(sphere())
    assert_allclose(found, shade(tiny_head().appearance.lighting, sphere()), rtol=0.02, atol=0.01)


def test_a_panorama_is_exposed_to_white(tmp_path):
    file = tmp_path / "bright.hdr"
    file.write_bytes(hdr_bytes(7 * radiance_of(studio())))
    assert_allclose(shade(light_of(file), sphere(3000)).max(), 1, atol=0.03)


def test_an_empty_panorama_is_refused(tmp_path):
    (tmp_path / "empty.hdr").write_bytes(b"")
    with pytest.raises(ConfigError, match="no Radiance"):
        read_panorama(tmp_path / "empty.hdr")


def test_the_maps_of_a_run_hold_the_roughness(folder):
    wanted = roughness_of(tiny_head())
    assert_allclose(np.asarray(Image.open(folder / texture_files.ROUGHNESS)) / 255, wanted, atol=0.5 / 255 + 1e-6)
    assert "map_Pr roughness.png" in (folder / "head.mtl").read_text()


def test_a_head_read_back_is_the_head_that_was_written(folder):
    head, again = tiny_head(), read_head(folder)
    mesh, found = head.fit.model.mesh, again.fit.model.mesh
    assert found.parts == dict(mesh.parts)
    assert again.name == head.name
    assert_allclose(
        again.fit.vertices[found.triangles], head.fit.vertices[mesh.triangles], atol=2e-4
    )  # targets leave out what moves less
    assert_array_equal(found.uvs[found.uv_triangles], mesh.uvs[mesh.uv_triangles])
    # Where the map has its seam the surface has none: the vertices are as many as before, and so are smooth normals.
    used = np.unique(mesh.triangles)
    assert len(found.vertices) == len(used)
    before = vertex_normals(head.fit.vertices, mesh.triangles)[mesh.triangles]
    assert_allclose(vertex_normals(again.fit.vertices, found.triangles)[found.triangles], before, atol=1e-3)
    assert_allclose(again.albedo.rgb, head.albedo.rgb, atol=0.006)
    assert_allclose(again.roughness, roughness_of(head), atol=0.003)
    assert_allclose(again.detail.displacement, head.detail.displacement, atol=2e-9)
    assert again.fit.model.expression_names == head.fit.model.expression_names
    assert_allclose(again.fit.neutral[found.triangles], head.fit.neutral[mesh.triangles], atol=1e-7)


def test_a_head_read_back_looks_the_same(folder):
    head, again = tiny_head(), read_head(folder / "head.glb")
    camera = portrait_cameras(head.fit, 96)["three_quarter"]
    one, other = (RasterRenderer().render(each, camera, studio()).rgb for each in (head, again))
    assert np.abs(one - other).mean() < 2e-3


def test_a_head_read_back_and_written_again_has_the_same_shape(folder, tmp_path):
    GlbExporter().export(read_head(folder), tmp_path)
    again, once = read_head(tmp_path), read_head(folder)
    assert_allclose(again.fit.vertices, once.fit.vertices, atol=1e-6)


@pytest.mark.parametrize("damage", ["short", "empty", "text", "png"])
def test_a_file_that_is_no_head_is_one_line(folder, tmp_path, damage):
    whole = (folder / "head.glb").read_bytes()
    content = {"short": whole[:3000], "empty": b"", "text": b"glTF and so on", "png": (folder / "albedo.png").read_bytes()}
    (tmp_path / "head.glb").write_bytes(content[damage])
    with pytest.raises(ConfigError, match="is not a head made by facetex"):
        read_head(tmp_path)


def test_a_folder_without_a_head_and_no_folder_are_told_apart(tmp_path):
    with pytest.raises(ConfigError, match=r"there is no head\.glb"):
        read_head(tmp_path)
    with pytest.raises(ConfigError, match="no such folder"):
        read_head(tmp_path / "nowhere")


def test_displacement_of_another_size_is_refused(folder, tmp_path):
    (tmp_path / "head.glb").write_bytes((folder / "head.glb").read_bytes())
    (tmp_path / texture_files.DISPLACEMENT).write_bytes(texture_files.encode_png(np.zeros((8, 8), np.uint16)))
    note = {"midlevel": 0.5, "scale_mm": 0.1}
    (tmp_path / "displacement.json").write_text(json.dumps(note))
    with pytest.raises(ConfigError, match="is damaged"):
        read_head(tmp_path)
