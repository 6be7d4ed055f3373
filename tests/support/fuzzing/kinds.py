"""The kinds of cases: each spoils something in work/in and returns the words for the command line."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from facetex_core.registry import Registry
from facetex_core.stages import STAGES
from fuzzing.mutate import DISGUISES, STRANGE, bent, bent_arrays, npz, spoiled, to_json, to_toml
from fuzzing.originals import MODELS

Words = list[str]
Kind = Callable[[np.random.Generator, Path, Path], Words]
SHORT = {role.split("_")[0]: role for role in STAGES}
TOYS = [word for short in SHORT for word in (f"--{short}", "toy")]
NAMES = (
    "a\nb",
    "-o",
    "--help",
    "é ü",
    "\u202egnp",
    "..jpg",
    ".hidden",
    "a" * 240,
    "a b'\"$(x)",
    "nul",
    "\udcff\udcfe",
    "%s{}",
    "日本",
    "~",
    "*",
)
NEARLY = (256.0, "256", True, [256], 2**70, 1e3, "CPU", "cuda:0")
"""Almost right for a size, a seed or a device."""
NO_FACE = ["--set", "detector.faces=0"]


def photo(rng: np.random.Generator, originals: Path, work: Path) -> Words:
    """A spoiled picture, sometimes of an odd name, through a run of toys; now and then our own detector looks at it."""
    source = _any(rng, sorted((originals / "photos").iterdir()))
    data = source.read_bytes()
    name = source.name
    if rng.random() < 0.25:
        name = str(_any(rng, NAMES)) + str(_any(rng, ("", source.suffix, ".jpg", ".png")))
    path = work / "in" / name
    path.write_bytes(spoiled(rng, data) if rng.random() < 0.9 else data)
    words = ["run", str(path), "-o", str(work / "out"), *_toys(originals)]
    look = rng.random()
    return words if look < 0.3 else words + NO_FACE if look < 0.9 else [*words, "--detector", "landmarks"]


def recipe(rng: np.random.Generator, originals: Path, work: Path) -> Words:
    """A spoiled preset, facetex.json or setting; with a face for toys, without one for stages that take their time."""
    table = json.loads((originals / "recipe.json").read_text("utf-8"))
    role, offers = _any(rng, sorted(Registry().offers.items()))
    offer = offers[_any(rng, sorted(offers))]
    quick = rng.random() < 0.4
    if not quick and role not in ("detector", "fitter"):
        options = {
            option.name: option.default for option in offer.options if isinstance(option.default, int | float | str | bool)
        }
        table["stages"][role] = {"use": offer.name, **options}
    if quick and rng.random() < 0.5:
        table[_any(rng, ("size", "seed", "device"))] = _any(rng, (*STRANGE, *NEARLY))
    words = ["run", str(originals / "photos" / "a.png"), "-o", str(work / "out"), *(() if quick else NO_FACE)]
    how = rng.integers(1 if quick else 0, 4)
    if how == 0:
        option = offer.options[rng.integers(len(offer.options))].name if offer.options else "x"
        option = "share" if option == "faces" else option  # a toy that is told to find 2 ** 31 faces begins to
        setting = f"{_any(rng, (role, role.split('_')[0]))}.{option}={_word(rng)}"
        return [
            *words,
            *_toys(originals),
            *(() if role == "detector" else (f"--{role.split('_')[0]}", offer.name)),
            "--set",
            setting,
        ]
    if how == 1:
        path = work / "in" / "facetex.json"
        words += ["--bank", table["bank"]]
        table["bank"] = Path(table["bank"]).name  # a record names no folder
        record = {"photo": "a.png", "recipe": table, "versions": {}, "seconds": {}}
        path.write_bytes(_written(rng, record, to_json) if rng.random() < 0.7 else to_json(record))
        return [*words, "--from", str(path)]
    path = work / "in" / "mine.toml"
    path.write_bytes(_written(rng, table, to_toml))
    return [*words, "--preset", str(path)]


def compare(rng: np.random.Generator, originals: Path, work: Path) -> Words:
    """A spoiled grid over a preset of toys, on a picture without a face."""
    preset = work / "in" / "toys.toml"
    toys = json.loads((originals / "recipe.json").read_text("utf-8"))
    preset.write_bytes(to_toml({"stages": toys["stages"]}))
    kinds, noises = [{"use": "toy", "kind": ["normal", "none"]}], [{"use": "toy", "noise": [0.01, 0.02]}, "complete"]
    stages = {
        "synthesizer": kinds if rng.random() < 0.5 else noises,
        "delighter": ["toy", "none"],
        "detector": {"use": "toy", "faces": 0},
    }
    grid = {"preset": str(preset), "size": 256, "seed": 0, "device": "cpu", "bank": toys["bank"], "stages": stages}
    path = work / "in" / "grid.toml"
    path.write_bytes(_written(rng, grid, to_toml))
    return ["compare", str(originals / "photos" / "a.png"), "--grid", str(path), "-o", str(work / "out"), *NO_FACE]


def bank(rng: np.random.Generator, originals: Path, work: Path) -> Words:
    """A spoiled bank: looked into, merged, or run with."""
    whole, path = originals / "toy.bank", work / "in" / "mine.bank"
    if rng.random() < 0.5:
        path.write_bytes(spoiled(rng, whole.read_bytes()))
    else:
        with np.load(whole) as file:
            arrays = bent_arrays(rng, dict(file))
        lie = str(_any(rng, sorted(arrays))) if arrays and rng.random() < 0.2 else ""
        path.write_bytes(npz(arrays, lie))
    out = work / "out"
    match rng.integers(4):
        case 0:
            return ["bank", "info", str(path)]
        case 1:
            return ["bank", "info", str(path), "--json"]
        case 2:
            return ["bank", "merge", *map(str, rng.permutation([path, whole])), "-o", str(out)]
    photo = originals / "photos" / "a.png"
    return ["run", str(photo), "-o", str(out), *_toys(originals), "--bank", str(path), *(NO_FACE if rng.random() < 0.5 else [])]


def zoo(rng: np.random.Generator, originals: Path, work: Path) -> Words:
    """A spoiled model file, brought as what it is or as another."""
    name = str(_any(rng, sorted(MODELS)))
    given = originals / "models" / str(_any(rng, MODELS[name if rng.random() < 0.85 else "bfm"]))
    path = work / "in" / given.name
    if given.is_dir():
        shutil.copytree(given, path)
        inner = _any(rng, sorted(file for file in path.rglob("*") if file.is_file()))
        inner.write_bytes(spoiled(rng, inner.read_bytes()))
        path = inner if inner.suffix == ".bin" and rng.random() < 0.5 else path
    else:
        path.write_bytes(spoiled(rng, given.read_bytes()))
    return ["zoo", "add", name, str(path)]


def installed(rng: np.random.Generator, originals: Path, work: Path) -> Words:
    """A model that lies spoiled in the user's folder, fitted to a face."""
    whole, path = originals / "models" / "bfm.npz", work / "home" / "models" / "bfm.npz"
    path.parent.mkdir()
    if rng.random() < 0.3:
        path.write_bytes(spoiled(rng, whole.read_bytes()))
    else:
        with np.load(whole) as file:
            path.write_bytes(npz(bent_arrays(rng, dict(file))))
    return ["eval", "suite", str(originals / "suite"), "--fitter", "bfm", "-q", "-o", str(work / "out")]


