"""A network that the user brings works as our own does: exported, added, and read alike by ONNX Runtime and by torch."""

import facetex_model_zoo as zoo
import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from facetex_plugins.describe import vgg19
from facetex_plugins.describe.network import SmallExtractor, Vgg19Extractor
from facetex_plugins.synthesize.gram import GramSynthesizer
from facetex_plugins.synthesize.texture.onnx_torch import read_network
from foreign import true_vgg19
from numpy.testing import assert_allclose, assert_array_equal
from onnx import TensorProto, helper, numpy_helper
from sampled import aim, tiny_texture, view_of

from facetex_core import ModelError, Texture
from facetex_core.descriptors.bank import cells_of
from facetex_core.descriptors.correlations import merge

LAYERS = ("conv1_1", "conv2_1", "conv3_1")
CHANNELS = {"vgg19": (64, 128, 256), "descriptor": (16, 32, 64)}


@pytest.fixture(scope="session")
def exported(shared, tmp_path_factory):
    """vgg19.onnx from the true weights."""
    path = tmp_path_factory.mktemp("exported") / "vgg19.onnx"
    vgg19.take_in(true_vgg19(shared), path)
    return path


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A user who has added nothing yet."""
    monkeypatch.setenv("FACETEX_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(params=["descriptor", "vgg19"])
def extractor(request, home):
    """Our own descriptor, and the user's vgg19."""
    if request.param == "descriptor":
        return SmallExtractor()
    zoo.add_model("vgg19", request.getfixturevalue("exported"))
    return Vgg19Extractor()


def texture(size=96, seed=3):
    """Noise on several scales, all of it seen."""
    from scipy.ndimage import gaussian_filter

    generator = np.random.default_rng(seed)
    layers = [gaussian_filter(generator.normal(size=(size, size, 3)), (s, s, 0)) * s * 0.1 for s in (0.5, 2, 8)]
    return Texture(np.clip(0.3 + sum(layers), 0, 1).astype(np.float32), np.ones((size, size), np.float32))


def by_runtime(path, pixels):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return dict(zip(LAYERS, session.run(list(LAYERS), {"image": pixels.numpy()}), strict=True))


def test_onnx_runtime_and_torch_see_the_same_in_the_same_pixels(extractor):
    path = zoo.model_path(extractor.model)
    pixels = torch.from_numpy(np.random.default_rng(0).uniform(0, 1, (1, 3, 64, 96)).astype(np.float32))
    ours, theirs = read_network(path, LAYERS)(pixels), by_runtime(path, pixels)
    for level, layer in enumerate(LAYERS):
        assert ours[layer].shape == (1, CHANNELS[extractor.model][level], 64 >> level, 96 >> level)
        assert float(ours[layer].std()) > 0
        assert_allclose(ours[layer].numpy(), theirs[layer], rtol=0, atol=1e-3 * np.abs(theirs[layer]).max())


def test_what_is_described_is_symmetric_and_positive_semidefinite(extractor):
    (descriptor,) = extractor.describe(texture())
    assert descriptor.network == extractor.model
    for channels, (layer, matrix) in zip(CHANNELS[extractor.model], descriptor.correlations.items(), strict=True):
        assert matrix.shape == (channels, channels)
        assert_allclose(matrix, matrix.T, rtol=0, atol=1e-6 * np.abs(matrix).max())
        values = np.linalg.eigvalsh(matrix.astype(np.float64))
        assert values[0] > -1e-5 * values[-1]
        assert values[-1] > 0
        assert descriptor.support[layer] > 0


def test_two_textures_are_told_apart(extractor):
    (first,), (second,) = (
        extractor.describe(texture(seed=1)),
        extractor.describe(Texture(0.5 * texture().rgb, texture().visibility)),
    )
    for layer in LAYERS:
        difference = np.linalg.norm(first.correlations[layer] - second.correlations[layer])
        assert difference > 0.05 * np.linalg.norm(first.correlations[layer])


def test_hidden_texels_are_not_looked_at(extractor):
    clean, visible = texture(), np.ones((96, 96), np.float32)
    visible[30:60, :40] = 0
    spoilt = np.where(visible[..., None] > 0, clean.rgb, np.random.default_rng(9).uniform(0, 1, clean.rgb.shape))
    (first,), (second,) = (extractor.describe(Texture(rgb.astype(np.float32), visible)) for rgb in (clean.rgb, spoilt))
    for layer in LAYERS:
        assert_array_equal(first.correlations[layer], second.correlations[layer])


