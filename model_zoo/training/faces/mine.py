"""Looks for what the finder takes for faces where there is none."""

from training.common.steps import Run
from training.faces.data import Settings
from training.landmarks.detector import detector, latest
from training.landmarks.mine import Miner, read_sources, write_mined


def mine(run: Run[Settings]) -> None:
    """Writes mined.npy: what the finder of `train`, or the one that ships, and the landmark net at hand take for faces."""
    finder, folder = latest(run.work / "train/faces.onnx"), run.of("landmarks")
    present = detector(finder, latest(folder / "landmarks.onnx"), 0.0)
    write_mined(Miner(read_sources(folder), present), run.settings.mine, run.work / "mined.npy")
