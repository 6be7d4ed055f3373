"""python -m training.landmarks all."""

from training.common.steps import Model, start
from training.landmarks import data, train
from training.landmarks.eval import report
from training.landmarks.mine import mine

MODEL = Model(
    "landmarks.onnx",
    data.Settings,
    {
        "labels": data.labels,
        "morphs": data.morphs,
        "turned": data.turn,
        "skins": data.skins,
        "heads": data.heads,
        "backgrounds": data.backgrounds,
        "train": train.train,
        "mine": mine,
        "refine": train.refine,
        "export": train.export,
        "eval": report,
    },
)

if __name__ == "__main__":
    start(__file__, MODEL)
