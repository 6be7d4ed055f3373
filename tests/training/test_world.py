"""The world of rendered heads: made up whole here, without hair, photographed skins or panoramas."""

from dataclasses import replace
from functools import cache

import msgspec
import numpy as np
import pytest
from sampled import tiny_model
from training.common.loop import Machine
from training.common.steps import Run
from training.world.assets import mended
from training.world.check import errors, posed
from training.world.degrade import degraded
from training.world.figure import LABELS, Maker, Wardrobe
from training.world.light import Surroundings, made_up
from training.world.moods import draw_expression
from training.world.pieces import bound
from training.world.recipe import draw
from training.world.render import interpolated, shot
from training.world.render_raster import Raster, developed, picture
from training.world.settings import Settings
from training.world.shards import World, write_shard
from trainings import shipped_settings

from facetex_core.geometry.camera import project
from facetex_core.structures import MorphableModel


@cache
def model() -> MorphableModel:
    from training.common.portraits import basis

    return basis(with_colour=True)


@cache
def settings() -> Settings:
    return msgspec.structs.replace(shipped_settings("world", Settings), side=96, texels=128, heads=3)


@cache
def maker() -> Maker:
    return Maker(model(), Wardrobe.empty(), settings().texels)


@cache
def fields(number: int):
    return shot(maker(), number, settings())


def as_read(tmp_path, numbers=(0, 1, 2)) -> World:
    write_shard(tmp_path / "0000000.h5", (fields(number) for number in numbers), len(numbers))
    return World(tmp_path)


def test_the_same_number_makes_the_same_picture():
    again = shot(Maker(model(), Wardrobe.empty(), settings().texels), 1, settings())
    for name, value in fields(1).items():
        np.testing.assert_array_equal(value, again[name], err_msg=name)
    assert (fields(0)["picture"] != fields(1)["picture"]).any()


def test_two_views_of_a_head_share_the_person():
    views = msgspec.structs.replace(settings(), views=2)
    first, second, other = (draw(number, model(), views) for number in (4, 5, 6))
    np.testing.assert_array_equal(first.person.identity, second.person.identity)
    assert first.detail == second.detail
    assert first.pose != second.pose
    assert (first.person.identity != other.person.identity).any()


def test_depth_normals_and_places_are_those_of_the_head(tmp_path):
    for item in as_read(tmp_path):
        off = errors(model(), item)
        assert off["depth off the head (mm, 99 %)"] < 0.15  # 16 bits of depth, and of weights
        assert off["depth off its own place (mm, 99 %)"] < 0.25
        assert off["normals off depth (degrees, median)"] < 8  # pixels of 3 mm
        assert 0.05 < off["covered (share)"] < 0.95


def test_a_place_that_a_pixel_names_lies_in_that_pixel(tmp_path):
    item = as_read(tmp_path)[0]
    places = interpolated(posed(model(), item), model(), item)
    maker_camera = maker().figure(draw(0, model(), settings()), settings().side).camera
    hit = item["triangle"] >= 0
    rows, columns = np.nonzero(hit)
    seen = project(maker_camera, places[hit].astype(np.float32))
    np.testing.assert_allclose(seen, np.stack([columns, rows], 1) + 0.5, atol=0.15)  # weights have 16 bits


def test_points_lie_on_the_head_and_those_behind_it_are_not_seen(tmp_path):
    item = as_read(tmp_path)[1]
    assert item["points"].shape == (536, 2)
    seen = item["points"][item["seen"]].astype(int)
    assert len(seen) > 50
    assert (item["triangle"][seen[:, 1], seen[:, 0]] >= 0).mean() > 0.95  # those on the outline may be half a pixel outside
    turned = msgspec.structs.replace(settings(), yaw=0.0)
    recipe = replace(draw(0, model(), turned), glasses=None)
    back = replace(recipe, pose=replace(recipe.pose, yaw=180.0, pitch=0.0, roll=0.0))
    figure = maker().figure(back, 96)
    from training.world.buffers import seen_points

    _, hidden = seen_points(figure, Raster(figure).body, np.zeros((96, 96), np.float32))
    assert hidden.mean() < 0.1


