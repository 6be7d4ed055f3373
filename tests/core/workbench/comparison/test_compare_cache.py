"""The content cache: what is kept is what was made, keys tell all that matters, and nothing half or damaged is believed."""

# ruff: noqa: ARG002  # a toy looks at less than a stage is given

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cached_work import Brighter, opened, stage, work, zoo  # noqa: F401  # fixtures are used by their names
from same_values import same
from sampled import tiny_fit, tiny_head, tiny_model, tiny_texture, view_of

from facetex_core import Fit, PhotoError, PluginError, Registry, hookimpl, warn
from facetex_core.parts.eyes import paint_parts
from facetex_core.structures import Photo
from facetex_core.texture.unwrap import unwrap
from facetex_core.workbench.comparison.cache import Cache
from facetex_core.workbench.comparison.cache_folder import STALE
from facetex_core.workbench.comparison.stage_cache import identity_of


def test_what_was_made_is_not_made_again_and_is_the_same(tmp_path, zoo, stage):
    made = work(opened(tmp_path, zoo, stage), stage)
    again = opened(tmp_path, zoo, other := Brighter(zoo))
    found = work(again, other)
    assert (stage.calls, other.calls) == (1, 0)
    same(found, made)
    assert again.made.total() == 0
    assert again.models == {"net": hashlib.sha256(b"weights").hexdigest()}


def test_efforts_are_those_of_the_one_real_run(tmp_path, zoo, stage):
    first = opened(tmp_path, zoo, stage)
    work(first, stage)
    again = opened(tmp_path, zoo, stage)
    work(again, stage)
    assert again.uses == first.uses
    assert first.uses[0].effort.seconds > 0


CHANGES = {
    "option": (lambda texture: texture, lambda fit: fit, {"times": 3}),
    "texel": (lambda texture: replace(texture, rgb=texture.rgb + np.float32(1e-7)), lambda fit: fit, {}),
    "size": (lambda _: tiny_texture(32), lambda fit: fit, {}),
    "coefficient": (lambda texture: texture, lambda fit: replace(fit, identity=fit.identity + np.float32(1e-6)), {}),
    "camera": (lambda texture: texture, lambda fit: replace(fit, camera=replace(fit.camera, size=(161, 200))), {}),
    "name of a residual": (lambda texture: texture, lambda fit: replace(fit, residuals={"other": 0.5}), {}),
    "model": (lambda texture: texture, lambda fit: replace(fit, model=replace(fit.model, name="other")), {}),
}


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_changes_is_made_anew(tmp_path, zoo, stage, what):
    work(opened(tmp_path, zoo, stage), stage)
    texture, fit, identity = CHANGES[what]
    work(opened(tmp_path, zoo, stage, **identity), stage, texture(tiny_texture()), fit(tiny_fit()))
    assert stage.calls == 2


def test_a_changed_model_file_makes_the_work_anew(tmp_path, zoo, stage):
    work(opened(tmp_path, zoo, stage), stage)
    zoo.file.write_bytes(b"better weights")
    work(opened(tmp_path, zoo, stage), stage)
    assert stage.calls == 2
    zoo.file.unlink()
    assert opened(tmp_path, zoo, stage)._hold({"net": "x"}) is False


def test_equal_models_become_one_object(tmp_path, zoo):
    cache = Cache(tmp_path / "cache", zoo)
    first, second = (cache.once(fitted, name) for name in ("one", "other"))
    assert first.model is second.model
    assert len(list((tmp_path / "cache").rglob("*.model"))) == 1


def fitted(model: str = "") -> Fit:
    """A function of the core, it says; models of equal content are different objects."""
    return replace(tiny_fit(), model=replace(tiny_model()))


fitted.__module__ = "facetex_core.somewhere"


def entries(tmp_path):
    return sorted((tmp_path / "cache").rglob("*.delighter"))


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.999])
def test_a_flipped_bit_is_noticed_wherever_it_is(tmp_path, zoo, stage, share):
    made = work(opened(tmp_path, zoo, stage), stage)
    (entry,) = entries(tmp_path)
    content = bytearray(entry.read_bytes())
    content[int(share * len(content))] ^= 16
    entry.write_bytes(content)
    same(work(opened(tmp_path, zoo, stage), stage), made)
    assert stage.calls == 2


