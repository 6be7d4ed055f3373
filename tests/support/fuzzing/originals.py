"""Whole and right files of every kind that facetex reads, small, in one folder: what the cases spoil."""

import io
import json
import os
import struct
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from facetex_core import STAGES

MODELS = {
    "bfm": ("bfm.h5", "bfm.mat"), "flame": ("flame.pkl",), "sfm": ("sfm",), "ict": ("ict",), "vgg19": ("net.onnx",),
    "yunet": ("net.onnx",), "mediapipe": ("face.task",),
}  # fmt: skip
"""What may be given for each model of the zoo."""


def use(folder: Path) -> None:
    """The toys of the folder become installed plugins of this process."""
    site = str(folder / "site")
    if site not in sys.path:
        sys.path.insert(0, site)
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def write_originals(folder: Path) -> Path:
    """Everything, into the folder."""
    from toy_distribution import install
    from toy_stages import write_toy_bank

    folder.mkdir(parents=True, exist_ok=True)
    install(folder / "site")
    use(folder)
    write_photos(folder / "photos")
    write_toy_bank(folder / "toy.bank")
    table = {"size": 256, "seed": 0, "device": "cpu", "bank": str(folder / "toy.bank")}
    table["stages"] = {role: {"use": "toy"} for role in STAGES}
    (folder / "recipe.json").write_text(json.dumps(table), "utf-8")
    write_head(folder / "head")
    write_suite(folder / "suite")
    write_models(folder / "models")
    write_study(folder / "study")
    return folder


def write_photos(folder: Path) -> None:
    """A picture in every form that photos come in."""
    folder.mkdir()
    y, x = np.mgrid[0:96, 0:112]
    pixels = np.stack([150 + x // 2, 110 + y // 2, 90 + (x * y) % 60], -1).astype(np.uint8)
    picture, grey = Image.fromarray(pixels), Image.fromarray(pixels[..., 0])
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a portrait"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name in ("a.png", "a.jpg", "a.webp", "a.tif", "a.gif", "a.bmp", "a.avif", "a.jp2", "a.ppm"):
        picture.save(folder / name)
    picture.save(folder / "exif.jpg", exif=exif, icc_profile=profile)
    picture.save(folder / "profile.png", icc_profile=profile)
    picture.convert("CMYK").save(folder / "cmyk.jpg")
    picture.convert("CMYK").save(folder / "cmyk.tif")
    picture.convert("P").save(folder / "palette.png", transparency=3)
    picture.convert("1").save(folder / "bits.png")
    picture.convert("LAB").save(folder / "lab.tif")
    Image.merge("LA", [grey, grey]).save(folder / "alpha.png")
    Image.merge("RGBA", [*picture.split(), grey]).save(folder / "alpha.webp")
    for name in ("moving.gif", "moving.webp", "moving.png"):
        picture.save(folder / name, save_all=True, append_images=[grey.convert("RGB")] * 2, duration=50)
    Image.fromarray(pixels[..., 0].astype(np.uint16) * 256).save(folder / "deep.png")
    Image.fromarray(pixels[..., 0].astype(np.uint16) * 256).save(folder / "deep.tif")
    Image.fromarray(pixels[..., 0].astype(np.float32)).save(folder / "float.tif")
    picture.save(folder / "packed.tif", compression="tiff_lzw")
    (folder / "deep.ppm").write_bytes(b"P6 40 40 65535\n" + bytes(40 * 40 * 6))


def write_head(folder: Path) -> None:
    """What a run leaves, of the tiny head."""
    from facetex_plugins.export import glb, obj
    from facetex_plugins.render import raster
    from tiny_run import tiny_run

    from facetex_core import Registry, load_preset
    from facetex_core.delivery.deliver import deliver

    recipe = replace(load_preset("embedded"), size=64).setting("renderer", "samples", 1)
    deliver(tiny_run(), recipe, Registry(raster, glb, obj, installed=False), folder, side=96)


def write_suite(folder: Path) -> None:
    """One case of which all is known."""
    from sampled import tiny_fit
    from skimage.data import astronaut
    from suite_cases import case_of

    from facetex_core.structures import Lighting
    from facetex_core.workbench.evaluation.suite import write_case

    light = Lighting(np.eye(9, 3, dtype=np.float32))
    write_case(folder, case_of(tiny_fit(), lighting=light, albedo=np.full((32, 32, 3), 0.4, np.float32)))
    Image.fromarray(astronaut()[20:220, 140:300]).save(folder / "case" / "photo.png")


def write_models(folder: Path) -> None:
    """Files of the forms that the zoo takes, with fewer numbers than the true ones."""
    import onnx
    from facetex_plugins.fit.bfm import BfmFitter
    from foreign import flame_arrays, stand_in, write_bfm, write_bfm_2009, write_flame
    from onnx import TensorProto, helper

    folder.mkdir()
    stand = stand_in(triangles=600, modes=3, expressions=2)
    write_bfm(folder / "bfm.h5", stand)
    BfmFitter.take_in(folder / "bfm.h5", folder / "bfm.npz")
    write_bfm_2009(folder / "bfm.mat", stand)
    write_flame(folder / "flame.pkl", flame_arrays(stand))
    put = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 8, 8]) for name in ("in", "out")]
    graph = helper.make_graph([helper.make_node("Relu", ["in"], ["out"])], "net", put[:1], put[1:])
    onnx.save(helper.make_model(graph), str(folder / "net.onnx"))
    (folder / "face.task").write_bytes(_zip({"face_landmarks_detector.tflite": b"\x1c\0\0\0TFL3" + bytes(200)}))
    _write_sfm(folder / "sfm", stand)
    (folder / "ict" / "FaceXModel").mkdir(parents=True)
    lines = "".join(f"v {x} {y} {z}\n" for x, y, z in stand.shape_mean[:300].round(2)) + "f 1/1 2/2 3/3 4/4\n"
    for name in ("generic_neutral_mesh", "identity000", "jawOpen"):
        (folder / "ict" / "FaceXModel" / f"{name}.obj").write_text(lines, "utf-8")


