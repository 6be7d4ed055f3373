"""Writes all that a user gets: whole, or not at all.

Everything is made in a hidden folder on the target's disk and moved when it is complete. The same photo with the same
recipe gives the same bytes, except for seconds: they stand in facetex.json under "seconds" and in report.html.
"""

import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import numpy as np

from facetex_core import boundary
from facetex_core.boundary import Watch
from facetex_core.config import Recipe
from facetex_core.delivery.record import Notes, record_json
from facetex_core.delivery.report import report_html
from facetex_core.errors import ConfigError
from facetex_core.geometry.camera import photo_view, portrait_cameras
from facetex_core.io import texture_files
from facetex_core.lighting import environment
from facetex_core.lighting.estimate_lighting import specular_map
from facetex_core.lighting.studio import studio
from facetex_core.pipeline import Run
from facetex_core.registry import Registry
from facetex_core.stages import Renderer
from facetex_core.structures import Photo
from facetex_core.texture.ambient_occlusion_map import ambient_occlusion_map
from facetex_core.texture.material import roughness_of

RENDERS = "renders"


def deliver(  # noqa: PLR0913  # facts that only the caller knows, each with a default
    run: Run,
    recipe: Recipe,
    registry: Registry,
    folder: Path,
    *,
    models: Mapping[str, Mapping[str, object]] | None = None,
    exemplars: Sequence[str] = (),
    warnings: Sequence[str] = (),
    side: int = 700,
    watch: Watch = lambda _: nullcontext(),
) -> tuple[Path, ...]:
    """The files in the folder: head.glb, head.obj, maps, renders, report.html and facetex.json, by the recipe's exporters.

    environment.hdr is the light of the photo all round the head, made from its harmonics.
    `models`, `exemplars` and `warnings` are what Notes holds; renders are `side` pixels high.
    After an error or an interruption nothing half-made remains. An OSError becomes a ConfigError that names the folder.
    """
    try:
        with _staging(folder) as staging, boundary.session(watch) as session:
            pictures = _render(run, recipe.make("renderer", registry), side)
            (staging / RENDERS).mkdir()
            for name, picture in pictures.items():
                texture_files.write(staging / RENDERS / f"{name}.png", texture_files.colour_png(picture.rgb))
            boundary.step("maps", _write_maps, run, staging)
            for exporter in recipe.make("exporter", registry):
                exporter.export(run.head, staging)
            notes, seconds = Notes(models or {}, exemplars, warnings), {**run.seconds, **session.seconds}
            told = recipe.without_programs(registry)
            report = boundary.step("report", report_html, run, told, pictures, notes, seconds, staging)
            texture_files.write(staging / "report.html", report)
            texture_files.write(staging / "facetex.json", record_json(run, told, notes, {**seconds, **session.seconds}))
            return _publish(staging, folder)
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be written ({error.strerror or type(error).__name__})") from None


def _render(run: Run, renderer: Renderer, side: int) -> dict[str, Photo]:
    """Portraits in the studio, and the main photo beside the head from the photo's own camera in its light."""
    head, light = run.head, studio()
    pictures = {name: renderer.render(head, camera, light) for name, camera in portrait_cameras(head.fit, side).items()}
    camera, cut = photo_view(head.fit, run.views[0].photo, side)
    again = renderer.render(head, camera, head.appearance.lighting)
    pictures["photo"] = Photo(np.concatenate([cut.rgb, again.rgb], 1), head.name)
    return pictures


def _write_maps(run: Run, staging: Path) -> None:
    head = run.head
    texture_files.write(staging / texture_files.ALBEDO, texture_files.colour_png(head.albedo.rgb))
    texture_files.write(staging / texture_files.LIT, texture_files.colour_png(head.lit.rgb))
    texture_files.write(staging / texture_files.VISIBILITY, texture_files.data_png(run.visibility))
    texture_files.write(staging / texture_files.NORMAL, texture_files.normal_png(head.detail.normals))
    texture_files.write(staging / texture_files.ROUGHNESS, texture_files.data_png(roughness_of(head)))
    texture_files.write(staging / texture_files.OCCLUSION, texture_files.data_png(ambient_occlusion_map(head)))
    texture_files.write(staging / texture_files.HIGHLIGHTS, texture_files.colour_png(specular_map(head)))
    displacement = texture_files.write(staging / texture_files.DISPLACEMENT, texture_files.displacement_png(head.detail))
    texture_files.write(displacement.with_suffix(".json"), texture_files.displacement_note(head.detail))
    light = environment.radiance_of(head.appearance.lighting)
    texture_files.write(staging / environment.ENVIRONMENT_FILE, environment.hdr_bytes(light))


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """A hidden folder in the target, or beside one that is still to be made; gone afterwards, with what was made for it.

    A folder that exists may be a disk of its own, to which nothing can be moved from beside it.
    """
    parent = folder.absolute() if folder.is_dir() else folder.absolute().parent
    made = [above for above in (parent, *parent.parents) if not above.exists()]
    staging = parent / f".{folder.name}.{secrets.token_hex(4)}.part"
    try:
        staging.mkdir(parents=True)
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        for above in made:
            with suppress(OSError):  # the result is in it
                above.rmdir()


def _publish(staging: Path, folder: Path) -> tuple[Path, ...]:
    """A new folder appears at once; in one that exists, file by file replaces what an earlier run left."""
    names = sorted(path.relative_to(staging) for path in staging.rglob("*") if path.is_file())
    if not folder.exists():
        staging.rename(folder)
        return tuple(folder / name for name in names)
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
    for name in names:
        (staging / name).replace(folder / name)
    return tuple(folder / name for name in names)
