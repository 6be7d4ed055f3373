"""python -m training.delighter all."""

from training.common.steps import Model, start
from training.delighter import data, train
from training.delighter.eval import report

MODEL = Model(
    "delighter.onnx",
    data.Settings,
    {"heads": data.make_heads, "light": data.make_light, "train": train.train, "export": train.export, "eval": report},
)

if __name__ == "__main__":
    start(__file__, MODEL)
