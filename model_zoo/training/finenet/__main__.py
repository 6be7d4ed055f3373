"""python -m training.finenet all."""

from training.common.steps import Model, start
from training.finenet import data, train
from training.finenet.eval import report
from training.finenet.settings import Settings
from training.finenet.together import together

MODEL = Model(
    "finenet.onnx",
    Settings,
    {
        "pictures": data.pictures,
        "crops": data.crops,
        "portraits": data.portraits,
        "train": train.train,
        "refine": train.refine,
        "export": train.export,
        "eval": report,
        "together": together,
    },
)

if __name__ == "__main__":
    start(__file__, MODEL)
