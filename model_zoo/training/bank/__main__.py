"""python -m training.bank all."""

from training.bank.data import BANK, Settings, make
from training.bank.eval import report
from training.common.steps import Model, start

MODEL = Model(BANK, Settings, {"make": make, "eval": report})

if __name__ == "__main__":
    start(__file__, MODEL)