def test_a_shard_is_read_by_fields_and_by_processes(tmp_path):
    import multiprocessing

    world = as_read(tmp_path)
    assert len(world) == 3
    some = World(tmp_path, ("picture", "identity"))
    assert set(some[2]) == {"picture", "identity"}
    np.testing.assert_array_equal(some[2]["picture"], fields(2)["picture"])
    with pytest.raises(IndexError):
        world[3]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        (read,) = pool.map(some.__getitem__, [1])
    np.testing.assert_array_equal(read["identity"], fields(1)["identity"])


def test_a_shard_that_fails_leaves_nothing(tmp_path):
    def failing():
        yield fields(0)
        raise RuntimeError("no light")

    with pytest.raises(RuntimeError, match="no light"):
        write_shard(tmp_path / "0000000.h5", failing(), 2)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_not_rendered_again(tmp_path):
    from training.world.shards import make_shard

    (tmp_path / "0000000.h5").write_bytes(b"there")
    make_shard(tmp_path / "0000000.h5", tmp_path / "no assets", settings(), 0, 2)
    assert (tmp_path / "0000000.h5").read_bytes() == b"there"


def test_no_face_does_two_things_at_once():
    names = model().expression_names
    rng, shares = np.random.default_rng(0), settings().shares
    drawn = np.stack([draw_expression(names, shares, rng) for _ in range(300)])
    assert (drawn >= 0).all()
    assert (drawn <= 1).all()
    of = {name: drawn[:, number] for number, name in enumerate(names)}
    for one, other in (("mouthSmileLeft", "mouthFrownLeft"), ("jawLeft", "jawRight"), ("eyeBlinkRight", "eyeWideRight")):
        assert (of[one] * of[other] == 0).all()
    assert (of["mouthClose"] <= of["jawOpen"]).all()
    assert (of["eyeLookInLeft"] == of["eyeLookOutRight"]).all()
    unused = {name for name in names if not of[name].any()}
    assert unused == set()


def test_glasses_and_cloth_are_labelled_and_cover():
    recipe = draw(0, model(), settings())
    worn = next(r for r in (draw(n, model(), settings()) for n in range(40)) if r.glasses is not None)
    recipe = replace(recipe, glasses=worn.glasses, cloth=(0.2, 0.2, 0.2), pose=replace(recipe.pose, yaw=0.0))
    figure = maker().figure(recipe, 96)
    rendered = Raster(figure).render()
    assert {"skin", "frame", "cloth", "background"} <= {LABELS[number] for number in np.unique(rendered.label)}
    assert rendered.cover.min() >= 0
    assert rendered.cover.max() <= 1


def test_a_lamp_in_front_of_the_face_lights_it_and_one_behind_does_not():
    recipe = replace(draw(0, model(), settings()), glasses=None, hair=None)
    figure = maker().figure(replace(recipe, pose=replace(recipe.pose, yaw=0.0, pitch=0.0)), 96)
    rgb = np.full((36, 72, 3), 0.01, np.float32)
    rgb[16:20, 34:38] = 50
    mean = {}
    for turn in (0.0, 0.5):
        raster = Raster(replace(figure, light=Surroundings(rgb, rgb, turn)))
        came, _ = raster.body_light
        mean[turn] = came[maker().face].mean()
    assert mean[0.0] > 8 * mean[0.5]


def test_lamps_and_harmonics_of_made_up_light_agree():
    light = Surroundings(made_up(np.random.default_rng(3)), np.zeros((1, 1, 3), np.float32), 0.3)
    lamps = light.lamps(np.random.default_rng(0))
    from facetex_core.lighting.harmonics import harmonics

    ways = np.eye(3, dtype=np.float32)
    by_lamps = np.maximum(ways @ lamps.ways.T, 0) @ lamps.power
    np.testing.assert_allclose(by_lamps, harmonics(ways) @ light.harmonics(), rtol=0.35, atol=0.05)  # 60 lamps