def head(rng: np.random.Generator, originals: Path, work: Path) -> Words:
    """A head of which one file is spoiled, rendered."""
    folder = work / "in" / "head"
    shutil.copytree(originals / "head", folder)
    name = str(_any(rng, ("head.glb", "head.glb", "head.glb", "displacement.png", "displacement.json", "environment.hdr")))
    data = (folder / name).read_bytes()
    if name == "displacement.json":
        (folder / name).write_bytes(_written(rng, json.loads(data), to_json))
    elif name == "head.glb" and rng.random() < 0.6:
        (folder / name).write_bytes(bent_glb(rng, data))
    else:
        (folder / name).write_bytes(spoiled(rng, data))
    light = ["--hdri", str(folder / name)] if name == "environment.hdr" else []
    given = folder if rng.random() < 0.7 else folder / "head.glb"
    small = ["--size", "32", "--view", "front", "--set", "renderer.samples=1"]
    return ["render", str(given), "-o", str(work / "out"), *small, *light]


def bent_glb(rng: np.random.Generator, data: bytes) -> bytes:
    """The same buffers under a document that was changed."""
    length = int.from_bytes(data[12:16], "little")
    text = to_json(bent(rng, json.loads(data[20 : 20 + length])))
    text += b" " * (-len(text) % 4)
    rest = data[20 + length :]
    whole = 20 + len(text) + len(rest)
    return data[:8] + whole.to_bytes(4, "little") + len(text).to_bytes(4, "little") + b"JSON" + text + rest


