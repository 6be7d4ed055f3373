"""Tiles give the gradient of the whole; out of memory is survived; own detail is a good start."""

import json
from dataclasses import replace
from types import SimpleNamespace

import facetex_model_zoo as zoo
import numpy as np
import pytest
import torch
from facetex_cli.main import main
from facetex_plugins.describe import vgg19
from facetex_plugins.synthesize.gram import GramSynthesizer, with_own_detail
from facetex_plugins.synthesize.texture import objective
from facetex_plugins.synthesize.texture.gram_match import correlations_of, match_correlations, to_pixels, to_plane
from facetex_plugins.synthesize.texture.lbfgs import lbfgs
from facetex_plugins.synthesize.texture.objective import Objective, bfloat16_is_fast, free_memory, out_of_memory
from facetex_plugins.synthesize.texture.onnx_torch import read_network
from foreign import true_vgg19
from numpy.testing import assert_allclose
from PIL import Image
from sampled import aim, tiny_appearance, tiny_fit, tiny_texture, view_of
from skimage import data

from facetex_core import Texture
from facetex_core.descriptors.correlations import relative_error
from facetex_core.progress import listening
from facetex_core.texture.expected_albedo import expected_albedo
from facetex_core.texture.regions import face_slices, region

LAYERS = ("conv1_1", "conv2_1", "conv3_1")
HEIGHT, WIDTH = 104, 136


@pytest.fixture(params=["descriptor", "descriptor to conv4_1", "vgg19"])
def network(request):
    """Ours, with a layer that sees further, and the user's."""
    if request.param == "vgg19":
        path = request.getfixturevalue("tmp_path") / "vgg19.onnx"
        vgg19.take_in(true_vgg19(request.getfixturevalue("shared")), path)
        return read_network(path, LAYERS)
    return read_network(zoo.model_path("descriptor"), LAYERS + ("conv4_1",) * ("conv4_1" in request.param))


@pytest.fixture(scope="module")
def small():
    return read_network(zoo.model_path("descriptor"), LAYERS)


