"""Detectors with models that the user brings: YuNet and MediaPipe, with the official files."""

import zipfile

import facetex_model_zoo as zoo
import numpy as np
import pytest
from facetex_cli.main import main
from facetex_plugins.detect.alignment import face_square, image_pyramid
from facetex_plugins.detect.landmarks import LandmarkDetector
from facetex_plugins.detect.mediapipe import MediapipeDetector
from facetex_plugins.detect.networks import FaceFinder, FacePoints
from facetex_plugins.detect.yunet import YunetDetector, square_of
from numpy.testing import assert_allclose
from skimage import data

from facetex_core import ModelError, Photo
from facetex_core.geometry.landmarks import IBUG
from facetex_core.imaging.colour import decode_srgb
from facetex_core.testing import DetectorContract

YUNET, MEDIAPIPE = "detect/yunet_n_640_640.onnx", "landmarks/src/face_landmarker_v2_with_blendshapes.task"


@pytest.fixture(scope="module")
def home(shared, tmp_path_factory):
    """A user's folder with both models."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FACETEX_HOME", str(tmp_path_factory.mktemp("home")))
        for name, file in (("yunet", YUNET), ("mediapipe", MEDIAPIPE)):
            assert main(["zoo", "add", name, str(shared / "data" / "models" / file)]) == 0
        yield


@pytest.fixture
def lite_rt():
    """What runs MediaPipe's network."""
    pytest.importorskip("ai_edge_litert", reason='needs LiteRT: pip install "facetex[mediapipe]"')


def photo_of(picture):
    return Photo(decode_srgb(picture.astype(np.float32) / 255))


@pytest.fixture(scope="module")
def astronaut():
    return photo_of(data.astronaut())


@pytest.mark.usefixtures("home")
class TestYunetDetector(DetectorContract):
    make = YunetDetector


@pytest.mark.usefixtures("home", "lite_rt")
class TestMediapipeDetector(DetectorContract):
    make = MediapipeDetector


@pytest.mark.parametrize(("detector", "off"), [(YunetDetector, 0.5), (MediapipeDetector, 3.5)])
def test_the_points_lie_where_the_default_s_lie(home, lite_rt, astronaut, detector, off):
    (theirs,), (ours,) = detector().detect(astronaut), LandmarkDetector().detect(astronaut)
    unit = np.linalg.norm(ours.landmarks[36] - ours.landmarks[45]) / 100
    assert np.linalg.norm(theirs.dense - ours.dense, axis=1).mean() < off * unit
    assert np.linalg.norm(theirs.landmarks - ours.landmarks, axis=1).mean() < (off + 1.5) * unit
    assert theirs.score > 0.6


@pytest.mark.parametrize("detector", [YunetDetector, MediapipeDetector])
def test_two_turned_faces_are_found_and_a_cat_is_none(home, lite_rt, detector):
    import cv2

    picture, side = data.astronaut(), 512
    turned = cv2.warpAffine(
        picture, cv2.getRotationMatrix2D((224, 110), 35, 1.0), (side, side), borderMode=cv2.BORDER_REPLICATE
    )
    faces = detector().detect(photo_of(np.hstack([picture, cv2.resize(turned, (256, 512))[:, :200], turned])))
    assert len(faces) >= 2
    centres = sorted(float(face.dense[:, 0].mean()) for face in faces)
    assert abs(centres[0] - 224) < 30
    assert abs(centres[-1] - (side + 200 + 224)) < 30
    assert detector().detect(photo_of(data.chelsea())) == ()
    assert detector().detect(photo_of(data.coffee())) == ()


def test_the_68_are_68_of_the_468():
    assert len(IBUG) == 68
    assert len(set(IBUG)) == 68
    assert max(IBUG) < 468


def test_the_square_of_five_points_is_the_face_s(home, astronaut):
    (found,) = YunetDetector().propose(image_pyramid(astronaut.rgb))
    (face,) = LandmarkDetector().detect(astronaut)
    wanted = face_square(face.dense)
    assert np.linalg.norm(found.centre - wanted.centre) < 0.1 * wanted.side
    assert found.side == pytest.approx(wanted.side, rel=0.15)
    assert found.roll == pytest.approx(wanted.roll, abs=0.1)


@pytest.mark.parametrize("degrees", [-120, 0, 30, 90])
def test_the_square_turns_with_the_points(degrees):
    turn = np.radians(degrees)
    points = np.array([[-30, 0], [30, 0], [0, 30], [-20, 60], [20, 60]], float)
    turned = points @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) + 200
    square, upright = square_of(turned, 0.9), square_of(points, 0.9)
    assert square.roll == pytest.approx(turn)
    assert square.side == pytest.approx(upright.side)


def test_the_parts_of_the_default_detector_are_the_default_detector(astronaut):
    views, points = image_pyramid(astronaut.rgb), FacePoints()
    (face,) = LandmarkDetector().detect(astronaut)
    measured = [points.measure(views, square) for square in FaceFinder().propose(views)]
    assert_allclose(max(measured, key=lambda face: face.score).dense, face.dense, atol=1e-3)


@pytest.mark.parametrize("name", ["yunet", "mediapipe"])
def test_another_file_is_refused_before_it_is_kept(tmp_path, monkeypatch, capsys, name):
    monkeypatch.setenv("FACETEX_HOME", str(tmp_path / "home"))
    (tmp_path / "x.onnx").write_bytes(b"something else")
    assert main(["zoo", "add", name, str(tmp_path / "x.onnx")]) == 2
    error = capsys.readouterr().err
    assert f"error: x.onnx is not {name}: sha256 " in error
    assert "https://" in error
    assert error.count("\n") == 1
    assert not zoo.is_installed(name)
    with pytest.raises(ModelError, match=f"facetex zoo add {name} FILE"):
        {"yunet": YunetDetector, "mediapipe": MediapipeDetector}[name]()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", None])
def test_a_damaged_bundle_is_named(tmp_path, monkeypatch, lite_rt, astronaut, content):
    monkeypatch.setenv("FACETEX_HOME", str(tmp_path / "home"))
    path = zoo.place_of("mediapipe")
    path.parent.mkdir(parents=True)
    if content is None:
        with zipfile.ZipFile(path, "w") as bundle:
            bundle.writestr("face_landmarks_detector.tflite", b"cut short")
    else:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=r"mediapipe\.task is no bundle of MediaPipe's face landmarker: "):
        MediapipeDetector().detect(astronaut)
