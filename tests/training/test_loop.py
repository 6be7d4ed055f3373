"""The loop of all trainings."""

import numpy as np
import pytest
import torch
from torch import nn
from training.common.export import load, save
from training.common.log import curves, read
from training.common.loop import Machine, Schedule, learn

ALONE = Machine("cpu", workers=0)
SCHEDULE = Schedule(steps=20, rate=0.02, warm_up=2, every=8, settle=0.5)


class Blur:
    """A 3 x 3 filter, to be found from pictures; may be stopped at a step."""

    def __init__(self, stop: int | None = None):
        self.stop, self.count, self.standing = stop, 0, []

    def batch(self, rng):
        pictures = torch.from_numpy(rng.standard_normal((4, 1, 8, 8)).astype(np.float32))
        return {"pictures": pictures, "truth": nn.functional.avg_pool2d(pictures, 3, 1, 1)}

    def losses(self, net, batch):
        if self.count == self.stop:
            raise KeyboardInterrupt
        self.count += 1
        self.standing.append(not net.training)
        loss = (net(batch["pictures"]).float() - batch["truth"]).square().mean()
        return {"loss": loss, "root": loss.sqrt()}

    def judge(self, net):
        return {"bias": float(net[0].bias.detach().abs().sum())}


def net():
    torch.manual_seed(3)
    return nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), nn.BatchNorm2d(1))


def weights(trained):
    return torch.cat([value.flatten().float() for value in trained.state_dict().values()])


def test_a_training_learns_and_logs(tmp_path):
    learn(net(), Blur(), Schedule(steps=200, rate=0.05, warm_up=5), tmp_path, ALONE)
    rows = read(tmp_path / "log.jsonl")
    losses = [row["loss"] for row in rows if "loss" in row]
    assert len(losses) == 20  # every tenth step
    assert losses[-1] < 0.3 * losses[0]
    assert rows[-1].keys() == {"step", "held out bias"}


def test_a_stopped_training_ends_in_the_same_weights(tmp_path):
    whole = learn(net(), Blur(), SCHEDULE, tmp_path / "whole", ALONE)
    with pytest.raises(KeyboardInterrupt):
        learn(net(), Blur(stop=13), SCHEDULE, tmp_path / "stopped", ALONE)
    again = Blur()
    resumed = learn(net(), again, SCHEDULE, tmp_path / "stopped", ALONE)
    assert again.count == 12  # from the checkpoint at 8
    assert torch.equal(weights(whole), weights(resumed))
    assert read(tmp_path / "whole/log.jsonl") == read(tmp_path / "stopped/log.jsonl")


def test_processes_that_draw_change_nothing(tmp_path):
    one = learn(net(), Blur(), SCHEDULE, tmp_path / "one", ALONE)
    two = learn(net(), Blur(), SCHEDULE, tmp_path / "two", Machine("cpu", workers=2))
    assert torch.equal(weights(one), weights(two))


def test_another_schedule_begins_anew(tmp_path):
    learn(net(), Blur(), SCHEDULE, tmp_path, ALONE)
    again = Blur()
    learn(net(), again, Schedule(steps=5, rate=0.02), tmp_path, ALONE)
    assert again.count == 5
    assert max(row["step"] for row in read(tmp_path / "log.jsonl")) == 5


def test_normalisations_stand_still_at_the_end(tmp_path):
    task = Blur()
    learn(net(), task, SCHEDULE, tmp_path, ALONE)
    assert task.standing == [False] * 10 + [True] * 10


def test_weights_come_back_from_a_file(tmp_path):
    trained, other = learn(net(), Blur(), SCHEDULE, tmp_path, ALONE), net()
    save(trained, tmp_path / "weights.npz")
    load(other, tmp_path / "weights.npz")
    assert torch.equal(weights(trained), weights(other))


def test_the_rate_warms_up_and_ends_at_nothing():
    schedule = Schedule(steps=100, rate=1.0, warm_up=10)
    rates = [schedule.rate_at(step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(rates[9])
    assert rates[-1] < 1e-3


def test_curves_have_a_panel_a_figure(tmp_path):
    learn(net(), Blur(), SCHEDULE, tmp_path, ALONE)
    figure = curves({"blur": read(tmp_path / "log.jsonl")})
    assert [note.text for note in figure.layout.annotations] == ["held out bias", "loss", "rate", "root"]


@pytest.mark.parametrize("quick", [True, False])
def test_half_precision_only_where_the_processor_has_it(tmp_path, monkeypatch, quick):
    kinds = []

    class Told(Blur):
        def losses(self, net, batch):
            kinds.append(net(batch["pictures"]).dtype)
            return super().losses(net, batch)

    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: quick)
    learn(net(), Told(), Schedule(steps=1, rate=0.01), tmp_path, ALONE)
    assert kinds == [torch.bfloat16 if quick else torch.float32]