def noise(seed, height=HEIGHT, width=WIDTH):
    """Skin with coarse and fine noise."""
    generator = np.random.default_rng(seed)
    coarse = generator.uniform(0.6, 1.4, (-(-height // 16), -(-width // 16), 3)).repeat(16, 0).repeat(16, 1)
    fine = generator.uniform(0.8, 1.2, (height, width, 1))
    return np.clip(np.array([0.45, 0.28, 0.2]) * coarse[:height, :width] * fine, 0, 1).astype(np.float32)


def soft_window(height=HEIGHT, width=WIDTH):
    """Nothing on the left, then more and more."""
    return np.broadcast_to(np.clip(np.linspace(-0.3, 1.2, width), 0, 1), (height, width)).astype(np.float32)


def wanted_of(network, seed=2):
    return correlations_of(network, "descriptor", noise(seed), soft_window())


def evaluated(network, **options):
    loss = Objective(network, wanted_of(network), to_plane(soft_window(), network), **options)
    return loss, *loss(to_pixels(noise(1), network))


@pytest.mark.parametrize("side", [32, 40, 56, 100])
def test_tiles_give_the_whole_s_loss_and_gradient(network, side):
    """Neither 104 nor 136 is a multiple of most of these.

    Kernels are chosen by size and processor, and round otherwise: a rectifier near 0 may open in one and not in the other.
    """
    whole, loss, gradient = evaluated(network)
    tiled, loss_by_tiles, gradient_by_tiles = evaluated(network, tile=side)
    assert whole.whole
    assert not tiled.whole
    assert loss > 0.01
    assert loss_by_tiles == pytest.approx(loss, rel=1e-4)
    assert float((gradient_by_tiles - gradient).norm()) < 1e-3 * float(gradient.norm())
    assert float((gradient_by_tiles - gradient).abs().max()) < 1e-3 * float(gradient.abs().max())


def test_tiles_without_their_surroundings_would_not(network):
    _, _, gradient = evaluated(network)
    blind = Objective(replace(network, receptive_field=0), wanted_of(network), to_plane(soft_window(), network), tile=40)
    assert float((blind(to_pixels(noise(1), network))[1] - gradient).norm()) > 1e-2 * float(gradient.norm())


def test_the_gradient_is_the_loss_s(network):
    window = to_plane(soft_window(), network)
    loss = Objective(network, wanted_of(network), window, tile=48)
    picture = to_pixels(noise(1), network)
    _, gradient = loss(picture)
    along = gradient / gradient.norm()
    up, down = (loss(picture + step * along)[0] for step in (0.02, -0.02))
    assert (up - down) / 0.04 == pytest.approx(float(gradient.norm()), rel=0.02)


def test_a_position_sees_as_far_as_the_network_says(network):
    picture = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(0), requires_grad=True)
    deepest = list(network(picture).values())[-1]
    (seen,) = torch.autograd.grad(deepest[0, :, 8, 8].abs().sum(), picture)
    rows = torch.nonzero(seen.abs().sum((0, 1, 3)))[:, 0]
    place = 8 * 256 // deepest.shape[-1]
    assert place - network.receptive_field <= int(rows.min()) < place
    assert place < int(rows.max()) <= place + 256 // deepest.shape[-1] + network.receptive_field


def test_half_precision_points_the_same_way(network):
    _, loss, gradient = evaluated(network)
    _, halved, gradient_halved = evaluated(network, half=True)
    assert halved == pytest.approx(loss, rel=0.05)
    assert float((gradient * gradient_halved).sum()) > 0.97 * float(gradient.norm() * gradient_halved.norm())
    assert isinstance(bfloat16_is_fast("cpu"), bool)


def test_tiles_are_taken_where_the_whole_would_not_fit(small, monkeypatch):
    assert free_memory("cpu") > 1e8
    assert evaluated(small)[0].whole
    monkeypatch.setattr(objective, "free_memory", lambda _: 4e6)
    monkeypatch.setattr(objective, "TILE", 64)
    assert not evaluated(small)[0].whole


def cramped(network, most):
    """A network that has no room for more than so many texels."""

    def run(pixels):
        if pixels.shape[-1] * pixels.shape[-2] > most:
            raise torch.OutOfMemoryError("no room")
        return network(pixels)

    return replace(network, run=run)


def test_out_of_memory_goes_on_with_tiles_and_says_so(small, said):
    picture, window = to_pixels(noise(1), small), to_plane(soft_window(), small)
    loss, gradient = Objective(small, wanted_of(small), window)(picture)
    tight = Objective(cramped(small, 10_000), wanted_of(small), window)
    found, gradient_found = tight(picture)
    assert said == ["out of memory: the synthesis goes on with tiles of 68 texels"]
    assert found == pytest.approx(loss, rel=1e-4)
    assert float((gradient - gradient_found).norm()) < 1e-4 * float(gradient.norm())


def test_where_even_the_smallest_tile_has_no_room_it_ends(small, said):
    tight = Objective(cramped(small, 10), wanted_of(small), to_plane(soft_window(), small))
    with pytest.raises(MemoryError):
        tight(to_pixels(noise(1), small))
    assert all("tiles of" in line for line in said)
    assert said


def test_torch_s_own_words_for_no_memory_are_understood():
    with pytest.raises(RuntimeError) as error:
        torch.zeros(1 << 50)
    assert out_of_memory(error.value)
    assert not out_of_memory(RuntimeError("shapes do not match"))


def test_other_errors_of_torch_are_not_taken_for_it(small):
    other = Objective(small, wanted_of(small), to_plane(soft_window(), small))
    with pytest.raises(RuntimeError, match="channels"):
        other(torch.zeros(1, 2, HEIGHT, WIDTH))


@pytest.mark.parametrize("shape", [(50, 70), (67, 61), (48, 51)])
def test_sides_that_are_no_multiple_of_what_the_network_needs_do(small, shape):
    start, ones = np.full((*shape, 3), (0.45, 0.28, 0.2), np.float32), np.ones(shape, np.float32)
    wanted = correlations_of(small, "descriptor", noise(3, *shape), ones)

    def off(rgb):
        return sum(error**2 for error in relative_error(correlations_of(small, "descriptor", rgb, ones), wanted).values())

    found = match_correlations(small, start, ones, ones, wanted, iterations=8)
    assert found.shape == start.shape
    assert off(found) < 0.5 * off(start)


def bowl(point):
    """A quadratic of very different curvatures."""
    scale = torch.logspace(-2, 2, len(point))
    return float((scale * (point - 1).square()).sum()), 2 * scale * (point - 1)


def test_the_descent_finds_a_minimum_and_never_rises():
    counts = range(0, 60, 6)
    losses = [bowl(lbfgs(bowl, torch.zeros(20), iterations=count, first_step=0.01))[0] for count in counts]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 1e-3 * losses[0]


def test_the_descent_ends_where_there_is_no_way_down():
    steps = []
    told = lambda *step: steps.append(step)  # noqa: E731
    flat = lbfgs(lambda x: (1.0, torch.zeros_like(x)), torch.ones(3), iterations=5, first_step=1.0, progress=told)
    assert steps == []
    assert_allclose(flat, 1)


def test_an_interruption_keeps_the_last_good_point(said):
    def stop(done, _):
        if done == 7:
            raise KeyboardInterrupt

    found = lbfgs(bowl, torch.zeros(20), iterations=50, first_step=0.01, progress=stop)
    assert said == ["synthesis interrupted after 7 of 50 iterations: the texture is partial"]
    expected = lbfgs(bowl, torch.zeros(20), iterations=7, first_step=0.01)
    assert_allclose(found, expected, rtol=0)


def seen_side(size=256):
    """The left half of a face with pores."""
    texture = tiny_texture(size)
    return Texture((texture.rgb * (texture.visibility > 0)[..., None]).astype(np.float32), texture.visibility)


def test_the_start_has_own_detail_its_mirror_and_the_low_frequency():
    fit, albedo = tiny_fit(), seen_side()
    box = face_slices(fit.model, 256)
    layout = expected_albedo(tiny_appearance(), 256)[box]
    detail = np.log(with_own_detail(layout, albedo, fit) / layout)
    seen = albedo.visibility[box] > 0
    pores = np.log(tiny_texture(256).rgb[box])
    pores -= pores.mean((0, 1))
    assert np.corrcoef(detail[seen].ravel(), pores[seen].ravel())[0, 1] > 0.9
    assert_allclose(detail, detail[:, ::-1], atol=2e-3)
    assert np.abs(detail.mean((0, 1))).max() < 2e-3


@pytest.mark.parametrize("schedule", ["fast", "published"])
def test_both_schedules_come_nearer_and_end_when_near_enough(small, schedule):
    wanted = wanted_of(small)
    fit, steps = tiny_fit(), []
    given = view_of(seen_side(), fit), aim(wanted)
    with listening(lambda *step: steps.append(step)):
        far = GramSynthesizer(4, schedule, enough=0).synthesize(*given, np.random.default_rng(0))
    assert steps == [(step, 4) for step in range(1, 5)]
    steps.clear()
    with listening(lambda *step: steps.append(step)):
        near = GramSynthesizer(200, schedule, enough=0.2).synthesize(*given, np.random.default_rng(0))
    assert 4 < len(steps) < 200
    box, face = face_slices(fit.model, 256), region(fit.model, "face", 256)[face_slices(fit.model, 256)]
    off = [relative_error(correlations_of(small, "descriptor", t.rgb[box].copy(), face), wanted) for t in (far, near)]
    assert sum(error**2 for error in off[1].values()) < min(0.3, sum(error**2 for error in off[0].values()))


def astronaut(folder):
    path = folder / "astronaut.png"
    Image.fromarray(data.astronaut()).save(path)
    return str(path)


def test_a_bank_of_vgg19_is_built_and_synthesised_by(shared, tmp_path, monkeypatch):
    monkeypatch.setenv("FACETEX_HOME", str(tmp_path / "home"))
    assert main(["zoo", "add", "vgg19", str(true_vgg19(shared))]) == 0
    portraits = tmp_path / "portraits"
    portraits.mkdir()
    for photo in sorted((shared / "data/photos/bank").glob("*.jpg"))[10:14]:
        (portraits / photo.name).symlink_to(photo)
    bank = str(tmp_path / "vgg19.bank")
    words = ["--descriptor", "vgg19", "--size", "256", "--jobs", "1", "-q"]
    assert main(["bank", "build", str(portraits), "-o", bank, *words]) == 0
    for synthesizer in ("gram", "complete"):
        words = ["--descriptor", "vgg19", "--bank", bank, "--synthesizer", synthesizer, "--size", "256"]
        words += ["--set", f"synthesizer.{'match_' * (synthesizer == 'complete')}iterations=2"]
        assert main(["run", astronaut(tmp_path), "-o", str(tmp_path / synthesizer), *words]) == 0
        assert "vgg19" in json.loads((tmp_path / synthesizer / "facetex.json").read_text("utf-8"))["models"]


@pytest.mark.parametrize(("half", "most"), [(False, 9), (True, 19)])
def test_the_whole_is_taken_where_it_needs_less_than_half_of_the_free_memory(monkeypatch, half, most):
    monkeypatch.setattr(objective, "free_memory", lambda _device: 1600.0)
    needs = SimpleNamespace(network=SimpleNamespace(activations=10, device="cpu"), half=half)  # 80 or 40 bytes a texel
    assert [Objective._fits(needs, texels) for texels in (most, most + 1)] == [True, False]
