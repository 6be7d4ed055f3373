"""python -m training.coarsenet all."""

from training.coarsenet import data, train
from training.coarsenet.eval import report
from training.common.steps import Model, start
from training.world.truths import write_truths

MODEL = Model(
    "coarsenet.onnx",
    data.Settings,
    {"truths": write_truths, "train": train.train, "export": train.export, "eval": report},
)

if __name__ == "__main__":
    start(__file__, MODEL)
