"""python -m training.face_basis all."""

from training.common.steps import Model, start
from training.face_basis.carry import carry
from training.face_basis.eval import report
from training.face_basis.hairline import hairline
from training.face_basis.interior import interior
from training.face_basis.lashes import lids
from training.face_basis.make import FILE, Settings, make
from training.face_basis.register import register
from training.face_basis.unfold import unfold

STEPS = {
    "make": make, "register": register, "interior": interior, "lids": lids, "hairline": hairline, "unfold": unfold,
    "carry": carry, "eval": report,
}  # fmt: skip
MODEL = Model(FILE, Settings, STEPS)

if __name__ == "__main__":
    start(__file__, MODEL)
