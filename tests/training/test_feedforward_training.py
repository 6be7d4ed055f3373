"""The training of the decoder of hidden skin."""

import numpy as np
import onnxruntime
import pytest
import torch
from facetex_plugins.synthesize.texture.decoder import Decoder as Shipped
from PIL import Image
from training.common.export import load
from training.common.log import read
from training.common.portraits import each_portrait
from training.feedforward import data, examples
from training.feedforward.data import Settings, drawn, face_maps, window, write_person
from training.feedforward.eval import report
from training.feedforward.examples import Faces, read_person, together
from training.feedforward.net import LAYERS, PLANES, Decoder, sources
from training.feedforward.train import FILE, export, train
from trainings import SCHEDULE, shipped_settings, short_run

from facetex_core.io.photo_file import example_photo

SIDE, CROP = 144, 128
"""Texels of the window, and of what is learned at a time."""
SETTINGS = Settings(people=8, measured=1, batch=2, judged=1, train=SCHEDULE)


def correlations(rng, channels):
    mixed = rng.standard_normal((channels, 2 * channels)).astype(np.float32)
    return mixed @ mixed.T / (2 * channels)


def write_people(folder, count=8):
    """Faces of noise, one half hidden, whose given texture is too faint; of one in two parts there is a blend."""
    rng = np.random.default_rng(0)
    (folder / "people").mkdir()
    plain_skin = np.repeat(np.float32([0, 0, 0, 0, 1]), SIDE * SIDE).reshape(5, SIDE, SIDE)
    np.save(folder / "face.npy", plain_skin)
    for number in range(count):
        pores = 0.06 * np.repeat(rng.standard_normal((SIDE, SIDE, 1)), 3, -1)
        face = {
            "rgb": (0.3 * np.exp(pores)).astype(np.float16),
            "visibility": np.ones((SIDE, SIDE), np.float16),
        }
        for part in ("right from left", "drawn 0"):
            hidden = np.zeros((SIDE, SIDE), bool)
            hidden[:, SIDE // 2 :] = True
            made = {
                "base": np.full((SIDE // 4, SIDE // 4, 3), np.log(0.3), np.float16),
                "own": np.where(hidden, 0, 255).astype(np.uint8),
                "hidden": hidden,
                "grain": 0.01 * rng.standard_normal((SIDE, SIDE)).astype(np.float16),
                "gain": np.ones(3, np.float32),
            }
            if not part.startswith("drawn"):
                made |= {f"wanted {layer}": correlations(rng, channels) for layer, channels in LAYERS.items()}
            face |= {f"{part}/{key}": value for key, value in made.items()}
        np.savez(folder / "people" / f"{number:02}.npz", **face)


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(examples, "CROP", CROP)
    run = short_run("feedforward", SETTINGS, tmp_path)
    write_people(run.work)
    return run


def test_twenty_steps_learn_and_are_written(run, capsys):
    train(run)
    export(run)
    first, last = (row["held out loss"] for row in read(run.work / "log.jsonl") if "held out loss" in row)
    assert last < first  # of the same examples: those that are drawn differ more than twenty steps learn
    decoder = Shipped(run.work / FILE)
    assert decoder.layers == tuple(LAYERS)
    net, rng = Decoder(), np.random.default_rng(1)
    load(net, run.work / "weights.npz")
    maps, noise = torch.rand(1, sum(PLANES), 64, 96), torch.rand(1, 1, 64, 96)
    wanted = {layer: torch.from_numpy(correlations(rng, channels))[None] for layer, channels in LAYERS.items()}
    session = onnxruntime.InferenceSession(run.work / FILE, providers=["CPUExecutionProvider"])
    given = {"maps": maps, "noise": noise, **wanted}
    (theirs,) = session.run(["detail"], {name: value.numpy() for name, value in given.items()})
    with torch.no_grad():
        np.testing.assert_allclose(net.eval()(maps, noise, wanted).numpy(), theirs, atol=5e-3)  # weights in half precision
    capsys.readouterr()
    report(run)
    words = capsys.readouterr().out
    assert words.startswith("feedforward.onnx: the one made here\n1 people; correlation, centred, feature")
    assert "right from left    plain      1" in words


def test_a_seventh_of_the_people_is_held_out(run):
    assert len(Faces(run.work, held_out=True).people) == 2
    assert len(Faces(run.work, held_out=False).people) == 6


def test_a_batch_follows_from_its_rng_alone(run):
    faces = Faces(run.work, held_out=False)
    one, again, other = (faces.batch(3, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one["maps"].shape == (3, sum(PLANES), CROP, CROP)
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not torch.equal(one["maps"], other["maps"])


def test_what_is_hidden_is_not_given(run):
    (example,) = list(Faces(run.work, held_out=True).part("right from left"))[:1]
    seen, own = example.maps[3:6], example.maps[6]
    assert not seen[:, :, SIDE // 2 :].any()
    assert not own[:, SIDE // 2 :].any()
    assert example.truth[:, :, SIDE // 2 :].any()
    assert together([example], np.random.default_rng(0))["given"].all()


def test_an_untrained_decoder_gives_the_sum_of_its_sources(run):
    batch = Faces(run.work, held_out=True).batch(1, np.random.default_rng(0))
    torch.manual_seed(0)
    with torch.no_grad():
        detail = Decoder()(batch["maps"], batch["noise"], {layer: batch[layer] for layer in LAYERS})
    np.testing.assert_allclose(detail, torch.stack(sources(batch["maps"])).sum(0), atol=0.02)


def test_without_the_data_one_line_says_what_makes_them(tmp_path):
    with pytest.raises(Exception, match=r"python -m training\.feedforward data"):
        Faces(tmp_path, held_out=False)


def test_a_portrait_becomes_examples(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "SPLITS", {"centre": data.SPLITS["centre"]})
    monkeypatch.setattr(data, "DRAWN", 1)
    (tmp_path / "photos").mkdir()
    Image.fromarray((example_photo().rgb * 255).round().astype(np.uint8)).save(tmp_path / "photos/astronaut.png")
    each_portrait(write_person, tmp_path / "photos", tmp_path / "people", 1)
    face, parts = read_person(tmp_path / "people/astronaut.npz")
    model = data.basis(with_colour=True)
    assert face_maps(model).shape[1:] == face["rgb"].shape[:2] == face["visibility"].shape
    assert {"base", "own", "hidden", "grain", "gain", "wanted conv1_1"} <= set(parts["centre"])
    hidden = parts["centre"]["hidden"]
    assert hidden.shape == face["visibility"].shape == tuple(part.stop - part.start for part in window(model))
    assert not parts["centre"]["own"][hidden].any()


def test_what_is_drawn_hides_some_and_leaves_some():
    rng = np.random.default_rng(0)
    shares = [drawn(rng).mean() for _ in range(20)]
    assert min(shares) > 0
    assert max(shares) < 1


def test_the_settings_are_read():
    assert shipped_settings("feedforward", Settings).train.clip == 1