def test_development_keeps_darks_and_presses_lights():
    np.testing.assert_allclose(developed(np.float32([0, 0.3, 0.6])), [0, 0.3, 0.6], atol=1e-6)
    assert 0.9 < developed(np.float32([2.0]))[0] < 1


def test_degraded_pictures_stay_pictures():
    shares = msgspec.structs.replace(settings().degradation, blur=1.0, downscale=1.0, noise=1.0, jpeg=1.0, grey=1.0)
    for seed in range(5):
        spoiled = degraded(fields(0)["picture"], shares, np.random.default_rng(seed))
        assert spoiled.dtype == np.uint8
        assert spoiled.shape == fields(0)["picture"].shape
    none = msgspec.structs.replace(shares, blur=0.0, downscale=0.0, noise=0.0, jpeg=0.0, grey=0.0)
    np.testing.assert_array_equal(degraded(fields(0)["picture"], none, np.random.default_rng(0)), fields(0)["picture"])


def test_hair_of_a_piece_covers_what_is_under_it():
    head, count = model(), 40
    some = np.flatnonzero(head.regions["face"] > 0.9)[:count]
    sheet = np.float32([[-0.1, -0.1, 0.2], [0.1, -0.1, 0.2], [0, 0.15, 0.2]])
    solid = np.full((4, 4, 4), 255, np.uint8)
    piece = bound("hair", sheet, np.int32([[0, 1, 2]]), np.full((1, 3, 2), 0.5, np.float32), solid, head)
    recipe = replace(draw(0, head, settings()), hair=0.0, pose=replace(draw(0, head, settings()).pose, yaw=0.0, pitch=0.0))
    wardrobe = replace(Wardrobe.empty(), pieces={"hair": [piece]})
    figure = replace(maker().figure(recipe, 96), worn=tuple(Maker(head, wardrobe, 128)._pieces(recipe, head.mean)))
    rendered = Raster(figure).render()
    assert len(some) == count
    assert (rendered.label == LABELS.index("hair")).mean() > 0.02
    assert rendered.cover[rendered.label == LABELS.index("hair"), 1].min() > 0.5


def test_a_small_model_of_another_topology_is_rendered():
    own = Maker(tiny_model(), Wardrobe.empty(), 128)
    figure = own.figure(replace(draw(0, own.model, settings()), glasses=None), 64)
    linear, cover = picture(Raster(figure), Raster(figure).render())
    assert np.isfinite(linear).all()
    assert 0.02 < cover.mean() < 1


def test_both_renderers_cover_the_same_pixels():
    pytest.importorskip("mitsuba", reason="needs mitsuba: pip install mitsuba")
    from training.world.render_mitsuba import traced

    raster = Raster(maker().figure(draw(1, model(), settings()), 64))
    rendered = raster.render()
    (fast, covered), (slow, shown) = picture(raster, rendered), traced(raster, rendered, 9)
    assert (np.abs(covered - shown) < 0.2).mean() > 0.99
    inside = covered > 0.99
    assert abs(fast[inside].mean() - slow[inside].mean()) < 0.15


def test_all_of_it_is_rendered_from_the_shared_files(shared, tmp_path):
    run = Run(msgspec.structs.replace(settings(), heads=2, shard=2), tmp_path, "world", Machine("cpu", 0))
    folder = run.work / "assets"
    folder.mkdir()
    from training.common.data import DATA
    from training.world.assets import FINER, ROWS, read_panorama
    from training.world.shards import render

    np.save(folder / "targets.npy", np.full((1, 2, len(model().mean), 3), 0.001, np.float16))
    np.save(folder / "skins.npy", np.full((1, 512, 512, 3), 150, np.uint8))
    np.save(folder / "panoramas.npy", mended(read_panorama(next((DATA / "hdri/train").glob("*.hdr")), FINER * ROWS))[None])
    render(run)
    assert len(World(run.work / "shards")) == 2
    assert shared.is_dir()
