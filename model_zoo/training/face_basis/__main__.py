"""python -m training.face_basis all."""

from training.common.steps import Model, start
from training.face_basis import hairline, interior, lashes, register
from training.face_basis.eval import report
from training.face_basis.make import FILE, Settings, make

MODEL = Model(
    FILE,
    Settings,
    {
        "make": make,
        "register": register.register,
        "interior": interior.interior,
        "lids": lashes.lids,
        "hairline": hairline.hairline,
        "eval": report,
    },
)

if __name__ == "__main__":
    start(__file__, MODEL)
