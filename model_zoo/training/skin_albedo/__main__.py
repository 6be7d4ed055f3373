"""python -m training.skin_albedo all."""

from training.common.steps import Model, start
from training.skin_albedo import data, train
from training.skin_albedo.eval import report

MODEL = Model("skin_albedo.npz", data.Settings, {"textures": data.make, "learn": train.learn, "eval": report})

if __name__ == "__main__":
    start(__file__, MODEL)
