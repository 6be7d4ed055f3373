"""Files of the Surrey Face Model in the binary form of eos, made here."""

import struct

import numpy as np
import pytest
from facetex_plugins.fit.sfm import SfmFitter

POINTS = 100
"""As few as make a head."""
MEAN = np.random.default_rng(0).normal(size=3 * POINTS).astype(np.float32)
BASIS = np.linspace(-1, 1, 6 * POINTS, dtype=np.float32).reshape(-1, 2)
VARIANCE = np.float32([[4], [9]])
SMILE = np.full((3 * POINTS, 1), 500, np.float32)


def matrix(array):
    array = array.reshape(len(array), -1)
    return struct.pack("<ii", *array.shape) + array.T.astype("<f4").tobytes()


def written(folder, version):
    triangles = np.array([[0, 1, 2], [1, 2, 3]], "<i4")
    shape = (
        struct.pack("<I", version)
        + matrix(MEAN)
        + matrix(BASIS)
        + matrix(VARIANCE)
        + struct.pack("<Q", 2)
        + triangles.tobytes()
    )
    (folder / "sfm_shape_4.bin").write_bytes(shape)
    moves = struct.pack("<Q", 1) + struct.pack("<Q", 5) + b"smile" + matrix(SMILE)
    (folder / "expression_blendshapes_4.bin").write_bytes(moves)
    return folder


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_every_version_from_1_to_4_is_read_in_metres(tmp_path, version):
    bare = SfmFitter.read(written(tmp_path, version))
    np.testing.assert_allclose(bare.mean, MEAN.reshape(-1, 3) / 1000, rtol=1e-6)
    np.testing.assert_array_equal(bare.triangles["skin"], [[0, 1, 2], [1, 2, 3]])
    np.testing.assert_allclose(bare.identity.reshape(2, -1), BASIS.T * [[2], [3]] / 1000, rtol=1e-6)
    np.testing.assert_allclose(bare.expression, 0.5)
    assert bare.expression_names == ("smile",)


@pytest.mark.parametrize("version", [0, 5])
def test_another_version_is_refused(tmp_path, version):
    with pytest.raises(ValueError, match="it does not begin with a version from 1 to 4"):
        SfmFitter.read(written(tmp_path, version))


def test_a_file_that_ends_before_its_numbers_is_refused(tmp_path):
    path = written(tmp_path, 1) / "sfm_shape_4.bin"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="it ends too early"):
        SfmFitter.read(tmp_path)


def test_expressions_that_are_not_beside_it_are_missed_by_name(tmp_path):
    (written(tmp_path, 1) / "expression_blendshapes_4.bin").unlink()
    with pytest.raises(ValueError, match=r"there is no expression_blendshapes_\*\.bin in its folder"):
        SfmFitter.read(tmp_path / "sfm_shape_4.bin")
