"""What is read back from head.glb and head.obj is what was written: shape, seam, winding, colours, expressions."""

import json
import os
import subprocess
from dataclasses import replace

import numpy as np
import pygltflib
import pytest
import trimesh
from facetex_plugins.export.glb import GlbExporter
from facetex_plugins.export.obj import ObjExporter
from glb_document import picture, pieces, read
from numpy.testing import assert_allclose, assert_array_equal
from places import SUPPORT
from sampled import EYE_RADIUS, tiny_head
from validated_glb import validated

from facetex_core.delivery.gltf import SMALLEST_MOVE
from facetex_core.geometry.unweld import part_normals, split_part
from facetex_core.imaging.colour import to_bytes
from facetex_core.texture.ambient_occlusion_map import ambient_occlusion_map
from facetex_core.texture.material import roughness_of


def volume(vertices, triangles):
    """Signed: positive only if the surface is closed and wound outwards."""
    a, b, c = vertices[triangles].astype(np.float64).transpose(1, 0, 2)
    return float(np.einsum("ti,ti->", a, np.cross(b, c)) / 6)


@pytest.fixture(scope="module")
def head():
    return tiny_head()


@pytest.fixture(scope="module")
def glb(head, tmp_path_factory):
    return GlbExporter().export(head, tmp_path_factory.mktemp("glb"))[0]


@pytest.fixture(scope="module")
def document(glb):
    return pygltflib.GLTF2().load(str(glb))


@pytest.fixture(scope="module")
def obj(head, tmp_path_factory):
    return ObjExporter().export(head, tmp_path_factory.mktemp("obj"))[0]


def test_the_glb_holds_the_neutral_head_triangle_for_triangle(document, head):
    mesh, primitives = head.fit.model.mesh, pieces(document)
    assert list(primitives) == list(mesh.parts)
    for name, part in mesh.parts.items():
        primitive = primitives[name]
        corners = read(document, primitive.indices).reshape(-1, 3)
        places, uvs = read(document, primitive.attributes.POSITION), read(document, primitive.attributes.TEXCOORD_0)
        assert_array_equal(places[corners], head.fit.neutral[mesh.triangles[part]])
        assert_array_equal(uvs[corners], mesh.uvs[mesh.uv_triangles[part]])
        assert volume(places, corners) > 0


def test_the_glb_splits_vertices_at_the_seam_only(document, head):
    skin = document.meshes[0].primitives[0]
    mesh = head.fit.model.mesh
    which = mesh.parts["skin"]
    pairs = set(zip(mesh.triangles[which].ravel().tolist(), mesh.uv_triangles[which].ravel().tolist(), strict=True))
    assert document.accessors[skin.attributes.POSITION].count == len(pairs)


def test_the_glb_opens_with_the_fitted_expression(document, head):
    mesh = head.fit.model.mesh
    for shape in document.meshes:
        part, (primitive,) = mesh.parts[shape.name], shape.primitives
        moved = read(document, primitive.attributes.POSITION).astype(np.float64)
        for weight, target in zip(shape.weights, primitive.targets or (), strict=True):
            moved += weight * read(document, target["POSITION"])
        corners = read(document, primitive.indices).reshape(-1, 3)
        # What moves less than SMALLEST_MOVE is left out of each target; 1e-7 is single precision at 0.1 m.
        assert_allclose(moved[corners], head.fit.vertices[mesh.triangles[part]], atol=2 * SMALLEST_MOVE + 1e-7)


def test_the_targets_normals_are_those_of_the_moved_surface(document, head):
    mesh, skin = head.fit.model.mesh, document.meshes[0].primitives[0]
    moved = head.fit.neutral + head.fit.model.expression[0]
    wanted = part_normals(mesh, moved, "skin")[split_part(mesh, "skin").vertex]
    found = read(document, skin.attributes.NORMAL) + read(document, skin.targets[0]["NORMAL"])
    assert_allclose(found, wanted, atol=0.0201)  # turns under SMALLEST_TURN are left out


def test_a_piece_has_the_expressions_that_move_it_and_their_names(document):
    names = {shape.name: shape.extras.get("targetNames", []) for shape in document.meshes}
    assert names == {"skin": ["jawOpen", "eyeBlinkLeft"], "left_eye": [], "right_eye": [], "mouth": ["jawOpen"]}
    for shape in document.meshes:
        assert len(shape.primitives[0].targets or ()) == len(shape.weights or ()) == len(names[shape.name])


def test_the_glb_holds_the_albedo_in_srgb_and_the_normals_as_data(document, head):
    assert_array_equal(picture(document, "albedo"), to_bytes(head.albedo.rgb))
    assert_array_equal(picture(document, "normal"), np.broadcast_to(np.uint8([128, 128, 255]), (64, 64, 3)))


def test_the_materials_are_skin_eyes_and_mouth_without_metal(document):
    assert [material.name for material in document.materials] == ["skin", "eyes", "mouth"]
    assert {material.pbrMetallicRoughness.metallicFactor for material in document.materials} == {0}
    bends = {material.name: material.extensions["KHR_materials_ior"]["ior"] for material in document.materials}
    assert bends == {"skin": 1.4, "eyes": 1.376, "mouth": 1.4}


