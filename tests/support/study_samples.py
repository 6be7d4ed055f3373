"""Studies of random patches, folders as runs leave them, and participants who see as well as they are told to."""

import json

import numpy as np
from facetex_cli.main import main
from PIL import Image, ImageFilter
from skimage.data import astronaut

from facetex_core.workbench.study.answers import Answers, Key
from facetex_core.workbench.study.study import Case

FACE = (135, 10, 315, 230)
"""Of the astronaut picture: left, top, right, bottom."""


def patches(count, variants=("photo", "mine")):
    rng = np.random.default_rng(0)
    faces = [{name: rng.integers(0, 256, (20, 20, 3), dtype=np.uint8) for name in variants} for _ in range(count)]
    return [Case(f"case{number}", pictures) for number, pictures in enumerate(faces)]


def run_folder(folder, photo="me.jpg", blur=2):
    """What a run leaves, as far as a study looks at it: the photo, and beside it a render, here a blurred photo."""
    half = Image.fromarray(astronaut()).crop(FACE)
    both = Image.new("RGB", (2 * half.width, half.height))
    both.paste(half, (0, 0))
    both.paste(half.filter(ImageFilter.GaussianBlur(blur)), (half.width, 0))
    (folder / "renders").mkdir(parents=True)
    both.save(folder / "renders" / "photo.png")
    (folder / "facetex.json").write_text(json.dumps({"photo": photo}), "utf-8")
    return folder


def made(*words):
    return main(["study", "make", *map(str, words)])


def told(*words):
    return main(["study", "report", *map(str, words)])


def key_of(study):
    table = study.key()
    return Key(
        table["study"], table["question"], tuple(table["variants"]), {k: v["pictures"] for k, v in table["trials"].items()}
    )


def somebody(study, rng, sees, name="p"):
    """Answers of one who tells the photo with probability `sees`, wherever it lies."""
    chosen = {}
    for trial in study.trials:
        photo, other = sorted(trial.pictures, key=lambda each: each.variant != "photo")
        chosen[trial.id] = (photo if rng.random() < sees else other).id
    return Answers(name, chosen)


def written(study, folder, participant="ab12", wrong=0, **more):
    """A key, and the file of one who always finds the photo but for `wrong` times."""
    folder.mkdir(exist_ok=True)
    (folder / "s.key.json").write_text(json.dumps(study.key()), "utf-8")
    answers = []
    for number, trial in enumerate(study.trials):
        (chosen,) = (each.id for each in trial.pictures if (each.variant == "photo") == (number >= wrong))
        left, right = (each.id for each in trial.pictures)
        answers.append({"trial": trial.id, "left": left, "right": right, "chosen": chosen, "seconds": 1})
    path = folder / f"{participant}.json"
    path.write_text(json.dumps({"study": study.id, "participant": participant, "seed": 1, "answers": answers, **more}), "utf-8")
    return path
