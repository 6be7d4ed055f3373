"""What the small stages are worth: each default beside its alternates and `none`, on made-up heads whose truth is known.

python tests/benchmarks/alternates.py [--heads 12] [--role ROLE ...]

  restorer          the seen albedo of the photo as it is, saved as JPEG at quality 10, and with noise of .04: PSNR in dB
  cleaner           photos with scratches: the share of scratched skin that is hidden, and of clean skin that is lost
  light_estimator   the seen albedo with the delighter harmonics: PSNR, the same after one gain a channel, CIEDE2000
  painter           irises against the true ones: CIEDE2000
Mergers are compared by tests/benchmarks/same_person.py, hidden predictors by python -m training.bank eval.
"""

import argparse
import io
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from facetex_model_zoo import open_bank
from PIL import Image
from skimage.color import deltaE_ciede2000

from facetex_core import DelitView, Fit, Photo, Pipeline, Recipe, Registry, Texture, load_preset
from facetex_core.imaging.colour import decode_srgb, encode_srgb, to_bytes
from facetex_core.texture.unwrap import unwrap
from facetex_core.workbench.evaluation.albedo import albedo_error, true_albedo
from facetex_core.workbench.evaluation.suite import Case
from facetex_core.workbench.evaluation.synthetic import BANDS, sample_case

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from irises import iris_texels

SIZE, NOISE, QUALITY, SCRATCHES = 512, 0.04, 10, 12
WAYS = {
    "restorer": ("none", "deblock", "denoise", "deblock+denoise"),
    "cleaner": ("none", "defects", "outliers", "defects+outliers"),
    "light_estimator": ("none", "harmonics", "least-squares"),
    "painter": ("none", "eyes", "brown"),
}
Rows = dict[str, list[float]]


def recipe_with(base: Recipe, role: str, way: str) -> Recipe:
    name, *options = way.split(" ")
    recipe = base.choosing(role, name)
    for option in options:
        recipe = recipe.setting(role, *option.split("="))
    return recipe


def delit_with(pipeline: Pipeline, photo: Photo, fit: Fit | None = None) -> DelitView:
    observation = pipeline.observe(photo)
    found = fit or pipeline.fitter.fit([observation])[0]
    return pipeline.delit(pipeline.unwrapped(observation, found))


def seen_by_all(views: dict[str, DelitView]) -> np.ndarray:
    return np.all([view.albedo.visibility > 0 for view in views.values()], axis=0)


def restored(case: Case, ways: dict[str, Pipeline], rng: np.random.Generator) -> Iterator[tuple[str, Rows]]:
    fit = delit_with(next(iter(ways.values())), case.photo).fit
    true = true_albedo(case.truth, fit, SIZE)
    file, coded = io.BytesIO(), encode_srgb(case.photo.rgb)
    Image.fromarray(to_bytes(case.photo.rgb)).save(file, "JPEG", quality=QUALITY)
    squares = np.asarray(Image.open(file), np.float32) / 255
    noisy = np.clip(coded + rng.normal(0, NOISE, coded.shape), 0, 1).astype(np.float32)
    for name, rgb in (("as it is", case.photo.rgb), ("JPEG", decode_srgb(squares)), ("noise", decode_srgb(noisy))):
        views = {way: delit_with(each, Photo(rgb, case.photo.name), fit) for way, each in ways.items()}
        seen = seen_by_all(views)
        yield name, {way: [albedo_error(true, view.albedo, seen, fit).psnr] for way, view in views.items()}