def test_neither_the_hidden_nor_what_lies_near_it_counts(extractor):
    import cv2

    clean, visible = texture(), np.ones((96, 96), np.float32)
    visible[30:60, :40] = 0
    (descriptor,) = extractor.describe(Texture(clean.rgb, visible))
    away = cv2.distanceTransform(np.pad(visible, 1).astype(np.uint8), cv2.DIST_L2, 5)
    assert descriptor.support["conv1_1"] == pytest.approx((away > extractor.margin).sum(), rel=0.03)  # a kernel's corners


def test_cells_merge_to_the_whole(extractor):
    (alone,) = extractor.describe(texture())
    merged = merge(extractor.describe(texture(), cells_of(4, 96)))
    for layer, matrix in alone.correlations.items():
        assert_allclose(merged.correlations[layer], matrix, rtol=0, atol=1e-5 * np.abs(matrix).max())
        assert merged.support[layer] == pytest.approx(alone.support[layer])


def test_the_exported_network_is_the_published_one(exported, shared):
    """conv1_1 by hand: the preparation, a mirrored border, nine taps, rectified."""
    weights = vgg19.read_source(true_vgg19(shared))
    pixels = np.random.default_rng(0).uniform(0, 1, (3, 32, 32)).astype(np.float32)
    bgr = 255 * pixels[::-1] - np.array([103.939, 116.779, 123.68], np.float32)[:, None, None]
    padded = np.pad(bgr, ((0, 0), (1, 1), (1, 1)), mode="reflect")
    patches = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    first = weights.convolutions[0]
    expected = np.maximum(np.einsum("ocij,chwij->ohw", first.weight, patches) + first.bias[:, None, None], 0)
    found = by_runtime(exported, torch.from_numpy(pixels[None]))["conv1_1"][0]
    assert_allclose(found, expected, atol=1e-4 * expected.max())


def test_a_missing_vgg19_is_one_line_that_says_what_to_do(home):
    with pytest.raises(ModelError, match=r"zoo pull vgg19 \(574\.7 MB\).*CC BY 4\.0.*zoo add vgg19 FILE") as error:
        Vgg19Extractor().describe(tiny_texture())
    assert "\n" not in str(error.value)


def test_a_damaged_network_is_named_where_it_is_used(home, exported):
    zoo.add_model("vgg19", exported)
    zoo.place_of("vgg19").write_bytes(b"\x08\x07cut short")
    with pytest.raises(ModelError, match=r"vgg19\.onnx is no network that ONNX Runtime can read: \w+"):
        Vgg19Extractor().describe(texture())
    with pytest.raises(ModelError, match=r"vgg19\.onnx is no ONNX file"):
        read_network(zoo.model_path("vgg19"), LAYERS)


def test_a_layer_that_the_file_lacks_is_named(home, exported):
    zoo.add_model("vgg19", exported)
    with pytest.raises(Exception, match="'conv5_1'; it has: conv1_1, conv2_1, conv3_1"):
        Vgg19Extractor("conv5_1").describe(texture())
    (wanted,) = Vgg19Extractor().describe(texture())
    wanted.correlations["conv5_1"] = wanted.correlations["conv1_1"]
    with pytest.raises(ModelError, match="'conv5_1'; it has: conv1_1, conv2_1, conv3_1"):
        GramSynthesizer(1).synthesize(view_of(tiny_texture()), aim(wanted), np.random.default_rng(0))


def one_node(tmp_path, operator, **attributes):
    image, out = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, None, None]) for name in ("image", "out"))
    inputs = ["image", "half"] if operator == "Mul" else ["image"]
    nodes = [helper.make_node("Constant", [], ["half"], value=numpy_helper.from_array(np.array(0.5, np.float32)))]
    nodes.append(helper.make_node(operator, inputs, ["out"], **attributes))
    graph = helper.make_graph(nodes, "net", [image], [out])
    path = tmp_path / "net.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    return path


def test_what_torch_would_compute_otherwise_is_refused(tmp_path):
    with pytest.raises(ModelError, match="operator Tanh is not known"):
        read_network(one_node(tmp_path, "Tanh"), ("out",))
    with pytest.raises(ModelError, match="MaxPool pads in a way"):
        read_network(one_node(tmp_path, "MaxPool", kernel_shape=[2, 2], ceil_mode=1), ("out",))


@pytest.mark.parametrize(("operator", "attributes"), [("Mul", {}), ("MaxPool", {"kernel_shape": [2, 2]})])
def test_constants_and_unnamed_strides_are_read_as_onnx_means_them(tmp_path, operator, attributes):
    path = one_node(tmp_path, operator, **attributes)
    pixels = np.random.default_rng(0).uniform(0, 1, (1, 3, 8, 8)).astype(np.float32)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    expected = session.run(["out"], {"image": pixels})[0]
    assert_allclose(read_network(path, ("out",))(torch.from_numpy(pixels))["out"].numpy(), expected, rtol=1e-6)