def test_every_material_takes_occlusion_and_roughness_from_the_map(document, head):
    surfaces = [material.pbrMetallicRoughness for material in document.materials]
    assert {surface.roughnessFactor for surface in surfaces} == {1}
    assert {document.textures[surface.metallicRoughnessTexture.index].name for surface in surfaces} == {"surface"}
    assert {document.textures[material.occlusionTexture.index].name for material in document.materials} == {"surface"}
    surface = picture(document, "surface")
    assert_allclose(surface[..., 0] / 255, ambient_occlusion_map(head), atol=0.5 / 255 + 1e-6)
    assert_allclose(surface[..., 1] / 255, roughness_of(head), atol=0.5 / 255 + 1e-6)
    assert not surface[..., 2].any()


def test_the_glb_tells_the_photo_s_name_and_no_folder(document, glb):
    assert document.asset.generator == "facetex"
    assert document.asset.extras == {"photo": "tiny.jpg"}
    assert str(glb.parent).encode() not in glb.read_bytes()


def test_the_same_head_gives_the_same_bytes(head, glb, obj, tmp_path):
    assert GlbExporter().export(head, tmp_path)[0].read_bytes() == glb.read_bytes()
    assert ObjExporter().export(head, tmp_path)[0].read_bytes() == obj.read_bytes()


def test_without_normals_the_targets_move_vertices_only(head, tmp_path, glb):
    smaller = GlbExporter(normals=False).export(head, tmp_path)[0]
    targets = pygltflib.GLTF2().load(str(smaller)).meshes[0].primitives[0].targets
    assert all(set(target) == {"POSITION"} for target in targets)
    assert smaller.stat().st_size < glb.stat().st_size


def test_a_model_without_expressions_has_no_targets(head, tmp_path):
    model = replace(head.fit.model, expression=head.fit.model.expression[:0], expression_names=())
    still = replace(head, fit=replace(head.fit, model=model, expression=np.zeros(0, np.float32)))
    document = pygltflib.GLTF2().load(str(GlbExporter().export(still, tmp_path)[0]))
    assert not document.meshes[0].primitives[0].targets
    assert validated(tmp_path / "head.glb") in ([], None)


def test_trimesh_reads_the_glb_with_the_same_volume_and_texture(glb, head):
    scene = trimesh.load(glb)
    found = sum(part.volume for part in scene.geometry.values())
    assert found == pytest.approx(volume(head.fit.neutral, head.fit.model.mesh.triangles), rel=1e-5)
    assert {part.visual.material.baseColorTexture.size for part in scene.geometry.values()} == {(64, 64)}


def test_the_khronos_validator_finds_nothing_to_say(glb):
    messages = validated(glb)
    if messages is None:
        pytest.skip("needs node and gltf-validator: run `npm ci` in tests/")
    assert messages == []


def test_blender_gets_an_upright_textured_head_with_shape_keys(glb, tmp_path):
    blender = os.environ.get("FACETEX_BLENDER_PYTHON")
    if not blender:
        pytest.skip("needs FACETEX_BLENDER_PYTHON: a Python into which bpy is installed")
    still = tmp_path / "still.png"
    words = [blender, str(SUPPORT / "blender_import.py"), str(glb), str(still)]
    told = subprocess.run(words, capture_output=True, text=True, check=True)
    found = json.loads(told.stdout.splitlines()[-1])
    assert found["upright"]
    assert found["textured"]
    assert found["looks_along_minus_y"]
    assert found["shape_keys"] == {"skin": ["jawOpen", "eyeBlinkLeft"], "mouth": ["jawOpen"]}
    assert found["joints"] == ["head_joint", "jaw_joint", "left_eye_joint", "right_eye_joint"]
    assert found["jaw_joint_moves_mm"]["skin"] > 10
    assert found["jaw_joint_moves_mm"]["left_eye"] == 0
    assert found["left_eye_joint_moves_mm"]["skin"] == 0
    # The chord of a quarter radian on an eyeball of tiny_model; its equator lies in the plane that turns.
    assert found["left_eye_joint_moves_mm"]["left_eye"] == pytest.approx(2000 * np.sin(0.125) * EYE_RADIUS, rel=0.02)
    assert still.is_file()


def test_the_obj_holds_the_fitted_head_with_v_counted_upwards(obj, head):
    mesh = head.fit.model.mesh
    lines = [line.split() for line in obj.read_text().splitlines()]
    rows = {key: [words[1:] for words in lines if words[0] == key] for key in ("v", "vt", "vn", "f", "g")}
    places, uvs, normals = (np.array(rows[key], float) for key in ("v", "vt", "vn"))
    corners = np.array([[corner.split("/") for corner in row] for row in rows["f"]], int) - 1
    # Six digits are written.
    assert_allclose(places[corners[..., 0]], head.fit.vertices[mesh.triangles], atol=6e-7)
    assert_allclose(uvs[corners[..., 1]] * [1, -1] + [0, 1], mesh.uvs[mesh.uv_triangles], atol=6e-7)
    assert volume(places, corners[..., 0]) == pytest.approx(volume(head.fit.vertices, mesh.triangles), rel=1e-4)
    outwards = np.einsum("tki,tki->tk", normals[corners[..., 2]], places[corners[..., 0]])
    assert (outwards[mesh.parts["skin"]] > 0).all()
    assert [name for (name,) in rows["g"]] == list(mesh.parts)


def test_trimesh_opens_the_obj_textured(obj, head):
    found = trimesh.load(obj)
    parts = list(found.geometry.values()) if isinstance(found, trimesh.Scene) else [found]
    for part in parts:
        assert_array_equal(np.asarray(part.visual.material.image.convert("RGB")), to_bytes(head.albedo.rgb))
    wanted = volume(head.fit.vertices, head.fit.model.mesh.triangles)
    assert sum(part.volume for part in parts) == pytest.approx(wanted, rel=1e-3)
