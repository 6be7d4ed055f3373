"""The door: what goes to a stage is locked and stays what it was, and every call is seen. test_breaches.py: what comes back."""

# a toy looks at less than a stage is given

from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType, SimpleNamespace

import numpy as np
import pytest
import toy_stages as toys
from door_calls import called
from sampled import all_skin, tiny_fit, tiny_model, tiny_texture

from facetex_core import Photo, PluginError, promise
from facetex_core.boundary import guard, session, step
from facetex_core.stages import STAGES, verb_of
from facetex_core.structures import Descriptor, MorphableModel
from facetex_core.values import locked

PHOTO = Photo(np.full((24, 32, 3), 0.4, np.float32), "a.jpg")
FACE = all_skin(PHOTO).face
GREY = Descriptor("net", {"a": np.eye(3, dtype=np.float32)}, {"a": 1.0})


def test_every_array_and_mapping_inside_is_locked_and_nothing_is_copied():
    own, head = np.zeros(3), tiny_texture()
    given = ({"a": own, "b": [own, {"c": own}]}, head)
    (mapping, texture) = locked(given)
    assert isinstance(mapping, MappingProxyType)
    assert isinstance(mapping["b"], tuple)
    for array in (mapping["a"], mapping["b"][0], mapping["b"][1]["c"], texture.rgb, texture.visibility):
        assert not array.flags.writeable
    assert all(np.shares_memory(array, own) for array in (mapping["a"], mapping["b"][0], mapping["b"][1]["c"]))
    own[0] = 1
    assert mapping["a"][0] == 1
    assert own.flags.writeable
    with pytest.raises(TypeError, match="mappingproxy"):
        mapping["a"] = 0


def test_what_is_locked_already_is_the_same_object():
    given = locked({"a": (np.zeros(3), tiny_texture())})
    assert locked(given) is given


def test_a_model_has_one_locked_twin():
    model = replace(tiny_model(), mean=np.array(tiny_model().mean))
    twin = locked(replace(tiny_fit(), model=model)).model
    assert twin is not model
    assert locked(model) is twin
    assert locked(twin) is twin
    assert model.mean.flags.writeable
    assert not twin.mean.flags.writeable


def brighter(photo, face):
    photo.rgb[0] = 1
    return photo


def renamed(photo, face):
    photo.name = "b.jpg"
    return photo


def added(observed, exemplars):
    observed.support["b"] = 1.0


WRITES = {
    "array": ("restorer", brighter, (PHOTO, FACE), "(assignment destination is read-only)"),
    "noun": ("restorer", renamed, (PHOTO, FACE), "(cannot assign to field 'name')"),
    "mapping": ("blend_solver", added, (GREY, [GREY]), "('mappingproxy' object"),
}


@pytest.mark.parametrize("kind", WRITES)
def test_whoever_writes_into_what_it_was_given_is_told_to_copy_first(kind):
    role, work, given, words = WRITES[kind]
    with pytest.raises(PluginError) as error:
        called(role, work, given)
    title, told = f"{role.replace('_', ' ')} 'faulty' of plugin 'Plugin' (in-process)", "changes its input"
    assert str(error.value).startswith(f"{title}: {verb_of(role)}() {told} {words}")
    assert "copy first: np.array(values) of an array, dict(values) of a mapping, dataclasses.replace" in str(error.value)
    assert PHOTO.name == "a.jpg"
    assert PHOTO.rgb.max() < 1


@pytest.mark.parametrize("error", [ValueError("negative"), TypeError("no such thing"), ZeroDivisionError("a bug")], ids=repr)
def test_a_stage_s_own_error_comes_through_as_it_is(error):
    def work(photo):
        raise error

    with pytest.raises(type(error)) as found:
        called("detector", work, (PHOTO,))
    assert found.value is error


def test_a_writeable_view_of_an_argument_is_refused_and_the_locked_one_is_taken():
    """Through it a stage could change the pipeline's values later; an array that owns its memory was the plugin's before."""
    own = np.full((24, 32, 3), 0.4, np.float32)
    words = r"restore\(\)\.rgb: expected an array of its own, or the unchanged read-only input; found a writeable view of"
    with pytest.raises(PluginError, match=words):
        called("restorer", lambda *_: Photo(own[:], "a.jpg"), (Photo(own, "a.jpg"), FACE))
    assert called("restorer", lambda *_: Photo(own, "a.jpg"), (Photo(own, "a.jpg"), FACE)).rgb is own
    found = called("restorer", lambda photo, _: photo, (Photo(own, "a.jpg"), FACE))
    assert np.shares_memory(found.rgb, own)
    assert not found.rgb.flags.writeable
    assert own.flags.writeable