def suite(rng: np.random.Generator, originals: Path, work: Path) -> Words:
    """A suite of which one file is spoiled, with a toy to be measured."""
    folder = work / "in" / "suite"
    shutil.copytree(originals / "suite", folder)
    path = _any(rng, sorted(file for file in folder.rglob("*") if file.is_file()))
    data = path.read_bytes()
    path.write_bytes(_written(rng, json.loads(data), to_json) if path.suffix == ".json" else spoiled(rng, data))
    return ["eval", "suite", str(folder), "--fitter", "toy", "-q", "-o", str(work / "out")]


def study(rng: np.random.Generator, originals: Path, work: Path) -> Words:
    """Spoiled answers or a spoiled key for the report; or spoiled results for a study's pictures."""
    if rng.random() < 0.25:
        folder = work / "in" / "run"
        shutil.copytree(originals / "head", folder)
        path = folder / str(_any(rng, ("renders/photo.png", "facetex.json")))
        path.write_bytes(spoiled(rng, path.read_bytes()))
        return ["study", "make", str(folder), "-o", str(work / "out" / "study.html"), "--crop", "whole"]
    shutil.copytree(originals / "study", work / "in" / "study")
    names = ("answers.json", "answers.json", "study.key.json")
    path = work / "in" / "study" / str(_any(rng, names))
    path.write_bytes(_written(rng, json.loads(path.read_bytes()), to_json))
    key = work / "in" / "study" / "study.key.json"
    more = ["--json"] if rng.random() < 0.3 else ["-o", str(work / "out" / "report.html")] if rng.random() < 0.5 else []
    return ["study", "report", str(key.with_name("answers.json")), "--key", str(key), *more]


def words(rng: np.random.Generator, originals: Path, work: Path) -> Words:
    """Options and values that make no sense, for any command but those that take long, and the one that installs them."""
    from facetex_cli.main import COMMANDS, facetex

    name = str(_any(rng, [name for name in COMMANDS if name not in ("doctor", "eval", "compare", "install")]))
    command, said = facetex.get_command(None, name), [name]
    below = getattr(command, "commands", {})
    if below:
        inner = str(_any(rng, sorted(below)))
        command, said = below[inner], [*said, inner]
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    said += [
        str(_any(rng, (_word(rng), str(originals), str(originals / "photos" / "a.png"))))
        for _ in arguments
        if rng.random() < 0.8
    ]
    options = [each for each in command.params if each.param_type_name == "option" and each.name not in ("out", "example")]
    for option in rng.permutation(options)[: rng.integers(4)]:
        said += [str(_any(rng, option.opts)), *([] if option.is_flag else [_word(rng)])]
    if any(each.name == "out" for each in command.params):
        said += ["-o", str(work / "out" / "x")]
    return [*said, *TOYS, *NO_FACE] if name == "run" else said


KINDS: dict[str, tuple[Kind, float]] = {
    "photo": (photo, 0.32), "recipe": (recipe, 0.14), "compare": (compare, 0.06), "bank": (bank, 0.1), "zoo": (zoo, 0.12),
    "head": (head, 0.08), "suite": (suite, 0.06), "study": (study, 0.06), "words": (words, 0.03),
    "installed": (installed, 0.03),
}  # fmt: skip
"""With the share of the cases that each has."""


def _any(rng: np.random.Generator, things):
    return things[int(rng.integers(len(things)))]


def _word(rng: np.random.Generator) -> str:
    """A value as text; the system allows no zero bytes in words."""
    text = str(_any(rng, STRANGE)) if rng.random() < 0.8 else DISGUISES[rng.integers(len(DISGUISES))].decode("latin1")
    return text.replace("\0", "")[:3000] or "x"


def _written(rng: np.random.Generator, table: object, write: Callable[[object], bytes]) -> bytes:
    """Spoiled as a table, as bytes, or both."""
    how = rng.random()
    data = write(bent(rng, table) if how < 0.75 else table)
    return spoiled(rng, data) if how > 0.65 else data


def _toys(originals: Path) -> Words:
    return [*TOYS, "--bank", str(originals / "toy.bank"), "--size", "256", "--device", "cpu"]
