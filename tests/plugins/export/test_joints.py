"""head.glb can be rigged: pieces of their own, joints where jaw and eyes turn, weights that follow them."""

from dataclasses import replace

import numpy as np
import pygltflib
import pytest
from basis_head import basis_head
from facetex_plugins.export.glb import GlbExporter
from facetex_plugins.export.joints import HEAD_NODE, JAW_NODE, joints_of
from facetex_plugins.export.obj import ObjExporter
from facetex_plugins.export.size import pupils
from glb_document import pieces, read
from numpy.testing import assert_allclose, assert_array_equal
from sampled import tiny_fit, tiny_head
from validated_glb import validated

from facetex_core import Mesh

EYES = ("left_eye", "right_eye")


@pytest.fixture(scope="module")
def head():
    return basis_head()


@pytest.fixture(scope="module")
def glb(head, tmp_path_factory):
    return GlbExporter(normals=False).export(head, tmp_path_factory.mktemp("glb"))[0]


@pytest.fixture(scope="module")
def document(glb):
    return pygltflib.GLTF2().load(str(glb))


def joints(document):
    """Where they are, by name, by the nodes of the file."""
    nodes, (skin,) = document.nodes, document.skins
    root = nodes[skin.joints[0]]
    assert root.children == skin.joints[1:]
    others = {nodes[k].name: np.add(root.translation, nodes[k].translation) for k in root.children}
    return {root.name: np.array(root.translation), **others}


def skinned(document, name, turns):
    """A piece's corners where turns of joints about x and y (radians) take them, as glTF defines it, and where they were."""
    primitive, places = pieces(document)[name], joints(document)
    rest = read(document, primitive.attributes.POSITION).astype(np.float64)
    number, share = read(document, primitive.attributes.JOINTS_0), read(document, primitive.attributes.WEIGHTS_0) / 65535
    assert_allclose(share.sum(1), 1, atol=1e-12)
    result = np.zeros_like(rest)
    for k, (joint, place) in enumerate(places.items()):
        (sx, sy), (cx, cy) = np.sin(turns.get(joint, (0, 0))), np.cos(turns.get(joint, (0, 0)))
        spin = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]]) @ np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
        result += (share * (number == k)).sum(1, keepdims=True) * ((rest - place) @ spin.T + place)
    return result, rest


def test_skin_eyes_teeth_and_mouth_are_meshes_and_nodes_of_their_own(document):
    names = ["skin", "left_eye", "right_eye", "mouth", "upper_teeth", "lower_teeth", "gums", "lashes"]
    assert [shape.name for shape in document.meshes] == names
    shown = [document.nodes[k] for k in document.scenes[0].nodes]
    assert [node.name for node in shown] == [HEAD_NODE, *names]
    assert [document.meshes[node.mesh].name for node in shown[1:]] == names
    assert len({node.name for node in document.nodes}) == len(document.nodes)


def test_the_pieces_together_are_the_head_and_teeth_are_cut_between_jaw_and_head(document, head):
    mesh, found = head.fit.model.mesh, pieces(document)
    assert sum(document.accessors[piece.indices].count for piece in found.values()) == mesh.triangles.size
    moved = {shape.name: shape.extras.get("targetNames", []) for shape in document.meshes}
    assert "jawOpen" in moved["lower_teeth"]
    assert "jawOpen" not in moved["upper_teeth"]
    assert read(document, found["upper_teeth"].attributes.POSITION)[:, 1].mean() > (
        read(document, found["lower_teeth"].attributes.POSITION)[:, 1].mean() + 0.002
    )


def test_every_piece_opens_with_the_fitted_weights_of_its_own_expressions(document, head):
    fitted = dict(zip(head.fit.model.expression_names, head.fit.expression.tolist(), strict=True))
    for shape in document.meshes:
        names = shape.extras.get("targetNames", [])
        assert (shape.weights or []) == [fitted[name] for name in names]
        for name, target in zip(names, shape.primitives[0].targets or (), strict=True):
            assert np.abs(read(document, target["POSITION"])).max() > 0, (shape.name, name)


def test_an_eye_turned_by_its_joint_looks_where_its_shape_makes_it_look(document):
    # eyeLookDown turns the mean head's eye by 25 degrees about x; this person's eyeballs are 7 % smaller, its ways 7 mm.
    for eye, shape in (("left_eye", "eyeLookDownLeft"), ("right_eye", "eyeLookDownRight")):
        turned, rest = skinned(document, eye, {f"{eye}_joint": (np.radians(25), 0)})
        mesh = next(mesh for mesh in document.meshes if mesh.name == eye)
        target = mesh.primitives[0].targets[mesh.extras["targetNames"].index(shape)]
        assert 1000 * np.linalg.norm(turned - rest - read(document, target["POSITION"]), axis=1).max() < 0.6


def test_eye_joints_are_the_centres_of_the_whites(document):
    for eye in EYES:
        _, rest = skinned(document, eye, {})
        away = 1000 * np.linalg.norm(rest - joints(document)[f"{eye}_joint"], axis=1)
        back = rest[:, 2] < joints(document)[f"{eye}_joint"][2] + 0.008
        assert away[back].std() < 0.01


def test_bind_matrices_take_joints_to_their_own_origin(document):
    bound = read(document, document.skins[0].inverseBindMatrices).reshape(-1, 4, 4)
    for matrix, place in zip(bound, joints(document).values(), strict=True):
        assert_allclose(matrix.T @ [*place, 1], [0, 0, 0, 1], atol=1e-7)


