"""python -m training.surface_points all."""

from training.common.steps import Model, start
from training.surface_points import data, train
from training.surface_points.eval import report
from training.world.truths import write_truths

MODEL = Model(
    "surface_points.onnx",
    data.Settings,
    {
        "truths": write_truths,
        "photos": data.photos,
        "bias": data.bias,
        "train": train.train,
        "refine": train.refine,
        "export": train.export,
        "eval": report,
    },
)

if __name__ == "__main__":
    start(__file__, MODEL)
