"""What tests/fuzz.py has found, one test a fault: each ends in one line that says what is wrong."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from facetex_cli.main import main
from facetex_cli.read_head import read_head
from facetex_plugins.fit.bfm import BfmFitter
from facetex_plugins.synthesize.texture.onnx_torch import read_network
from fuzzing.mutate import npz
from PIL import Image
from toy_stages import write_toy_bank

from facetex_core import ConfigError, Face, ModelError, Photo, PhotoError, Recipe, Registry
from facetex_core.config import recipe_from
from facetex_core.geometry.model_file import REGIONS, arrays_of, load_morphable_model
from facetex_core.io.onnx_session import open_session
from facetex_core.io.photo_file import load_photo

PIXELS = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)


def test_onnx_runtime_writes_nothing_into_the_home_folder_and_asks_nobody(tmp_path):
    """Its telemetry makes a device id as soon as it is imported."""
    source = "import facetex_core, onnxruntime; print(onnxruntime.__version__)"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ORT_", "XDG_"))}
    environment = kept | {"HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", source], env=environment, check=True, stdout=subprocess.DEVNULL)
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize(("suffix", "depth"), [("avif", 8), ("png", 16), ("tif", 8)])
def test_damage_in_the_middle_is_one_line_and_nothing_native(tmp_path, capfd, suffix, depth):
    path = tmp_path / f"damaged.{suffix}"
    picture = Image.fromarray(PIXELS if depth == 8 else PIXELS[..., 0].astype(np.uint16) * 256)
    picture.save(path, **({"compression": "tiff_lzw"} if suffix == "tif" else {}))
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 8 if suffix == "avif" else len(data) // 2
    data[start : start + 300] = bytes(300)
    path.write_bytes(data)
    with pytest.raises(PhotoError, match=rf"damaged\.{suffix}: "):
        load_photo(path)
    assert capfd.readouterr().err == ""


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="needs file names of any bytes")
def test_a_name_that_is_no_text_can_be_reported(tmp_path):
    path = tmp_path / os.fsdecode(b"\xff\xfe.png")
    Image.fromarray(PIXELS).save(path)
    assert load_photo(path).name == "??.png"


@pytest.fixture
def arrays(tmp_path):
    with np.load(write_toy_bank(tmp_path / "toy.bank")) as file:
        return dict(file)


BANKS = {
    "a version of its own": lambda arrays: arrays | {"version": np.array([2, 2])},
    "text for numbers": lambda arrays: arrays | {"low/colour": arrays["low/colour"].astype("U3")},
    "complex numbers": lambda arrays: arrays | {"mass/colour": arrays["mass/colour"].astype(complex)},
    "less than nothing": lambda arrays: arrays | {"mass/colour": -arrays["mass/colour"]},
    "infinite numbers": lambda arrays: arrays | {"mass/colour": np.full_like(arrays["mass/colour"], np.inf)},
    "numbers whose squares overflow": lambda arrays: arrays | {"step/colour": np.array(1e30, np.float32)},
    "another layer": lambda arrays: {name.replace("mass/colour", "mass/other"): each for name, each in arrays.items()},
    "no layer": lambda arrays: {name: each for name, each in arrays.items() if not name.startswith("mass/")},
    "fewer names": lambda arrays: arrays | {"names": arrays["names"][:3]},
    "numbers for names": lambda arrays: arrays | {"names": np.arange(len(arrays["names"]))},
    "a flat albedo": lambda arrays: arrays | {"albedo": np.zeros(7, np.float16)},
    "half a layout": lambda arrays: arrays | {"layout": np.zeros((5, 2), np.float32)},
    "cells of one exemplar": lambda arrays: arrays | {name: arrays[name][:, :1] for name in ("low/colour", "high/colour")},
}


@pytest.mark.parametrize("fault", BANKS)
def test_a_bank_whose_parts_do_not_fit_is_one_line(tmp_path, arrays, capsys, fault):
    path = tmp_path / "torn.bank"
    path.write_bytes(npz(BANKS[fault](arrays)))
    assert main(["bank", "info", str(path)]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: torn.bank is no facetex bank: ")
    assert captured.err.count("\n") == 1


def test_a_bank_that_promises_more_than_memory_holds_is_one_line(tmp_path, arrays, capsys):
    path = tmp_path / "vast.bank"
    path.write_bytes(npz(arrays, lie="layout"))
    assert main(["bank", "info", str(path)]) == 2
    assert "error: vast.bank is no facetex bank: " in capsys.readouterr().err


def test_a_bank_that_is_damaged_inside_its_compression_is_one_line(tmp_path, arrays, capsys):
    path, data = tmp_path / "bent.bank", bytearray(npz(arrays))
    start = data.index(b"names.npy") + 40
    data[start : start + 8] = b"\xff" * 8
    path.write_bytes(data)
    assert main(["bank", "info", str(path)]) == 2
    assert "error: bent.bank is no facetex bank: " in capsys.readouterr().err


@pytest.mark.parametrize("bank", [[], 3, None, {"use": "toy"}])
def test_a_bank_that_is_no_name_is_refused_with_the_recipe(bank):
    with pytest.raises(ConfigError, match=r"mine\.toml: bank must be a name or a path"):
        recipe_from({"bank": bank}, "mine.toml")
    assert isinstance(recipe_from({"bank": "mine.bank"}, "mine.toml"), Recipe)


@pytest.mark.parametrize("recipe", [[], "embedded", 3.5])
def test_a_record_without_a_recipe_is_one_line(tmp_path, recipe):
    (tmp_path / "facetex.json").write_text(json.dumps({"recipe": recipe}), "utf-8")
    source = "import sys; from facetex_cli.main import main; sys.exit(main())"
    words = [sys.executable, "-c", source, "run", "--example", "--from", str(tmp_path / "facetex.json")]
    done = subprocess.run(words, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, "error: facetex.json: holds no settings of a pipeline\n")


def test_a_number_of_another_type_is_refused_with_the_recipe():
    """In a process without the tests' own checks of types."""
    source = """
from facetex_core import ConfigError
from facetex_core.config import recipe_from
for wrong in ({"size": 256.0}, {"size": True}, {"seed": True}, {"device": ["cpu"]}):
    try:
        recipe_from(wrong, "mine.toml").refuse_wrong_numbers()
    except ConfigError as error:
        print(error)
"""
    said = subprocess.run([sys.executable, "-c", source], check=True, capture_output=True, text=True).stdout.splitlines()
    assert [line.split(",")[0] for line in said] == [
        "size 256.0 is none of 256",
        "size True is none of 256",
        "the seed must be a whole number from 0",
        "no device ['cpu']; did you mean 'cpu'? there are: cpu",
    ]


