"""python -m training.coarsenet all."""

from training.coarsenet import data, train
from training.coarsenet.eval import report
from training.common.steps import Model, start

MODEL = Model(
    "coarsenet.onnx",
    data.Settings,
    {"heads": data.heads, "begin": train.begin, "train": train.train, "export": train.export, "eval": report},
)

if __name__ == "__main__":
    start(__file__, MODEL)
