"""VGG-19 on its way into the zoo: weights become ONNX that computes the same, nothing runs, anything else is refused."""

import pickle  # noqa: TID251  # to write what facetex must refuse

import facetex_model_zoo as zoo
import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from facetex_cli.main import main
from facetex_plugins.describe import vgg19
from facetex_plugins.synthesize.texture.onnx_torch import read_network
from foreign import true_vgg19
from numpy.testing import assert_allclose

from facetex_core import ModelError

LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A user who has added nothing yet."""
    monkeypatch.setenv("FACETEX_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def vgg_like(seed=0):
    """Random weights in torchvision's layout: convolutions at their places among rectifiers and pools."""
    places = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28)
    generator, state = torch.Generator().manual_seed(seed), {"classifier.0.weight": torch.zeros(4, 4)}
    for place, inputs, outputs in zip(places, vgg19.CHANNELS, vgg19.CHANNELS[1:], strict=False):
        state[f"features.{place}.weight"] = torch.randn(outputs, inputs, 3, 3, generator=generator) * (2 / (9 * inputs)) ** 0.5
        state[f"features.{place}.bias"] = 0.1 * torch.randn(outputs, generator=generator)
    return state


def torchvision_like(state):
    """The same layers as torch's own modules, and where each convX_1 comes out."""
    from torch import nn

    modules = []
    for name, weight in state.items():
        if name.startswith("features") and name.endswith("weight"):
            while len(modules) < int(name.split(".")[1]):
                modules.append(nn.MaxPool2d(2))
            modules += [nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1), nn.ReLU()]
    net = nn.Sequential(*modules)
    net.load_state_dict({name.removeprefix("features."): value for name, value in state.items() if "features" in name})
    return net.eval()


@pytest.mark.parametrize("of_old", [False, True])
def test_torchvision_s_weights_give_torchvision_s_features_to_conv5_1(home, tmp_path, of_old):
    """The official file is in torch's old form."""
    state = vgg_like()
    torch.save(state, tmp_path / "vgg19-dcbb9e9d.pth", _use_new_zipfile_serialization=not of_old)
    assert main(["zoo", "add", "vgg19", str(tmp_path / "vgg19-dcbb9e9d.pth")]) == 0
    out = zoo.model_path("vgg19")
    pixels = torch.from_numpy(np.random.default_rng(0).uniform(0, 1, (1, 3, 48, 64)).astype(np.float32))
    deep = dict(zip((1, 6, 11, 20, 29), LAYERS, strict=True))
    value = (pixels - torch.tensor([0.485, 0.456, 0.406])[:, None, None]) / torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    ours = read_network(out, tuple(deep.values()))(pixels)
    session = onnxruntime.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        for place, module in enumerate(torchvision_like(state)):
            value = module(value)
            if place in deep:
                close = 1e-4 * float(value.max())
                assert_allclose(ours[deep[place]].numpy(), value.numpy(), rtol=0, atol=close)
                assert_allclose(session.run([deep[place]], {"image": pixels.numpy()})[0], value.numpy(), rtol=0, atol=close)


def test_other_weights_are_refused(tmp_path):
    def refused(state, why):
        torch.save(state, tmp_path / "x.pth")
        with pytest.raises(ModelError, match=why):
            vgg19.read_source(tmp_path / "x.pth")

    good = vgg_like()
    refused({**good, "features.5.weight": torch.zeros(64, 64, 3, 3)}, "x.pth is no VGG-19: its convolutions are")
    refused({**good, "features.1.running_mean": torch.zeros(64)}, "batch normalisation")
    refused({"fc.weight": torch.zeros(2, 2)}, "its convolutions are none")
    (tmp_path / "y.pth").write_text("<html>", "utf-8")
    with pytest.raises(ModelError, match=r"y\.pth is no state dict of torch"):
        vgg19.read_source(tmp_path / "y.pth")


class Trap:
    """What a file may ask a careless reader to run."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return type(self.folder).mkdir, (self.folder,)


@pytest.mark.parametrize("form", ["pickle", "of old", "zip"])
def test_weights_never_run_code(home, tmp_path, capsys, form):
    bait, path = tmp_path / "caught", tmp_path / "vgg19-dcbb9e9d.pth"
    if form == "pickle":
        path.write_bytes(pickle.dumps({"features.0.weight": Trap(bait)}))
    else:
        torch.save({**vgg_like(), "features.0.weight": Trap(bait)}, path, _use_new_zipfile_serialization=form == "zip")
    assert main(["zoo", "add", "vgg19", str(path)]) == 2
    assert capsys.readouterr().err == "error: vgg19-dcbb9e9d.pth is no state dict of torch\n"
    assert not bait.exists()
    assert list(zoo.home().iterdir()) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "neither weights of torch nor a network in ONNX"),
        (b"\x08\x07cut short", "neither weights of torch nor a network in ONNX"),
        (b"PK\x03\x04cut short", "no state dict of torch"),
        (b"<!DOCTYPE html><html>sign in</html>", "an HTML page; download https://download.pytorch.org/"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a git-lfs pointer, which only names the model"),
    ],
)
def test_what_is_no_vgg19_is_named_and_not_kept(home, tmp_path, capsys, content, said):
    (tmp_path / "page.html").write_bytes(content)
    assert main(["zoo", "add", "vgg19", str(tmp_path / "page.html")]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not zoo.is_installed("vgg19")


def test_another_network_is_no_vgg19(home, tmp_path, capsys):
    assert main(["zoo", "add", "vgg19", str(zoo.model_path("descriptor"))]) == 2
    assert "descriptor.onnx is not VGG-19 as facetex writes it; give the weights (.pth) instead" in capsys.readouterr().err


def test_a_network_whose_numbers_lie_elsewhere_is_refused(home, shared, tmp_path, capsys):
    model = vgg19.build(vgg19.read_source(true_vgg19(shared)))
    onnx.save(model, str(tmp_path / "x.onnx"), save_as_external_data=True, location="numbers.bin", size_threshold=0)
    assert main(["zoo", "add", "vgg19", str(tmp_path / "x.onnx")]) == 2
    assert "x.onnx is" in capsys.readouterr().err
    assert not zoo.is_installed("vgg19")
