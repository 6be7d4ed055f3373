"""report.html: every stage's picture and figures on one page that needs nothing but itself."""

from collections.abc import Callable, Mapping
from pathlib import Path

from facetex_core.config import Recipe
from facetex_core.delivery.pictures import colour_of, data_uri, fit_over_photo, shares_picture, small, stage_pictures, template
from facetex_core.delivery.pictures_of_shape import shape_pictures
from facetex_core.delivery.record import Notes, commercial_use, largest_weights, recipe_table, residuals_of, shares_of, versions
from facetex_core.delivery.viewer.view import Cell, packed, view_html
from facetex_core.descriptors.correlations import relative_error
from facetex_core.geometry.camera import portrait_cameras, yaw_degrees
from facetex_core.imaging.colour import to_bytes
from facetex_core.pipeline import Run
from facetex_core.structures import LitView, Photo

STAGES_SHOWN = (
    ("detect", "Face", "Box, dense points and the 68 landmarks."),
    ("fit", "Fit", "The morphable head laid over the photo."),
    ("segment", "Skin", "What counts as bare skin."),
    ("unwrap", "Unwrapped", "The photo on the UV map, light and all."),
    ("visibility", "Visibility", "White: seen straight on. Black: not seen."),
    ("delight", "Albedo, seen part", "The light taken out."),
    ("specular", "Highlights", "What the photo shows above albedo times shading, in the light's colour."),
    ("synthesize", "Albedo, whole", "The hidden part completed."),
    ("detail", "Normals", "What is finer than the mesh."),
)
RENDERS_SHOWN = (("front", "Front"), ("three_quarter", "Three quarters"), ("side", "Side"))
SHAPES_SHOWN = (
    ("Untextured", "The mesh and its relief, in grey."),
    ("Normals", "As colours: red to the right, green up, blue towards the camera."),
)
SHAPE_SIDE = 400
"""Pixels of a picture of the shape."""


def report_html(
    run: Run, recipe: Recipe, renders: Mapping[str, Photo], notes: Notes, seconds: Mapping[str, float], folder: Path
) -> str:
    """The page; `renders` by name: front, three_quarter, side, photo. A head.glb in the folder can be turned on it."""
    pictures = stage_pictures(run)
    table = recipe_table(recipe)
    return str(
        template(__package__, "report").render(
            photo=run.head.name,
            size=run.views[0].photo.size,
            photos=_photos(run),
            shares=data_uri(shares_picture(run)),
            stages=[(title, text, data_uri(pictures[name])) for name, title, text in STAGES_SHOWN],
            view=_view(run, folder / "head.glb", _uri(renders["front"])),
            renders=[(title, _uri(renders[name])) for name, title in RENDERS_SHOWN],
            shapes=_shapes(run),
            beside=_uri(renders["photo"]),
            facts=_facts(run, recipe),
            blend=_bars(dict(largest_weights(run.weights, notes.exemplars)), lambda share: f"{share:.1%}"),
            solver=table["stages"]["blend_solver"],  # type: ignore[index]  # recipe_table's own form
            effective=f"{1 / max(float((run.weights**2).sum()), 1e-12):.1f}",
            exemplars=len(run.weights),
            distances=_bars(relative_error(run.explained, run.observed), lambda error: f"{error:.3f}"),
            residuals=_residuals(run.views[0]),
            seconds=_bars(dict(seconds), lambda value: f"{value:.2f} s"),
            total=f"{sum(seconds.values()):.1f}",
            models=notes.models,
            commercial_use=commercial_use(notes.models),
            warnings=notes.warnings,
            chosen=table["stages"],
            versions=versions(),
        )
    )


def _view(run: Run, glb: Path, poster: str) -> str:
    """Empty where no exporter wrote a GLB."""
    if not glb.exists():
        return ""
    return view_html([Cell(poster=poster)], {"head": packed(glb.read_bytes())}, run.head.appearance.lighting)


def _shapes(run: Run) -> list[tuple[str, str, list[str]]]:
    """A row for each kind of picture, from the cameras of the renders."""
    fit, relief = run.head.fit, run.head.detail.normals
    cameras = portrait_cameras(fit, SHAPE_SIDE)
    rows = zip(*(shape_pictures(fit, relief, cameras[name]) for name, _ in RENDERS_SHOWN), strict=True)
    return [(*words, [data_uri(each) for each in row]) for words, row in zip(SHAPES_SHOWN, rows, strict=True)]


def _uri(picture: Photo) -> str:
    return data_uri(small(to_bytes(picture.rgb)))


def _photos(run: Run) -> list[dict[str, object]]:
    """Each photo with its fit, and the colour in which the picture of shares shows it."""
    return [
        {
            "name": view.photo.name,
            "picture": data_uri(fit_over_photo(view)),
            "colour": "#{:02x}{:02x}{:02x}".format(*colour_of(number)),
            "share": f"{share:.0%}",
            "yaw": f"{abs(yaw_degrees(view.fit.camera)):.0f}",
            "residuals": _residuals(view),
        }
        for number, (view, share) in enumerate(zip(run.views, shares_of(run), strict=True))
    ]


def _residuals(view: LitView) -> dict[str, str]:
    return {name.replace("_", " "): f"{value:.4g}" for name, value in residuals_of(view).items()}


def _facts(run: Run, recipe: Recipe) -> list[tuple[str, str]]:
    """The first line of figures."""
    fit, box = run.head.fit, run.views[0].observation.face.box
    return [
        ("face", f"{max(box[2:] - box[:2]):.0f} px"),
        ("seen of the map", f"{float((run.visibility > 0).mean()):.0%}"),
        ("texture", f"{run.head.albedo.size} x {run.head.albedo.size}"),
        ("triangles", f"{len(fit.model.mesh.triangles):,}"),
        ("expressions", str(len(fit.model.expression_names))),
        ("seed", str(recipe.seed)),
    ]


def _bars(values: Mapping[str, float], as_text: Callable[[float], str]) -> list[tuple[str, str, float]]:
    """Label, text and length in per cent of the longest."""
    longest = max(values.values(), default=1.0) or 1.0
    return [(name.replace("_", " "), as_text(value), round(100 * value / longest, 1)) for name, value in values.items()]
