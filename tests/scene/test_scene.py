"""The GLB in three.js, in model-viewer and in Blender shows the head, from all sides, in light that turns, in all shapes."""

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from facetex_plugins.export.glb import GlbExporter
from facetex_plugins.fit.basis import BasisFitter
from PIL import Image
from sampled import tiny_head
from scene import look
from scene.panorama import drawn, write
from scene.shots import PAIRS, VIEWS, Shot, all_shapes, eight_views, poses, turning_light
from scene.stage import READY, stage

from facetex_core import Fit
from facetex_core.imaging.colour import encode_srgb

needs_browser = pytest.mark.skipif(not READY, reason="needs node, and `npm ci` in tests/")
GROUND = 0x77


@pytest.fixture(scope="module")
def glb(tmp_path_factory):
    """Our basis's mean head, in one colour for the skin."""
    head, model = tiny_head(), BasisFitter().model
    rest = np.zeros(len(model.identity), np.float32), np.zeros(len(model.expression), np.float32)
    return GlbExporter().export(replace(head, fit=Fit(model, *rest, head.fit.camera)), tmp_path_factory.mktemp("glb"))[0]


@pytest.fixture(scope="module")
def show(tmp_path_factory):
    with stage(write(tmp_path_factory.mktemp("light") / "room.hdr")) as show:
        yield show


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def covered(path):
    """Where the picture shows something."""
    return np.abs(pixels(path) - GROUND).max(2) > 4


@needs_browser
def test_both_viewers_show_the_same_head_from_the_same_places(show, glb, tmp_path):
    shots = {
        (shot.viewer, shot.view.light, name): shot
        for shot, name in zip(eight_views(glb, tmp_path), 3 * list(VIEWS), strict=True)
    }
    for name in ("front", "side"):
        ours, theirs = (covered(show.take(shots[viewer, "panorama", name])) for viewer in ("stage", "viewer"))
        assert 0.2 < ours.mean() < 0.6
        assert (ours & theirs).sum() / (ours | theirs).sum() > 0.95


@needs_browser
def test_close_views_are_full_of_the_head(show, glb, tmp_path):
    for shot, name in zip(eight_views(glb, tmp_path), VIEWS, strict=False):
        if name in ("eye", "mouth", "cheek", "ear"):
            assert covered(show.take(shot)).mean() > 0.6, name


@needs_browser
def test_the_eye_is_in_the_middle_of_its_view(show, glb):
    show.take(next(iter(eight_views(glb, glb.parent))))
    model = BasisFitter().model
    eye = model.mean[np.unique(model.mesh.triangles[model.mesh.parts["left_eye"]])]
    assert np.abs(show.at["eye"] - (eye.min(0) + eye.max(0)) / 2).max() < 1e-4


@needs_browser
def test_light_turns_and_shapes_move(show, glb, tmp_path):
    first, *others = (pixels(show.take(shot)) for shot in turning_light(glb, tmp_path, 3))
    assert all(np.abs(other - first).mean() > 1 for other in others)
    shots = {shot.picture.stem: shot for shot in all_shapes(glb, tmp_path, ("jawOpen", "browInnerUp"))}
    assert len(shots) == 2 + len(PAIRS)
    rest = replace(shots["shape_jawOpen"], view=replace(shots["shape_jawOpen"].view, weights={}), picture=tmp_path / "rest.png")
    still = pixels(show.take(rest))
    for name in ("shape_jawOpen", "shape_blink"):
        assert np.abs(pixels(show.take(shots[name])) - still).max() > 30, name


@needs_browser
def test_a_jaw_turned_by_its_joint_looks_like_one_opened_by_its_shape_and_eyes_turn(show, glb, tmp_path):
    shots = {shot.picture.stem.removeprefix("pose_"): shot for shot in poses(glb, tmp_path)}
    close = {name: replace(shots[f"{name}_0"].view, at="mouth", height=0.08) for name in ("rest", "joint", "shape")}
    rest, joint, shape = (pixels(show.take(replace(shots["rest_0"], view=view))) for view in close.values())
    # Shapes move along a line, joints along an arc: at this angle teeth are 2 mm apart.
    assert np.abs(joint - shape).mean() < 0.5 * np.abs(rest - shape).mean()
    eyes, still = (show.take(shots[name]) for name in ("eyes_0", "rest_0"))
    assert (covered(eyes) == covered(still)).all()
    assert np.abs(pixels(eyes) - pixels(still)).max() > 60


