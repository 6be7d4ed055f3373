"""python -m training.skin all."""

from training.common.steps import Model, start
from training.skin import data, surroundings, train
from training.skin.eval import report

MODEL = Model(
    "skin.onnx",
    data.Settings,
    {
        "labels": data.make,
        "train": train.train,
        "export": train.export,
        "surroundings": surroundings.train,
        "export_surroundings": surroundings.export,
        "eval": report,
    },
)

if __name__ == "__main__":
    start(__file__, MODEL)