def test_a_device_that_does_not_exist_is_named(root):
    path = root / "model_zoo" / "facetex_model_zoo" / "files" / "descriptor.onnx"
    for open_network in (open_session, lambda path, device: read_network(path, ("conv1_1",), device)):
        with pytest.raises(ConfigError, match="no device 'gpu'; there are: cpu, cuda"):
            open_network(path, "gpu")


def test_a_case_whose_camera_saw_another_picture_is_refused(tmp_path, capsys):
    from sampled import tiny_fit
    from suite_cases import case_of

    from facetex_core.workbench.evaluation.suite import read_case, write_case

    write_case(tmp_path, case_of(tiny_fit()))
    assert read_case(tmp_path / "case").truth.camera.size == (160, 200)
    Image.fromarray(PIXELS).save(tmp_path / "case" / "photo.png")
    with pytest.raises(ConfigError, match=r"`camera` has a size of 160 x 200 pixels, photo.png has 64 x 64"):
        read_case(tmp_path / "case")


def test_a_model_of_giants_is_refused_without_remarks(tmp_path, monkeypatch):
    from foreign import stand_in, write_bfm

    path = write_bfm(tmp_path / "giants.h5", stand_in(triangles=600, modes=2, expressions=2))
    bare = BfmFitter.read(path)
    giants = replace(bare, identity=bare.identity * np.float32(1e9))
    monkeypatch.setattr(BfmFitter, "read", staticmethod(lambda _: giants))
    with pytest.raises(ModelError, match=r"giants\.h5 is no Basel Face Model"):
        BfmFitter.take_in(path, tmp_path / "out.npz")
    assert not (tmp_path / "out.npz").exists()


MODELS = {
    "modes of other vertices": lambda arrays: {"identity": arrays["identity"][:, :9]},
    "modes that are flat": lambda arrays: {"expression": arrays["expression"][0]},
    "infinite modes": lambda arrays: {"identity": np.full_like(arrays["identity"], np.inf)},
    "a corner that does not exist": lambda arrays: {"triangles": arrays["triangles"] + np.int32(10**6)},
    "corners that are no whole numbers": lambda arrays: {"triangles": arrays["triangles"].astype(float)},
    "a map without places": lambda arrays: {"uvs": arrays["uvs"][:1]},
    "a part that does not exist": lambda arrays: {"part_ranges": arrays["part_ranges"] + np.int32(10**6)},
    "landmarks turned over": lambda arrays: {"landmark_barycentric": arrays["landmark_barycentric"].T},
    "half the landmarks": lambda arrays: {name: arrays[name][:34] for name in arrays if name.startswith("landmark")},
    "a region that is nowhere": lambda arrays: {"regions": np.zeros_like(arrays["regions"])},
    "names of nothing": lambda arrays: {"expression_names": arrays["expression_names"][:1]},
}


@pytest.mark.parametrize("fault", MODELS)
def test_a_model_whose_parts_do_not_fit_is_refused_before_a_fit(tmp_path, fault):
    from sampled import tiny_model

    model = tiny_model()
    arrays = arrays_of(replace(model, regions=dict.fromkeys(REGIONS, np.ones(len(model.mean), np.float32))))
    (tmp_path / "whole.npz").write_bytes(npz(arrays))
    assert load_morphable_model(tmp_path / "whole.npz").name == "whole"
    (tmp_path / "torn.npz").write_bytes(npz(arrays | MODELS[fault](arrays)))
    with pytest.raises(ModelError, match=r"torn\.npz is no morphable model of facetex: "):
        load_morphable_model(tmp_path / "torn.npz")


def test_landmarks_in_one_place_are_no_face_to_fit():
    from sampled import all_skin

    fitter = Registry().make("fitter", "landmarks", {})
    face = Face(np.array([0, 0, 64, 64], np.float32), np.full((68, 2), 32, np.float32), np.zeros((0, 2), np.float32), 1.0)
    with pytest.raises(PhotoError, match="landmarks all lie in one place"):
        fitter.fit([replace(all_skin(Photo(np.full((64, 64, 3), 0.3, np.float32))), face=face)])


def test_a_head_with_an_infinite_number_is_refused(tmp_path):
    text = json.dumps({"asset": {"version": "2.0"}, "accessors": [{"count": float("inf"), "componentType": 5126}]}).encode()
    text += b" " * (-len(text) % 4)
    sizes = [(20 + len(text)).to_bytes(4, "little"), len(text).to_bytes(4, "little")]
    (tmp_path / "head.glb").write_bytes(b"glTF\2\0\0\0" + sizes[0] + sizes[1] + b"JSON" + text)
    with pytest.raises(ConfigError, match="is not a head made by facetex"):
        read_head(tmp_path / "head.glb")
