"""python -m training.descriptor all."""

from training.common.steps import Model, start
from training.descriptor import data, train
from training.descriptor.eval import report

MODEL = Model(
    "descriptor.onnx", data.Settings, {"data": data.make, "train": train.train, "export": train.export, "eval": report}
)

if __name__ == "__main__":
    start(__file__, MODEL)