def _zip(members: dict[str, bytes]) -> bytes:
    import zipfile

    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def _write_sfm(folder: Path, stand) -> None:
    def matrix(values) -> bytes:
        return struct.pack("<ii", *values.shape) + values.T.astype("<f4").tobytes()

    folder.mkdir()
    columns = stand.shape.reshape(len(stand.shape), -1).T
    shape = struct.pack("<I", 1) + matrix(stand.shape_mean.reshape(-1, 1)) + matrix(columns)
    shape += matrix(np.ones((columns.shape[1], 1))) + struct.pack("<Q", len(stand.triangles))
    (folder / "sfm_shape_3448.bin").write_bytes(shape + stand.triangles.astype("<i4").tobytes())
    move = matrix(stand.expression[0].reshape(-1, 1))
    (folder / "expression_blendshapes_3448.bin").write_bytes(struct.pack("<QQ", 1, 5) + b"anger" + move)


def write_study(folder: Path) -> None:
    """A study of random patches, and what somebody answered."""
    from facetex_core.workbench.study.study import Case, assemble

    rng = np.random.default_rng(0)
    pictures = {name: rng.integers(0, 256, (24, 24, 3), dtype=np.uint8) for name in ("photo", "mine")}
    study = assemble([Case(f"case{number}", pictures) for number in range(3)], "Which one is the photo?")
    folder.mkdir()
    (folder / "study.key.json").write_text(json.dumps(study.key()), "utf-8")
    answers = [
        {"trial": trial.id, "left": trial.pictures[0].id, "right": trial.pictures[1].id, "chosen": trial.pictures[0].id,
         "seconds": 1.5}
        for trial in study.trials
    ]  # fmt: skip
    told = {"study": study.id, "participant": "0a1b2c3d", "seed": 7, "answers": answers}
    (folder / "answers.json").write_text(json.dumps(told), "utf-8")
