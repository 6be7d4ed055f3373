"""python -m training.world all."""

from training.common.steps import Model, start
from training.world import assets, check, shards, suite
from training.world.settings import Settings
from training.world.truths import write_truths

MODEL = Model(
    "",
    Settings,
    {
        "portraits": assets.portraits,
        "assets": assets.make,
        "render": shards.render,
        "truths": write_truths,
        "check": check.check,
        "speed": check.speed,
        "sheet": check.sheet,
        "suite": suite.suite,
    },
)

if __name__ == "__main__":
    start(__file__, MODEL)
