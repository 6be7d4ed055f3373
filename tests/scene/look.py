"""Heads of photographs as their users see them: sheets of three.js, model-viewer and Blender's Cycles.

python tests/scene/look.py PHOTO... --out FOLDER [--panorama FILE.hdr] [--blender PYTHON]

PHOTO is a file or a folder of them. What is there already is not made again: stop it and call it anew.
A head that a photo gives is FOLDER/heads/NAME; sheets are views_*.jpg, shapes_*.jpg, light_*.jpg, poses_*.jpg and cycles_*.jpg.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from tqdm import tqdm

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "support")]

from scene import panorama as own_panorama  # noqa: E402  # found by the line above
from scene.sheets import pages  # noqa: E402
from scene.shots import Shot, all_shapes, eight_views, poses, turning_light  # noqa: E402
from scene.stage import READY, Stage, stage  # noqa: E402

ENDINGS = (".jpg", ".jpeg", ".png", ".webp")
SHAPED, TURNED, TRACED = 8, 8, 6
"""How many heads' shapes are shown, how many under a turning light, and how many in Cycles."""


def photos_of(paths: Iterable[Path]) -> Iterator[Path]:
    """Files, and those of folders."""
    for path in paths:
        yield from [path] if path.is_file() else sorted(each for each in path.iterdir() if each.suffix.lower() in ENDINGS)


def head_of(photo: Path, folder: Path, size: int) -> Path | None:
    """Its GLB, made if it is not there; none where facetex refuses the photo, which is said once."""
    glb, refused = folder / photo.stem / "head.glb", folder / f"{photo.stem}.refused"
    if not (glb.exists() or refused.exists()):
        command = [
            sys.executable,
            "-m",
            "facetex_cli",
            "run",
            str(photo),
            "-o",
            str(glb.parent),
            "--size",
            str(size),
            "--quiet",
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            refused.write_text(done.stderr)
            print(f"{photo.name}: {done.stderr.strip()}", flush=True)
    return glb if glb.exists() else None


def expressions_of(glb: Path) -> tuple[str, ...]:
    """Names of its morph targets."""
    with glb.open("rb") as file:
        file.seek(12)
        length = int.from_bytes(file.read(4), "little")
        file.seek(20)
        document = json.loads(file.read(length))
    return tuple(document["meshes"][0]["extras"]["targetNames"])


def taken(show: Stage, shots: Iterable[Shot]) -> dict[str, Path]:
    """The pictures by name; those that are missing are made."""
    found = {}
    for shot in shots:
        if not shot.picture.exists():
            shot.picture.parent.mkdir(parents=True, exist_ok=True)
            show.take(shot)
        found[shot.picture.stem] = shot.picture
    return found


def traced(glb: Path, folder: Path, blender: Path, panorama: Path) -> dict[str, Path]:
    """By Cycles."""
    if not (folder / "cycles_mouth.png").exists():
        script = Path(__file__).with_name("in_blender.py")
        subprocess.run([str(blender), str(script), str(glb), str(folder), str(panorama)], check=True, capture_output=True)
    return {path.stem: path for path in sorted(folder.glob("cycles_*.png"))}


@click.command()
@click.argument("photos", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of heads, pictures and sheets.")
@click.option("--size", default=1024, show_default=True, help="Texels of the textures.")
@click.option("--panorama", type=click.Path(exists=True, path_type=Path), help="An .hdr; one of our own otherwise.")
@click.option("--blender", type=click.Path(exists=True, path_type=Path), help="A Python into which bpy is installed.")
def main(photos: tuple[Path, ...], out: Path, size: int, panorama: Path | None, blender: Path | None) -> None:
    """Heads, pictures of them, sheets."""
    if not READY:
        raise click.UsageError("needs node, and `npm ci` in tests/")
    out.mkdir(parents=True, exist_ok=True)
    light = panorama or own_panorama.write(out / "panorama.hdr")
    made = [(photo.stem, head_of(photo, out / "heads", size)) for photo in tqdm(list(photos_of(photos)), unit="head")]
    heads = {name: glb for name, glb in made if glb}
    with stage(light) as show:
        kinds = (("views", eight_views, len(heads)), ("light", turning_light, TURNED), ("poses", poses, SHAPED))
        for kind, shots, many in kinds:
            rows = {
                name: taken(show, shots(glb, out / kind / name)) for name, glb in tqdm(list(heads.items())[:many], unit="head")
            }
            print(*pages(rows, 200, out, kind), sep="\n", flush=True)
        for name, glb in tqdm(list(heads.items())[:SHAPED], unit="head"):
            pictures = taken(show, all_shapes(glb, out / "shapes" / name, expressions_of(glb)))
            rows = _in_rows(pictures, 10)
            print(*pages(rows, 160, out, f"shapes_{name}"), sep="\n", flush=True)
    if blender:
        chosen = list(heads.items())[:TRACED]
        rows = {name: traced(glb, out / "cycles" / name, blender, light) for name, glb in tqdm(chosen, unit="head")}
        print(*pages(rows, 320, out, "cycles"), sep="\n", flush=True)


def _in_rows(pictures: dict[str, Path], across: int) -> dict[str, dict[str, Path]]:
    """So many beside each other."""
    names = list(pictures)
    return {
        str(start): {name.removeprefix("shape_"): pictures[name] for name in names[start : start + across]}
        for start in range(0, len(names), across)
    }


if __name__ == "__main__":
    main()
