"""python -m training.faces all: with the pictures of the landmarks."""

from training.common.steps import Model, start
from training.faces import data, train
from training.faces.eval import report
from training.faces.mine import mine

MODEL = Model(
    "faces.onnx",
    data.Settings,
    {"train": train.train, "mine": mine, "refine": train.refine, "export": train.export, "eval": report},
)

if __name__ == "__main__":
    start(__file__, MODEL)