def cleaned(case: Case, ways: dict[str, Pipeline], rng: np.random.Generator) -> Iterator[tuple[str, Rows]]:
    first = next(iter(ways.values()))
    observation = first.observe(case.photo)
    (fit,) = first.fitter.fit([observation])
    marks = np.zeros(case.photo.rgb.shape[:2], np.float32)
    left, top, right, bottom = observation.face.box
    for _ in range(SCRATCHES):
        ends = np.rint(rng.uniform((left, top), (right, bottom), (2, 2))).astype(int).tolist()
        cv2.line(marks, ends[0], ends[1], 1.0, 1, cv2.LINE_AA)
    white = decode_srgb(np.array([0.95], np.float32))[0]
    photo = replace(case.photo, rgb=(case.photo.rgb + marks[..., None] * (white - case.photo.rgb)).astype(np.float32))
    skin = observation.segmentation.skin
    plain, scratched = unwrap(photo, fit, skin, SIZE), unwrap(Photo(np.dstack([marks] * 3)), fit, skin, SIZE).rgb[..., 0]
    on, off = (plain.visibility > 0) & (scratched > 0.5), (plain.visibility > 0) & (scratched < 0.02)
    rows = {}
    for way, each in ways.items():
        left_seen = each.unwrapped(replace(observation, photo=photo), fit).lit.visibility > 0
        rows[way] = [100 * float((~left_seen[on]).mean()), 100 * float((~left_seen[off]).mean())]
    yield "scratches hidden %, clean skin lost %", rows


def lit_by(case: Case, ways: dict[str, Pipeline], rng: np.random.Generator) -> Iterator[tuple[str, Rows]]:
    fit = delit_with(ways["harmonics"], case.photo).fit
    true = true_albedo(case.truth, fit, SIZE)
    views = {way: delit_with(each, case.photo, fit) for way, each in ways.items()}
    seen, rows = seen_by_all(views), {}
    for way, view in views.items():
        error = albedo_error(true, view.albedo, seen, fit)
        rows[way] = [error.psnr, error.even_psnr, error.tone]
    yield "seen dB, even dB, CIEDE2000", rows


def painted(case: Case, ways: dict[str, Pipeline], rng: np.random.Generator) -> Iterator[tuple[str, Rows]]:
    view = delit_with(next(iter(ways.values())), case.photo)
    whole = replace(view, albedo=Texture(np.full_like(view.albedo.rgb, 0.4), np.zeros_like(view.albedo.visibility)))
    truth = cv2.resize(case.truth.albedo, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    iris = iris_texels(view.fit.model, SIZE)

    def colour(rgb: np.ndarray) -> np.ndarray:
        return cv2.cvtColor(rgb[iris].mean(0)[None, None], cv2.COLOR_LRGB2LAB)[0, 0]

    true = colour(truth.astype(np.float32))
    rows = {way: [float(deltaE_ciede2000(true, colour(each.painter.paint(whole).rgb)))] for way, each in ways.items()}
    yield "iris CIEDE2000", rows


MEASURES = {
    "restorer": restored,
    "cleaner": cleaned,
    "light_estimator": lit_by,
    "painter": painted,
}


def main() -> None:
    """Prints a table a role: means over the heads."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--heads", type=int, default=12)
    asked.add_argument("--role", choices=list(MEASURES), action="append")
    given = asked.parse_args()
    base, registry = replace(load_preset("draft"), size=SIZE), Registry()
    bank = open_bank(base.bank)
    model = registry.bare("fitter", "basis", {}).model
    for role in given.role or MEASURES:
        start = base.choosing("delighter", "harmonics") if role == "light_estimator" else base
        ways = {way: recipe_with(start, role, way).build(registry, bank) for way in WAYS[role]}
        found: dict[tuple[str, str], list[list[float]]] = {}
        for head in range(given.heads):
            case = sample_case(model, 70_000 + head, band=BANDS[0])
            for what, rows in MEASURES[role](case, ways, np.random.default_rng(head)):
                for way, values in rows.items():
                    found.setdefault((what, way), []).append(values)
        print(role, flush=True)
        for (what, way), rows in found.items():
            print(f"    {what}: {way:16} {'  '.join(f'{value:.3f}' for value in np.mean(rows, axis=0))}", flush=True)


if __name__ == "__main__":
    main()
