"""The way in of a model that the user brings: read, laid over ours, kept; and what is refused before it is kept."""

import io
import re
import shutil
import tarfile
import zipfile
from dataclasses import replace

import facetex_model_zoo as zoo
import numpy as np
import pytest
from facetex_cli.main import main
from facetex_model_zoo.folders import read_members
from facetex_plugins.fit.bare_model import BareModel
from facetex_plugins.fit.bfm import BfmFitter
from facetex_plugins.fit.correspondence import transfer_layout
from facetex_plugins.fit.ict import IctFitter
from facetex_plugins.fit.licensed import LicensedFitter
from facetex_plugins.fit.sfm import SfmFitter
from foreign import basis, flipped, points_of, stand_in, write_bfm
from numpy.testing import assert_allclose, assert_array_equal

from facetex_core import ConfigError, ModelError, Registry
from facetex_core.geometry.raycast import open3d
from facetex_core.geometry.similarity import similarity

FACES = 26719
"""Vertices of ICT-FaceKit's generic mesh."""


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FACETEX_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="module")
def bfm(tmp_path_factory):
    return write_bfm(tmp_path_factory.mktemp("bfm") / "model2019_bfm.h5", stand_in())


@pytest.fixture(scope="module")
def surrey(shared):
    return shared / "data" / "nc" / "eos_sfm"


@pytest.fixture(scope="module")
def ict(shared, tmp_path_factory):
    """The official folder with its true shapes, as far as a test has time for: four identities, six expressions."""
    given = shared / "data" / "models" / "mm" / "ict"
    folder = tmp_path_factory.mktemp("ict") / "ICT-FaceKit" / "FaceXModel"
    folder.mkdir(parents=True)
    shutil.copyfile(given / "generic_neutral_mesh.obj", folder / "generic_neutral_mesh.obj")
    with np.load(given / "ict_facekit_f16.npz") as stored:
        names = stored["expression_names"].tolist()
        moves = {f"identity{index:03d}": stored["identity"][index] for index in range(4)}
        for name in ("jawOpen", "browDown_L", "browInnerUp_L", "browInnerUp_R", "cheekRaiser_R", "PupilDilate_L"):
            moves[name] = stored["expression"][names.index(name)]
        neutral = stored["neutral"]
    for name, move in moves.items():
        np.savetxt(folder / f"{name}.obj", neutral.astype(np.float64) + move, "v %.6f %.6f %.6f")
    return folder.parent


@pytest.fixture(scope="module")
def ict_bare(ict):
    return IctFitter.read(ict)


@pytest.fixture(scope="module")
def ict_laid(ict_bare):
    return transfer_layout(ict_bare, basis())


def test_what_is_added_is_what_is_used(home, bfm):
    assert main(["zoo", "add", "bfm", str(bfm)]) == 0
    used, laid = BfmFitter(20, 7).model, transfer_layout(BfmFitter.read(bfm), basis())
    assert (len(used.identity), len(used.expression)) == (20, 7)
    assert used.expression_names == laid.expression_names[:7]
    assert_array_equal(used.mean, laid.mean)
    assert_allclose(used.identity, laid.identity[:20], rtol=1e-3, atol=1e-7)
    assert_allclose(used.regions["lips"], laid.regions["lips"], atol=1 / 255)
    assert used.albedo is not None
    assert (len(BfmFitter().model.identity), len(BfmFitter().model.expression)) == (30, 12)  # all that it has


@pytest.mark.parametrize(("identity", "expression"), [(0, 5), (-1, 5), (5, -1)])
def test_coefficients_that_make_no_sense_are_refused(home, identity, expression):
    with pytest.raises(ConfigError, match=r"option '\w+' takes a whole number from [01], not -?[01]: how many of the leading"):
        Registry().make("fitter", "bfm", {"identity": identity, "expression": expression})


def test_a_model_laid_over_another_basis_says_what_to_do(home, bfm):
    path = zoo.add_model("bfm", bfm, BfmFitter.take_in)
    with np.load(path) as arrays:
        changed = {**arrays, "layout": np.array("of yesterday")}
    with path.open("wb") as file:
        np.savez(file, **changed)
    with pytest.raises(ModelError, match="registered to another face basis: facetex zoo add bfm FILE again"):
        _ = BfmFitter().model
    del changed["uvs"]
    with path.open("wb") as file:
        np.savez(file, **changed | {"layout": np.array(zoo.row("face_basis").sha256)})
    with pytest.raises(ModelError, match=r"damaged \('uvs.*facetex zoo add bfm FILE again"):
        _ = BfmFitter().model


@pytest.mark.parametrize("name", ["egg", "box", "ring"])
def test_a_surface_that_is_no_head_is_refused_by_its_distance(name):
    geometry = open3d().geometry.TriangleMesh
    mesh, size = {
        "egg": (geometry.create_sphere(1.0, 40), (0.075, 0.11, 0.095)),
        "box": (geometry.create_box(1, 1, 1).subdivide_midpoint(4), (0.16, 0.2, 0.16)),
        "ring": (geometry.create_torus(0.1, 0.03, 60, 40), (1, 1, 1)),
    }[name]
    mean, triangles = np.asarray(mesh.vertices, np.float32) * np.float32(size), np.asarray(mesh.triangles, np.int32)
    modes = np.zeros((1, *mean.shape), np.float32)
    bare = BareModel(name, mean, {"skin": triangles}, modes, modes[:0], ())
    with pytest.raises(ModelError, match=rf"this {name} is not a head: .* more than \d+ mm away \(heads stay under 8\)"):
        transfer_layout(bare, basis())