@pytest.mark.parametrize("length", [0, 20, 32, 33, 5000])
def test_a_half_entry_is_noticed(tmp_path, zoo, stage, length):
    work(opened(tmp_path, zoo, stage), stage)
    (entry,) = entries(tmp_path)
    entry.write_bytes(entry.read_bytes()[:length])
    work(opened(tmp_path, zoo, stage), stage)
    assert stage.calls == 2


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"nothing")])
def test_a_missing_morphable_model_makes_the_work_anew(tmp_path, zoo, damage):
    Cache(tmp_path / "cache", zoo).once(fitted)
    (kept,) = (tmp_path / "cache").rglob("*.model")
    damage(kept)
    again = Cache(tmp_path / "cache", zoo)
    same(again.once(fitted), tiny_fit())
    assert again.made == {"fitted": 1}
    assert len(kept.read_bytes()) > 10_000


def test_what_killed_processes_left_is_swept_when_it_is_old(tmp_path, zoo, stage):
    work(opened(tmp_path, zoo, stage), stage)
    folder = entries(tmp_path)[0].parent
    old, new = folder / ".x.delighter.0.part", folder / ".y.delighter.0.part"
    for half in (old, new):
        half.write_bytes(b"half")
    os.utime(old, (0, old.stat().st_mtime - 2 * STALE))
    opened(tmp_path, zoo, stage)
    assert (old.exists(), new.exists()) == (False, True)


def test_errors_are_not_kept_and_warnings_before_them_are_heard(tmp_path, zoo, said):
    class Refusing:
        calls = 0

        def delight(self, view):
            self.calls += 1
            warn("nearly")
            raise PhotoError("no")

    stage = Refusing()
    cache = opened(tmp_path, zoo, stage)
    for _ in range(2):
        with pytest.raises(PhotoError, match="no"):
            cache.once(stage.delight, view_of(tiny_texture()))
    assert stage.calls == 2
    assert said == ["nearly"] * 2


def test_what_a_stage_must_not_make_is_its_authors_affair(tmp_path, zoo):
    class Strange:
        def delight(self, view):
            return {1, 2}

    stage = Strange()
    with pytest.raises(PluginError, match="what delighter made cannot be cached: set is none of facetex's values"):
        opened(tmp_path, zoo, stage).once(stage.delight, view_of(tiny_texture()))


def test_work_of_which_nothing_is_known_is_done_every_time(tmp_path, zoo, stage):
    cache = Cache(tmp_path / "cache", zoo)
    for number in (1, 2):
        work(cache, stage)
        assert stage.calls == number
        assert cache.once(lambda value=number: value) == number


def test_functions_of_the_core_are_told_apart(tmp_path, zoo):
    cache = Cache(tmp_path / "cache", zoo)
    head = tiny_head()
    cache.once(paint_parts, head.fit.model, head.albedo, {})
    photo = Photo(np.full((200, 160, 3), 0.5, np.float32))
    cache.once(unwrap, photo, head.fit, np.ones((200, 160), np.float32), 32)
    assert cache.made == {"paint_parts": 1, "unwrap": 1}


def test_an_identity_holds_every_option_and_what_is_in_its_files(tmp_path):
    class Plugin:
        api_version = 2

        @staticmethod
        @hookimpl
        def delighters():
            return {"soft": Soft}

    registry = Registry(Plugin(), installed=False)
    offer = registry.find("delighter", "soft")
    file = tmp_path / "table.txt"
    found = []
    table = {"table": str(file)}
    for text, given in (("one", {}), ("one", {"strength": "2"}), ("one", {"strength": 2.0}), ("two", table), ("one", table)):
        file.write_text(text, "utf-8")
        found.append(identity_of(offer, given))
    assert found[0]["options"] == {"strength": "1.0", "table": "''"}
    assert found[1] == found[2], "a value is what it is read as"
    assert found[3] != found[4], "another content is another table"
    assert found[0]["code"] == found[1]["code"]


class Soft:
    """Does nothing, softly."""

    def __init__(self, strength: float = 1.0, table: str = "") -> None:
        self.strength, self.table = strength, table

    def delight(self, view):
        return view.lit
