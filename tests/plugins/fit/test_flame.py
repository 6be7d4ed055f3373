"""FLAME's pickled files: read to the last number, and never run."""

import os
import pickle  # noqa: TID251  # to write what facetex must read without it

import numpy as np
import pytest
from facetex_cli.main import main
from facetex_plugins.fit.correspondence import transfer_layout
from facetex_plugins.fit.flame import FlameFitter, jaw_turn
from facetex_plugins.fit.readers.inert_pickle import array_of, read_pickle
from foreign import basis, flame_arrays, flipped, points_of, stand_in, write_flame
from numpy.testing import assert_allclose, assert_array_equal


@pytest.fixture(scope="module")
def arrays():
    return flame_arrays(stand_in())


@pytest.fixture(scope="module")
def bare(arrays, tmp_path_factory):
    return FlameFitter.read(write_flame(tmp_path_factory.mktemp("flame") / "generic_model.pkl", arrays))


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FACETEX_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_every_number_arrives(bare, arrays):
    assert_allclose(bare.mean, arrays["v_template"], atol=1e-7)
    assert bare.identity.shape == (300, *bare.mean.shape)
    assert_allclose(bare.identity, np.moveaxis(arrays["shapedirs"][..., :300], -1, 0), atol=1e-8)
    assert_allclose(bare.expression[1:], np.moveaxis(arrays["shapedirs"][..., 300:], -1, 0), atol=1e-8)
    assert bare.expression_names[:2] == ("jawTurn", "expression000")
    assert_array_equal(np.concatenate(list(bare.triangles.values())), arrays["f"])


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_every_protocol_is_read(bare, arrays, tmp_path, protocol):
    again = FlameFitter.read(write_flame(tmp_path / "flame2023.pkl", arrays, protocol=protocol))
    assert_array_equal(again.mean, bare.mean)
    assert_array_equal(again.expression[0], bare.expression[0])


def test_an_array_of_python_2_is_read():
    """Bytes as strings, as a Python 2 wrote them; written by hand, because no Python 3 does."""
    head = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    kind = b"cnumpy\ndtype\nU\x02f8K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    values = np.array([1.5, -2.0, 1e300])
    data = head + b"(K\x01K\x03\x85" + kind + b"\x89U\x18" + values.tobytes() + b"tb."
    assert_array_equal(array_of(read_pickle(data)), values)


def test_left_is_the_subject_s_left(bare):
    left, right = (bare.mean[bare.triangles[part], 0].mean() for part in ("left_eye", "right_eye"))
    assert left > 0.02
    assert right < -0.02


def test_the_jaw_turns_about_its_hinge_and_opens_the_mouth(bare, arrays, tmp_path):
    plain = write_flame(tmp_path / "x.pkl", arrays | {"posedirs": np.zeros_like(arrays["posedirs"])})
    move, jaw = jaw_turn(read_pickle(plain.read_bytes()), arrays["v_template"]), arrays["weights"][:, 2] == 1
    hinge = arrays["J_regressor"].toarray()[2] @ arrays["v_template"]
    before, after = (arrays["v_template"] + step - hinge for step in (0, move))
    assert_allclose(np.linalg.norm(after[jaw], axis=1), np.linalg.norm(before[jaw], axis=1), rtol=1e-9)  # it turns
    sweep = np.arctan2(after[jaw, 2], after[jaw, 1]) - np.arctan2(before[jaw, 2], before[jaw, 1])
    assert_allclose(np.degrees(np.mod(sweep, 2 * np.pi)), 8, atol=1e-9)
    chin = np.argmin(arrays["v_template"][:, 1])
    assert move[chin, 1] < -0.003  # metres: down
    assert_array_equal(move[arrays["weights"][:, 2] == 0], 0)
    assert np.abs(bare.expression[0] - move).max() > 1e-6  # the correctives of the pose come on top


def test_it_is_laid_with_its_eyes_on_ours(bare):
    model = transfer_layout(bare, basis())
    assert list(model.mesh.parts) == ["skin", "left_eye", "right_eye"]
    for part in model.mesh.parts:
        places = [m.mesh.uvs[m.mesh.uv_triangles[m.mesh.parts[part]]].reshape(-1, 2).mean(0) for m in (model, basis())]
        assert_allclose(*places, atol=0.05)
        assert flipped(model, part) < 0.02
    away = np.linalg.norm(points_of(model, "dense") - points_of(basis(), "dense"), axis=1)
    assert np.median(away) < 0.0025


class Bomb:
    """Makes a folder when a careless reader rebuilds it."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def text(module, name, argument):
    """A pickle, by hand, that calls a function of any name."""
    return f"c{module}\n{name}\n(V{argument}\ntR.".encode()


@pytest.mark.parametrize(
    "make",
    [
        lambda path: pickle.dumps(Bomb(path)),
        lambda path: pickle.dumps({"v_template": np.zeros(3), "f": [Bomb(path)]}, protocol=4),
        lambda path: text("os", "mkdir", path),
        lambda path: text("builtins", "eval", f"__import__('os').mkdir('{path}')"),
        lambda path: text("chumpy", "os.mkdir", path),
        lambda path: text("numpy.core.multiarray", "fromfile", path),
        lambda path: text("scipy.sparse.csc", "csc_matrix", path),
    ],
)
def test_nothing_that_a_file_asks_for_is_run(home, tmp_path, capsys, make):
    harm, file = tmp_path / "harm", tmp_path / "generic_model.pkl"
    file.write_bytes(make(harm))
    assert main(["zoo", "add", "flame", str(file)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: generic_model.pkl is no FLAME 2020 or 2023")
    assert "https://flame.is.tue.mpg.de" in error
    assert error.count("\n") == 1
    assert not harm.exists()
    assert list((home / "models").iterdir()) == []


def test_the_name_that_was_asked_for_is_told(tmp_path):
    with pytest.raises(ValueError, match=r"asks for \w+\.mkdir, which no model needs; it was not run"):
        read_pickle(pickle.dumps(Bomb(tmp_path / "harm")))


def test_a_file_cannot_change_the_reader():
    """BUILD with slots sets attributes of whatever stands on the stack, here a class."""
    with pytest.raises(ValueError, match="would change what is no object of ours"):
        read_pickle(b"cchumpy.ch\nCh\n(N}Vx\nK\x01sttb.".replace(b"sttb", b"stb"))


@pytest.mark.parametrize("data", [b"", b"\x80\x02", b"PK\x03\x04", b"<!DOCTYPE html>", b"\x80\x05K\x01.", b"\x80\x02]."])
def test_what_is_no_model_is_refused(home, tmp_path, capsys, data):
    (tmp_path / "x.pkl").write_bytes(data)
    assert main(["zoo", "add", "flame", str(tmp_path / "x.pkl")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("name", ["v_template", "shapedirs", "f", "weights", "J_regressor", "posedirs"])
def test_a_model_that_lacks_something_is_refused(home, tmp_path, capsys, arrays, name):
    less = {key: value for key, value in arrays.items() if key != name}
    file = tmp_path / "flame.pkl"
    file.write_bytes(pickle.dumps(less, protocol=2))
    assert main(["zoo", "add", "flame", str(file)]) == 2
    assert f"'{name}'" in capsys.readouterr().err