def test_a_turned_jaw_looks_like_an_open_one(document, head):
    angle = joints_of(head.fit).jaw_turn
    jaw = next(node for node in document.nodes if node.name == JAW_NODE)
    assert jaw.extras["jawOpen_degrees"] == pytest.approx(np.degrees(angle), abs=0.01)
    assert 23 < np.degrees(angle) < 27
    # Millimetres between what joint and shape do: mean, and 95 of 100. Below the chin skin is pressed, which no joint does.
    bounds = {
        "lower_teeth": (0.3, 0.5),
        "gums": (0.5, 1),
        "skin": (1.2, 6),
        "upper_teeth": (1e-9, 1e-9),
        "left_eye": (1e-9, 1e-9),
    }
    for shape in document.meshes:
        if shape.name not in bounds:
            continue
        turned, rest = skinned(document, shape.name, {JAW_NODE: (angle, 0)})
        names = shape.extras.get("targetNames", [])
        moves = np.zeros_like(rest)
        if "jawOpen" in names:
            moves = read(document, shape.primitives[0].targets[names.index("jawOpen")]["POSITION"])
        apart = 1000 * np.linalg.norm(turned - rest - moves, axis=1)
        mean, most = bounds[shape.name]
        assert apart.mean() < mean, shape.name
        assert np.percentile(apart, 95) < most, shape.name


def test_the_hinge_lies_behind_and_below_the_eyes_on_the_middle_line(document):
    places = joints(document)
    down, back = (places[JAW_NODE] - (places["left_eye_joint"] + places["right_eye_joint"]) / 2)[1:]
    assert places[JAW_NODE][0] == 0
    assert -0.06 < down < -0.03
    assert -0.075 < back < -0.045


def test_nothing_that_is_written_moves_joints_and_shapes_together(document):
    assert not document.animations
    assert all(node.rotation is None for node in document.nodes)


def test_the_validator_has_nothing_to_say_of_joints(glb):
    assert validated(glb) in ([], None)


def test_a_whole_head_with_maps_of_1024_texels_stays_below_ten_megabytes(head, tmp_path):
    # Albedo, normals and surface of a portrait take up to 3.1 MB; those of 64 texels next to nothing.
    assert GlbExporter().export(head, tmp_path)[0].stat().st_size < 6.9e6


@pytest.mark.parametrize(("jaw", "eyes"), [(False, True), (False, False), (True, False)], ids=["no jaw", "neither", "no eyes"])
def test_what_the_model_has_not_has_no_joint(jaw, eyes, tmp_path):
    head = tiny_head()
    model, mesh = head.fit.model, head.fit.model.mesh
    count = mesh.parts["skin"].stop
    few = mesh if eyes else Mesh(
        mesh.vertices, mesh.triangles[:count], mesh.uvs, mesh.uv_triangles[:count], {"skin": slice(0, count)}
    )  # fmt: skip
    names = model.expression_names if jaw else ("mode_1", "mode_2")
    fit = replace(head.fit, model=replace(model, mesh=few, expression_names=names))
    (glb,) = GlbExporter().export(replace(head, fit=fit), tmp_path)
    wanted = [HEAD_NODE, *([JAW_NODE] if jaw else []), *([f"{eye}_joint" for eye in EYES] if eyes else [])]
    assert list(joints(pygltflib.GLTF2().load(str(glb)))) == wanted
    assert validated(glb) in ([], None)


def test_a_jaw_without_teeth_turns_below_the_ears():
    fit = tiny_fit()
    found, points = joints_of(fit), fit.model.embedding
    corners = fit.neutral[fit.model.mesh.triangles[points.landmark_triangles[[1, 15]]]]
    ears = np.einsum("pk,pki->pi", points.landmark_barycentric[[1, 15]], corners).mean(0)
    assert_allclose(found.places[JAW_NODE], [0, *ears[1:]], atol=1e-6)
    assert found.jaw_turn > 0.05


@pytest.mark.parametrize("of", [basis_head, tiny_head])
def test_pupils_are_as_far_apart_as_was_asked_for(of, tmp_path):
    head = of()
    GlbExporter(normals=False, pupil_distance=58).export(head, tmp_path)
    ObjExporter(pupil_distance=58).export(head, tmp_path)
    right, left = pupils(head.fit)
    factor = 0.058 / np.linalg.norm(left - right)
    whole, before = tmp_path / "head.glb", tmp_path / "before"
    before.mkdir()
    (as_was,) = GlbExporter(normals=False).export(head, before)
    scaled, own = (pygltflib.GLTF2().load(str(path)) for path in (whole, as_was))
    for name, place in joints(scaled).items():
        assert_allclose(place, factor * joints(own)[name], atol=1e-6)
    for name, piece in pieces(scaled).items():
        other = pieces(own)[name]
        numbers = [(piece.attributes.POSITION, other.attributes.POSITION)]
        numbers += [(a["POSITION"], b["POSITION"]) for a, b in zip(piece.targets or (), other.targets or (), strict=True)]
        for mine, its in numbers:
            assert_allclose(
                read(scaled, mine), factor * read(own, its), atol=1.1e-4
            )  # a target leaves out less than a tenth of a millimetre
    rows = [line.split()[1:] for line in (tmp_path / "head.obj").read_text().splitlines() if line.startswith("v ")]
    assert_allclose(np.array(rows, float), factor * head.fit.vertices, atol=2e-6)


def test_without_eyeballs_pupils_are_in_the_middle_of_the_lids():
    fit = tiny_fit()
    mesh = fit.model.mesh
    bare = replace(mesh, parts={"skin": mesh.parts["skin"]})
    balls, lids = pupils(fit), pupils(replace(fit, model=replace(fit.model, mesh=bare)))
    assert np.linalg.norm(np.subtract(balls, lids), axis=1).max() < 0.02
    assert lids[1][0] > lids[0][0]
    assert_array_equal(np.sign([lids[0][0], lids[1][0]]), [-1, 1])