def test_a_head_on_its_head_is_refused(surrey):
    bare = SfmFitter.read(surrey)
    with pytest.raises(ModelError, match="is not a head"):
        transfer_layout(replace(bare, mean=bare.mean * np.float32([-1, -1, 1])), basis())


def test_the_surrey_model_is_read_and_laid(surrey):
    bare = SfmFitter.read(surrey)
    assert bare.mean.shape == (3448, 3)
    assert bare.identity.shape == (63, 3448, 3)
    assert bare.expression_names == ("anger", "disgust", "fear", "happiness", "sadness", "surprise")
    assert 0.12 < np.ptp(bare.mean[:, 0]) < 0.2  # metres from side to side
    spread = np.linalg.norm(bare.identity, axis=(1, 2))
    assert (np.diff(spread) < 0).all()  # deviations, the largest first
    model = transfer_layout(bare, basis())
    assert flipped(model) < 0.01
    # eos' own table (ibug_to_sfm.txt): the tip of the nose, the corners of the eyes, the middles of the lips.
    known = {30: 114, 36: 177, 39: 181, 42: 614, 45: 610, 51: 329, 62: 423}
    away = np.linalg.norm(points_of(model, "landmark")[list(known)] - model.mean[list(known.values())], axis=1)
    assert away.max() < 0.003


