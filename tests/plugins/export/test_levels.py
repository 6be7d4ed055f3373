"""Levels of detail are the same head: its seams, borders and holes, its vertices, its way of moving."""

import numpy as np
import pygltflib
import pytest
from basis_head import basis_head
from facetex_plugins.export.glb import LOD_TRIANGLES, GlbExporter
from facetex_plugins.export.levels import coarser
from facetex_plugins.export.pieces import in_pieces
from glb_document import pieces, read
from sampled import tiny_fit, tiny_head
from validated_glb import validated

from facetex_core.geometry.raycast import Scene

COUNT = 600
"""Triangles, of the tiny head's 2528."""


@pytest.fixture(scope="module")
def fit():
    return in_pieces(tiny_fit())


@pytest.fixture(scope="module")
def coarse(fit):
    return next(iter(coarser(fit, (COUNT,))))


@pytest.fixture(scope="module")
def person():
    return in_pieces(basis_head().fit)


@pytest.fixture(scope="module")
def levels(person):
    return list(coarser(person, LOD_TRIANGLES))


def corners(mesh, part):
    which = mesh.parts[part]
    return set(zip(mesh.triangles[which].ravel().tolist(), mesh.uv_triangles[which].ravel().tolist(), strict=True))


def edges(triangles):
    """Undirected, with how many triangles have each."""
    pairs = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), 1)
    return np.unique(pairs, axis=0, return_counts=True)


def euler(triangles):
    """Vertices - edges + triangles: 2 for a ball, 1 less for each hole, 0 for a ring."""
    return len(np.unique(triangles)) - len(edges(triangles)[0]) + len(triangles)


def seam(mesh, part):
    """Length of the UV map's borders, in the map."""
    triangles = mesh.uv_triangles[mesh.parts[part]]
    pairs, count = edges(triangles)
    ends = mesh.uvs[pairs[count == 1]]
    return np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1).sum()


def apart(fit, fine, coarse, part, vertices):
    """Millimetres from the fine surface's vertices to the coarse one."""
    used = np.unique(fine.triangles[fine.parts[part]])
    surface = Scene(vertices, coarse.triangles[coarse.parts[part]])
    return 1000 * np.linalg.norm(surface.closest_points(vertices[used]) - vertices[used], axis=1)


def test_there_are_as_many_triangles_as_was_asked_for(coarse, levels, person):
    assert COUNT - 1 <= len(coarse.triangles) <= COUNT
    for mesh, count in zip(levels, LOD_TRIANGLES, strict=True):
        assert count - 1 <= len(mesh.triangles) <= count
        assert list(mesh.parts) == list(person.model.mesh.parts)
        assert mesh.parts["lashes"].stop == len(mesh.triangles)


def test_every_corner_is_a_corner_of_the_whole(coarse, fit, levels, person):
    for mesh, whole in [(coarse, fit), *((level, person) for level in levels)]:
        for part in mesh.parts:
            assert corners(mesh, part) <= corners(whole.model.mesh, part), part


def test_a_ball_stays_a_closed_ball(coarse):
    for part, which in coarse.parts.items():
        assert (edges(coarse.triangles[which])[1] == 2).all(), part
        assert euler(coarse.triangles[which]) == 2, part


def test_nothing_tears_and_no_hole_closes(levels, person):
    for name in ("skin", "mouth", "gums", "left_eye"):
        whole = person.model.mesh.triangles[person.model.mesh.parts[name]]
        for mesh in levels:
            triangles = mesh.triangles[mesh.parts[name]]
            assert euler(triangles) == euler(whole), name
            assert edges(triangles)[1].max() == 2, name


def test_the_map_s_seams_stay_where_they_are_and_no_triangle_turns_over_in_it(levels, person):
    whole = person.model.mesh
    for mesh in levels:
        for part in ("skin", "left_eye"):
            assert seam(mesh, part) == pytest.approx(seam(whole, part), rel=0.03)
            a, b, c = mesh.uvs[mesh.uv_triangles[mesh.parts[part]]].transpose(1, 0, 2)
            area = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
            assert (area < 0).mean() in (0, 1), part


def test_lips_and_mouth_still_meet(levels):
    for mesh in levels:
        skin, mouth = (edges(mesh.triangles[mesh.parts[part]]) for part in ("skin", "mouth"))
        borders = [set(map(tuple, pairs[count == 1].tolist())) for pairs, count in (skin, mouth)]
        assert borders[1] <= borders[0]


# Millimetres at rest, with the jaw open and with lids closed: mean, and 99 of 100. The figures: tests/benchmarks/levels.py.
@pytest.mark.parametrize(("level", "mean", "most"), [(0, 0.015, 0.15), (1, 0.09, 0.5), (2, 0.34, 1.5)])
@pytest.mark.parametrize("shape", ["", "jawOpen", "eyeBlinkLeft"])
def test_the_skin_stays_close_in_every_pose(person, levels, level, mean, most, shape):
    names, moves = person.model.expression_names, person.model.expression
    vertices = person.neutral + (moves[names.index(shape)] if shape else 0)
    found = apart(person, person.model.mesh, levels[level], "skin", vertices.astype(np.float32))
    assert found.mean() < mean
    assert np.percentile(found, 99) < most


def test_files_of_all_levels_have_maps_shapes_and_joints(tmp_path, monkeypatch):
    monkeypatch.setattr("facetex_plugins.export.glb.LOD_TRIANGLES", (1000, COUNT))
    made = GlbExporter(lods=True).export(tiny_head(), tmp_path)
    assert [path.name for path in made] == ["head.glb", "head_1000.glb", "head_600.glb"]
    whole, *coarse = (pygltflib.GLTF2().load(str(path)) for path in made)
    for path, document in zip(made[1:], coarse, strict=True):
        assert validated(path) in ([], None)
        assert [node.name for node in document.nodes] == [node.name for node in whole.nodes]
        for shape, full in zip(document.meshes, whole.meshes, strict=True):
            assert (shape.extras, shape.weights) == (full.extras, full.weights)
        total = sum(document.accessors[piece.indices].count for piece in pieces(document).values()) // 3
        assert int(path.stem.removeprefix("head_")) - 1 <= total <= int(path.stem.removeprefix("head_"))
        normals = read(document, pieces(document)["skin"].attributes.NORMAL)
        own, every = (read(each, pieces(each)["skin"].attributes.POSITION) for each in (document, whole))
        kept = {tuple(place): row for row, place in enumerate(every.tolist())}
        rows = [kept[tuple(place)] for place in own.tolist()]
        assert np.array_equal(normals, read(whole, pieces(whole)["skin"].attributes.NORMAL)[rows])