@needs_browser
def test_one_head_after_the_other(show, glb, tmp_path):
    front = next(iter(eight_views(glb, tmp_path)))
    first = covered(show.take(front))
    small, document = tmp_path / "small.glb", glb.read_bytes()
    length = int.from_bytes(document[12:16], "little")
    table = json.loads(document[20 : 20 + length])
    table["nodes"][0]["scale"] = [0.8, 1, 1]
    text = json.dumps(table).encode()
    text += b" " * (-len(text) % 4)
    rest = document[20 + length :]
    whole = 20 + len(text) + len(rest)
    small.write_bytes(document[:8] + whole.to_bytes(4, "little") + len(text).to_bytes(4, "little") + b"JSON" + text + rest)
    second = covered(show.take(replace(front, glb=small)))
    assert second.any(0).sum() / first.any(0).sum() == pytest.approx(0.8, abs=0.03)


@needs_browser
def test_a_file_that_is_no_glb_is_an_error(show, tmp_path):
    (tmp_path / "broken.glb").write_bytes(b"glTF nothing")
    with pytest.raises(AssertionError, match=r"Unsupported|JSON|DataView"):
        show.take(Shot(tmp_path / "broken.glb", "stage", VIEWS["front"], tmp_path / "none.png"))
    assert not (tmp_path / "none.png").exists()


@needs_browser
def test_the_command_goes_on_where_it_was_stopped(monkeypatch, glb, tmp_path):
    head = tmp_path / "out/heads/one/head.glb"
    head.parent.mkdir(parents=True)
    head.write_bytes(glb.read_bytes())
    (tmp_path / "one.png").write_bytes(b"not read: its head is there")
    monkeypatch.setattr(look, "all_shapes", lambda glb, folder, names: list(all_shapes(glb, folder, names[:1]))[:1])
    words = [str(tmp_path / "one.png"), "--out", str(tmp_path / "out")]
    assert CliRunner().invoke(look.main, words).exit_code == 0
    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.png")}
    assert len(made) == 24 + 8 + 10 + 1
    gone = next(iter(made))
    gone.unlink()
    assert CliRunner().invoke(look.main, words).exit_code == 0
    assert {path for path, at in made.items() if path.stat().st_mtime_ns != at} == {gone}
    assert all((tmp_path / "out" / f"{name}_1.jpg").is_file() for name in ("views", "light", "shapes_one"))


def test_a_refused_photo_is_said_and_not_tried_again(capsys, tmp_path):
    photo = tmp_path / "empty.png"
    photo.write_bytes(b"")
    assert look.head_of(photo, tmp_path, 256) is None
    assert "empty.png" in capsys.readouterr().out
    assert look.head_of(photo, tmp_path, 256) is None
    assert not capsys.readouterr().out


def test_the_room_is_lit_from_its_windows():
    room = drawn(64)
    assert room.shape == (64, 128, 3)
    assert room.min() > 0.1
    assert room[:32].max() > 10 > room[48:].max()
    assert encode_srgb(room[-1, 0].clip(0, 1))[0] > encode_srgb(room[-1, 0].clip(0, 1))[2]


def test_cycles_traces_the_head(glb, tmp_path):
    blender = os.environ.get("FACETEX_BLENDER_PYTHON")
    if not blender:
        pytest.skip("needs FACETEX_BLENDER_PYTHON: a Python into which bpy is installed")
    room, script = write(tmp_path / "room.hdr"), Path(look.__file__).with_name("in_blender.py")
    subprocess.run([blender, str(script), str(glb), str(tmp_path), str(room)], check=True, capture_output=True)
    front = pixels(tmp_path / "cycles_front.png")
    assert len(list(tmp_path.glob("cycles_*.png"))) == 5
    assert front[200:300, 200:300].std() > 5