def test_of_a_stage_behind_the_door_only_the_verb_can_be_reached():
    made = guard(SimpleNamespace(detect=lambda _: (), threshold=3), "detector")
    assert isinstance(made, STAGES["detector"])
    assert made.detect(PHOTO) == ()
    assert guard(made, "detector") is made
    assert not hasattr(made, "threshold")
    with pytest.raises(PluginError, match=r"^detector SimpleNamespace: detect\(\): expected a tuple"):
        guard(SimpleNamespace(detect=lambda _: []), "detector").detect(PHOTO)


def test_a_stage_that_plays_another_role_is_guarded_in_that_one_too():
    both = SimpleNamespace(detect=lambda _: (), restore=lambda *_: None)
    made = guard(both, "detector", "detector 'both'")
    assert made.playing("fitter") is None
    with pytest.raises(PluginError, match=r"^detector 'both': restore\(\): expected a Photo; found None"):
        made.playing("restorer").restore(PHOTO, FACE)


class Seen:
    """Notes what a session tells and asks."""

    def __init__(self):
        self.watched, self.asked = [], []

    @contextmanager
    def watch(self, name):
        self.watched.append(name)
        yield

    def memory(self, work, *given, **named):
        self.asked.append(getattr(work, "__name__", ""))
        return work(*given, **named)


def test_calls_are_timed_by_verb_shown_and_asked_of_the_memory():
    seen = Seen()
    detector, segmenter = guard(toys.ToyDetector(), "detector"), guard(toys.ToySegmenter(), "segmenter")
    with session(seen.watch, seen.memory) as opened:
        for face in detector.detect(PHOTO) * 2:
            segmenter.segment(PHOTO, face)
        assert step("count", len, [1, 2]) == 2
    assert seen.watched == ["detect", "segment", "segment", "count"]
    assert len(seen.asked) == 4
    assert list(opened.seconds) == ["detect", "segment", "count"]
    assert min(opened.seconds.values()) > 0
    assert 0 < opened.door_seconds < 5
    detector.detect(PHOTO)
    assert len(seen.watched) == 4


def test_the_memory_s_answer_is_taken_in_place_of_the_stage_s():
    detector = guard(SimpleNamespace(detect=lambda _: pytest.fail("is remembered")), "detector")
    with session(memory=lambda *_: (FACE,)):
        assert detector.detect(PHOTO) == (FACE,)


def test_a_session_within_another_is_the_other_and_ends_with_it():
    outer, inner = Seen(), Seen()
    detector = guard(toys.ToyDetector(), "detector")
    with session(outer.watch, outer.memory) as opened:
        with session(inner.watch, inner.memory) as again:
            detector.detect(PHOTO)
        assert again is opened
        detector.detect(PHOTO)
    assert (outer.watched, inner.watched) == (["detect"] * 2, [])
    assert len(outer.asked) == 2
    with session(inner.watch) as later:
        detector.detect(PHOTO)
    assert later is not opened
    assert inner.watched == ["detect"]


def test_a_session_that_ends_in_an_error_is_over_and_its_step_was_timed():
    detector = guard(SimpleNamespace(detect=lambda _: 1 / 0), "detector")
    with pytest.raises(ZeroDivisionError), session() as opened:
        detector.detect(PHOTO)
    assert list(opened.seconds) == ["detect"]
    with session() as later:
        pass
    assert later is not opened


def test_what_a_stage_asks_of_another_is_part_of_its_own_step():
    seen, inner = Seen(), guard(toys.ToyDetector(), "detector")
    outer = guard(SimpleNamespace(restore=lambda photo, _: (inner.detect(photo), photo)[1]), "restorer")
    with session(seen.watch, seen.memory) as opened:
        outer.restore(PHOTO, FACE)
    assert seen.watched == list(opened.seconds) == ["restore"]
    assert len(seen.asked) == 1


def test_a_fitter_s_model_is_checked_once_and_locked_once(monkeypatch):
    model = replace(tiny_model(), mean=np.array(tiny_model().mean))
    checked = []
    hold_fields = promise._hold_fields

    def counted(value, kind, *rest):
        if kind is MorphableModel:
            checked.append(value)
        hold_fields(value, kind, *rest)

    monkeypatch.setattr(promise, "_hold_fields", counted)
    fitter = guard(SimpleNamespace(fit=lambda _: (replace(tiny_fit(), model=model),)), "fitter")
    (first,), (again,) = (fitter.fit([all_skin(PHOTO)]) for _ in range(2))
    assert [each is model for each in checked] == [True]
    assert first.model is again.model
    assert not first.model.mean.flags.writeable


def test_a_stage_that_plays_another_role_is_one_guarded_stage_in_it():
    class Both(toys.ToyFitter):
        def estimate(self, view):
            return toys.ToyLight().estimate(view)

    fitter = guard(Both(), "fitter")
    light = fitter.playing("light_estimator")
    assert light.role == "light_estimator"
    assert fitter.playing("light_estimator") is light
    assert fitter.playing("fitter") is fitter
    assert fitter.playing("delighter") is None
    assert guard(toys.ToyFitter(), "fitter").playing("light_estimator") is None
