"""python -m training.feedforward all."""

from training.common.steps import Model, start
from training.feedforward import data, train
from training.feedforward.eval import report

MODEL = Model(train.FILE, data.Settings, {"data": data.make, "train": train.train, "export": train.export, "eval": report})

if __name__ == "__main__":
    start(__file__, MODEL)
