"""What the checks between the stages cost: python tests/benchmarks/door.py [--size 1024].

The processor seconds that locking arguments and checking answers took in one run of the example, and their share of the
run's own processor seconds, without loading and without files.
"""

import argparse
import time
from dataclasses import replace

from facetex_model_zoo import open_bank

from facetex_core import Registry, load_preset
from facetex_core.io.photo_file import example_photo


def main() -> None:
    """Prints one line; the first run loads networks and is not counted."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--size", type=int, default=1024)
    given = asked.parse_args()
    recipe = replace(load_preset("embedded"), size=given.size)
    pipeline = recipe.build(Registry(), open_bank(recipe.bank))
    pipeline.run(example_photo())
    begin = time.process_time()
    run = pipeline.run(example_photo())
    spent = time.process_time() - begin
    share = f"{run.door_seconds / spent:.2%}"
    print(f"{given.size} x {given.size}: checks {run.door_seconds:.3f} s of {spent:.1f} processor seconds ({share})")


if __name__ == "__main__":
    main()