def test_the_surrey_model_needs_both_files(home, surrey, tmp_path, capsys):
    shutil.copyfile(surrey / "sfm_shape_3448.bin", tmp_path / "sfm_shape_3448.bin")
    assert main(["zoo", "add", "sfm", str(tmp_path / "sfm_shape_3448.bin")]) == 2
    assert "there is no expression_blendshapes_*.bin in its folder" in capsys.readouterr().err
    shutil.copyfile(surrey / "expression_blendshapes_3448.bin", tmp_path / "expression_blendshapes_3448.bin")
    assert main(["zoo", "add", "sfm", str(tmp_path / "sfm_shape_3448.bin")]) == 0
    content = (tmp_path / "sfm_shape_3448.bin").read_bytes()
    for damaged in (content[:2_000_000], b"\x09" + content[1:], content[:4] + b"\xff" * 8 + content[12:], b""):
        (tmp_path / "sfm_shape_3448.bin").write_bytes(damaged)
        assert main(["zoo", "add", "sfm", str(tmp_path)]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_a_folder_without_identities_says_what_is_missing(shared):
    with pytest.raises(ValueError, match=r"it holds no identity000\.obj"):
        IctFitter.read(shared / "data" / "models" / "mm" / "ict")


def test_ict_facekit_is_read_whole(ict_bare, ict_laid):
    bare, model = ict_bare, ict_laid
    assert bare.identity.shape == (4, *bare.mean.shape)
    assert bare.expression_names == ("browDownLeft", "browInnerUp", "cheekRaiserRight", "jawOpen")
    assert {part: len(triangles) for part, triangles in bare.triangles.items()} == {
        "skin": 22288, "left_eye": 1536, "right_eye": 1536, "mouth": 4164, "teeth": 8696
    }  # fmt: skip
    brow = bare.expression[0]
    assert bare.mean[np.linalg.norm(brow, axis=1).argmax(), 0] > 0.01  # the subject's left
    away = np.linalg.norm(points_of(model, "dense") - points_of(basis(), "dense"), axis=1)
    assert away.max() < 0.001  # our basis has learned from this head
    assert flipped(model) < 0.005
    for part in ("left_eye", "right_eye", "mouth", "teeth"):
        low, high = ([corners(m, part).min((0, 1)), corners(m, part).max((0, 1))] for m in (model, basis()))
        assert_allclose(low, high, atol=0.02)  # the islands of each part are filled, and nothing lies beside them


def corners(model, part):
    return model.mesh.uvs[model.mesh.uv_triangles[model.mesh.parts[part]]]


def test_a_turned_and_larger_head_gives_the_same_map(ict_bare, ict_laid):
    turn = np.array([[0.9848, 0, 0.1736], [0, 1, 0], [-0.1736, 0, 0.9848]])  # 10 degrees
    moved = transfer_layout(replace(ict_bare, mean=np.float32(1.2 * ict_bare.mean @ turn + 0.3)), basis())
    plain = ict_laid
    count = len(np.unique(plain.mesh.triangles[plain.mesh.parts["skin"]]))
    away = np.linalg.norm(moved.mesh.uvs[:count] - plain.mesh.uvs[:count], axis=1)
    assert np.quantile(away, 0.99) < 0.001  # a texel at 1024
    _, scale, _ = similarity(moved.mean.astype(np.float64), plain.mean.astype(np.float64))
    assert scale == pytest.approx(1, abs=0.005)


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_ict_facekit_comes_as_an_archive_too(ict, ict_bare, tmp_path, kind):
    source = tmp_path / f"ict.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(source, "w") as archive:
            for path in sorted(ict.rglob("*.obj")):
                archive.write(path, f"ICT-FaceKit-da5f95a/FaceXModel/{path.name}")
    else:
        with tarfile.open(source, "w:gz", compresslevel=1) as archive:
            archive.add(ict / "FaceXModel", "FaceXModel")
    found = IctFitter.read(source)
    assert_array_equal(found.identity, ict_bare.identity)
    assert found.expression_names == ict_bare.expression_names


def test_ict_facekit_is_added_and_used(home, ict):
    assert main(["zoo", "add", "ict", str(ict)]) == 0
    model = IctFitter().model
    assert (len(model.identity), len(model.expression)) == (4, 4)
    assert model.expression_range == (0.0, 1.0)
    assert list(model.mesh.parts) == ["skin", "left_eye", "right_eye", "mouth", "teeth"]


@pytest.mark.parametrize("broken", ["no mesh", "a gap", "another mesh", "text", "no archive", "empty folder"])
def test_a_folder_that_is_not_ict_facekit_is_refused(home, tmp_path, capsys, broken):
    folder = tmp_path / "FaceXModel"
    folder.mkdir()
    points = b"v 1 2 3\n" * (FACES if broken != "another mesh" else 8)
    names = ["identity000", "identity001", "jawOpen", "generic_neutral_mesh"]
    for name in names[: -1 if broken == "no mesh" else None] if broken != "empty folder" else ():
        (folder / f"{name.replace('001', '002') if broken == 'a gap' else name}.obj").write_bytes(points + b"f 1 2 3\n")
    if broken == "text":
        (folder / "identity001.obj").write_bytes(b"v one two three\n" * FACES)
    source = folder if broken != "no archive" else folder / "jawOpen.obj"
    assert main(["zoo", "add", "ict", str(source)]) == 2
    error = capsys.readouterr().err
    assert f"{source.name} is no ICT-FaceKit" in error
    assert "https://github.com/ICT-VGL/ICT-FaceKit" in error
    assert error.count("\n") == 1
    assert list((home / "models").iterdir()) == []


def test_the_reader_of_the_how_to_reads(root, tmp_path):
    page = (root / "docs" / "how-to" / "use-your-own-morphable-model.md").read_text("utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    names: dict[str, type[LicensedFitter]] = {}
    exec(code, names)  # noqa: S102  # our own page
    given = SfmLike(np.random.default_rng(0))
    np.savez(tmp_path / "mine.npz", **vars(given))
    bare = names["MyFitter"].read(tmp_path / "mine.npz")
    assert_allclose(bare.identity[1, 7], given.basis[21:24, 1] * given.deviations[1], rtol=1e-6)
    assert names["fitters"]() == {"mine": names["MyFitter"]}


class SfmLike:
    """Arrays such as a makers' file holds: 120 vertices, five modes."""

    def __init__(self, random):
        self.mean, self.basis = random.normal(size=360), random.normal(size=(360, 5))
        self.deviations, self.triangles = random.uniform(1, 2, 5), random.integers(0, 120, (30, 3))


def test_a_folder_is_no_model_where_a_file_is_one(home, tmp_path, capsys):
    assert main(["zoo", "add", "vgg19", str(tmp_path)]) == 2
    assert "is a folder, not a file" in capsys.readouterr().err


def test_members_of_an_archive_are_read_in_place(tmp_path):
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        for name in ("a/b.obj", "d.obj", "c.txt"):
            member = tarfile.TarInfo(name)
            member.size = 2
            archive.addfile(member, io.BytesIO(b"hi"))
    found = {str(path): content for path, content in read_members(tmp_path / "x.tar", ".obj")}
    assert found == {"a/b.obj": b"hi", "d.obj": b"hi"}
    assert [path.name for path in tmp_path.iterdir()] == ["x.tar"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mean": np.zeros((3, 3), np.float32)}, "3 vertices, too few for a head"),
        ({"mean": np.full((120, 3), np.nan, np.float32)}, "not finite"),
        ({"mean": np.zeros((120, 3), np.float32)}, "flat"),
        ({"identity": np.zeros((0, 120, 3), np.float32)}, "no identity modes"),
        ({"identity": np.zeros((2, 119, 3), np.float32)}, "other vertices than its mean"),
        ({"triangles": {"skin": np.full((1, 3), 120, np.int32)}}, "vertices that do not exist"),
        ({"triangles": {"teeth": np.zeros((1, 3), np.int32)}}, "no triangles"),
    ],
)
def test_numbers_that_make_no_head_are_named(change, said):
    modes = np.random.default_rng(0).normal(size=(2, 120, 3)).astype(np.float32)
    good = {"mean": modes[0], "triangles": {"skin": np.zeros((1, 3), np.int32)}, "identity": modes, "expression": modes}
    with pytest.raises(ValueError, match=said):
        BareModel("x", **good | change, expression_names=("a", "b"))
