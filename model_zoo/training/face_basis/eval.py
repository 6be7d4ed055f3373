"""Measures a face basis against new samples of ICT-FaceKit, checks its mesh, and draws it."""

from pathlib import Path

import click
import cv2
import numpy as np
from jaxtyping import Float, Int

from training.face_basis.make import DEFAULT
from training.face_basis.modes import STRONGER, arkit_shapes
from training.face_basis.pictures import density_picture, layout_picture, render
from training.face_basis.regions import dense_places
from training.face_basis.source import SKIN, Source, border_chains, half_triangles, read_source, signed_areas, triangle_areas
from training.face_basis.surface import closest

MILLIMETRES = 1000
TEXELS = 1024
IDENTITIES = 50
HALF = 127
"""A stored weight above it counts a vertex to a region."""
GRIN = dict.fromkeys(("mouthSmileLeft", "mouthSmileRight", "mouthUpperUpLeft", "mouthUpperUpRight"), 0.8)


def parts(arrays: dict[str, np.ndarray]) -> dict[str, slice]:
    """Triangle ranges by part name."""
    return {str(name): slice(int(a), int(b)) for name, (a, b) in zip(arrays["part_names"], arrays["part_ranges"], strict=True)}


def skin_of(source: Source) -> Int[np.ndarray, "triangles 3"]:
    """Both halves of the source's skin."""
    left = half_triangles(source, SKIN)
    return np.r_[left, source.mirror[left][:, ::-1]]


def distances(
    points: Float[np.ndarray, "points 3"], vertices: Float[np.ndarray, "vertices 3"], triangles: Int[np.ndarray, "triangles 3"]
) -> Float[np.ndarray, " points"]:
    """Millimetres from points to a surface."""
    chosen, weights = closest(points, vertices, triangles, candidates=30)
    return np.linalg.norm(np.einsum("pkc,pk->pc", vertices[triangles[chosen]], weights) - points, axis=1) * MILLIMETRES


def fitted(
    arrays: dict[str, np.ndarray], numbers: Int[np.ndarray, " some"], target: Float[np.ndarray, "some 3"]
) -> Float[np.ndarray, "vertices 3"]:
    """The head whose given vertices come nearest to the targets (least squares over the identity modes)."""
    modes = arrays["identity"][:, numbers].astype(np.float64).reshape(len(arrays["identity"]), -1)
    coefficients = np.linalg.lstsq(modes.T, (target - arrays["mean"][numbers]).ravel(), rcond=None)[0]
    return arrays["mean"] + np.tensordot(coefficients, arrays["identity"].astype(np.float64), 1)


def summary(name: str, values: Float[np.ndarray, "*any"]) -> str:
    """Mean and 95th percentile in words."""
    return f"{name} mean {values.mean():.3f} mm, 95 % {np.percentile(values, 95):.3f}"


def identity_report(arrays: dict[str, np.ndarray], source: Source) -> str:
    """Rebuild error of new identities: our vertices against the source's surface, and its vertices against ours."""
    rng = np.random.default_rng(2024)
    mean, skin, source_skin = arrays["mean"].astype(np.float64), arrays["triangles"][parts(arrays)["skin"]], skin_of(source)
    ours, theirs = np.unique(skin), np.unique(source_skin)
    where, weights = closest(mean[ours], source.vertices, source_skin)
    own = skin[closest(source.vertices[theirs], mean, skin)[0]]
    our_face, their_face = arrays["regions"][0][ours] > HALF, (arrays["regions"][0][own] > HALF).all(1)
    points, surface = [], []
    for row in rng.standard_normal((IDENTITIES, len(source.identity))):
        sample = source.vertices + np.tensordot(row, source.identity, 1)
        target = np.einsum("pkc,pk->pc", sample[source_skin[where]], weights)
        rebuilt = fitted(arrays, ours, target)
        points.append(np.linalg.norm(rebuilt[ours] - target, axis=1) * MILLIMETRES)
        surface.append(distances(sample[theirs], rebuilt, skin))
    vertex, far = np.array(points), np.array(surface)
    lines = [
        summary("skin vertices", vertex),
        summary("of them in the face", vertex[:, our_face]),
        summary("source skin to our surface", far),
        summary("of it in the face", far[:, their_face]),
    ]
    return f"identities ({IDENTITIES} new, {len(arrays['identity'])} modes): " + "; ".join(lines)


def expression_report(arrays: dict[str, np.ndarray], source: Source) -> str:
    """Mean distance of the source's moved skin vertices to our surface in each expression, worst shapes named."""
    skin = arrays["triangles"][parts(arrays)["skin"]].astype(np.int64)
    errors = {}
    for k, (name, numbers) in enumerate(arkit_shapes(source).items()):
        move = STRONGER.get(name, 1) * source.expression[numbers].sum(0)
        moved = np.flatnonzero(np.linalg.norm(move[: SKIN[1]], axis=1) > 5e-4)
        errors[name] = distances(
            (source.vertices + move)[moved], arrays["mean"] + arrays["expression"][k].astype(np.float64), skin
        ).mean()
    lines = [f"{name} {error:.3f}" for name, error in sorted(errors.items(), key=lambda item: -item[1])]
    return (
        f"expressions ({len(errors)}), mm on the vertices that move: mean {np.mean(list(errors.values())):.3f}; "
        + ", ".join(lines)
    )


def mesh_report(arrays: dict[str, np.ndarray]) -> list[str]:
    """Injectivity, symmetry, borders, degenerate triangles, unused vertices."""
    mean, mirror = arrays["mean"].astype(np.float64), arrays["mirror"]
    triangles, uv_triangles, uvs = (
        arrays["triangles"].astype(np.int64),
        arrays["uv_triangles"],
        arrays["uvs"].astype(np.float64),
    )
    lines = []
    for name, span in parts(arrays).items():
        plane, space = signed_areas(uvs, uv_triangles[span]), triangle_areas(mean, triangles[span])
        borders = sorted(len(loop) for loop in border_chains(triangles[span]))
        counts = f"{len(np.unique(triangles[span]))} vertices, {span.stop - span.start} triangles"
        lines.append(
            f"{name}: {counts}, smallest UV area {plane.min():.2e},"
            f" smallest area {space.min() * 1e6:.4f} mm2, UV share {plane.sum():.3f}, borders {borders}"
        )
    together = np.concatenate([triangles[span] for name, span in parts(arrays).items() if name in ("skin", "mouth")])
    lines.append(f"skin with mouth: borders {sorted(len(loop) for loop in border_chains(together))} (neck, lids)")
    same = {tuple(sorted(t)) for t in mirror[triangles].tolist()} == {tuple(sorted(t)) for t in triangles.tolist()}
    uneven = np.abs(mean[mirror] * [-1, 1, 1] - mean).max() * MILLIMETRES
    inverse = (mirror[mirror] == np.arange(len(mirror))).all()
    lines.append(f"symmetry: largest {uneven:.2e} mm, triangles map onto triangles: {same}, permutation own inverse: {inverse}")
    skin = np.unique(triangles[parts(arrays)["skin"]])
    doubles = len(skin) - len(np.unique(np.round(mean[skin] * 1e7), axis=0))
    lines.append(f"unused vertices {len(mean) - len(np.unique(triangles))}, skin vertices that share a place {doubles}")
    return lines


def texel_sizes(arrays: dict[str, np.ndarray]) -> Float[np.ndarray, " triangles"]:
    """Millimetres per texel at 1024, the square root of the area ratio."""
    space = triangle_areas(arrays["mean"].astype(np.float64), arrays["triangles"])
    return np.sqrt(space / signed_areas(arrays["uvs"].astype(np.float64), arrays["uv_triangles"])) * MILLIMETRES / TEXELS


def layout_report(arrays: dict[str, np.ndarray]) -> str:
    """Share of the regions in UV and their texel size."""
    plane, sizes = signed_areas(arrays["uvs"].astype(np.float64), arrays["uv_triangles"]), texel_sizes(arrays)
    lines = []
    for name, weight in zip(arrays["region_names"], arrays["regions"], strict=True):
        own = (weight[arrays["triangles"]] > HALF).all(1)
        lines.append(f"{name} {plane[own].sum():.3f} ({np.average(sizes[own], weights=plane[own]):.2f})")
    box = arrays["face_box"] * TEXELS
    used = arrays["uvs"][np.unique(arrays["uv_triangles"][(arrays["regions"][0][arrays["triangles"]] > HALF).all(1)])]
    span = np.ptp(used, axis=0).round(3).tolist()
    return f"UV share (mm per texel): {', '.join(lines)}; face spans {span} of UV; face box at 1024 {box.tolist()}"


def landmark_report(arrays: dict[str, np.ndarray], source: Source) -> str:
    """Distance of the embedded iBUG points from the source's."""
    corners = arrays["mean"][arrays["triangles"][arrays["landmark_triangles"]]]
    off = np.linalg.norm(
        np.einsum("pkc,pk->pc", corners, arrays["landmark_barycentric"]) - source.vertices[source.landmarks], axis=1
    )
    return f"iBUG points off by mean {off.mean() * MILLIMETRES:.3f} mm, largest {off.max() * MILLIMETRES:.3f}"


def posed(arrays: dict[str, np.ndarray], **weights: float) -> Float[np.ndarray, "vertices 3"]:
    """The mean with some expressions."""
    names = arrays["expression_names"].tolist()
    return arrays["mean"] + sum(w * arrays["expression"][names.index(name)].astype(np.float64) for name, w in weights.items())


def draw(arrays: dict[str, np.ndarray], folder: Path) -> None:
    """Writes all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    mean = arrays["mean"].astype(np.float64)
    smile = posed(arrays, mouthSmileLeft=1, mouthSmileRight=1)
    faces = {
        "views": [render(mean, arrays, yaw=y, width=0.38) for y in (0, 40, 90)],
        "expressions": [
            render(posed(arrays, **GRIN), arrays, width=0.24),
            render(posed(arrays, jawOpen=1), arrays, width=0.24),
            render(posed(arrays, eyeBlinkLeft=1, eyeBlinkRight=1), arrays, width=0.24),
            render(smile, arrays, width=0.24),
        ],
        "close": [
            render(mean, arrays, width=0.05, centre=(0.032, 0.036)),
            render(posed(arrays, eyeBlinkLeft=1), arrays, width=0.05, centre=(0.032, 0.036)),
            render(mean, arrays, width=0.07, centre=(0, -0.034)),
            render(posed(arrays, jawOpen=0.5), arrays, width=0.09, centre=(0, -0.045)),
        ],
        "gaze": [
            render(posed(arrays, **{f"eyeLook{way}Left": 1}), arrays, width=0.05, centre=(0.032, 0.036))
            for way in ("Up", "Down", "In", "Out")
        ],
    }
    rng = np.random.default_rng(3)
    modes = arrays["identity"].astype(np.float64)
    faces["people"] = [
        render(mean + np.tensordot(rng.standard_normal(len(modes)), modes, 1), arrays, yaw=y, width=0.34)
        for y in (0, 20, -35, 60)
    ]
    dense = np.einsum("pkc,pk->pc", mean[arrays["triangles"][arrays["dense_triangles"]]], arrays["dense_barycentric"])
    ibug = np.einsum("pkc,pk->pc", mean[arrays["triangles"][arrays["landmark_triangles"]]], arrays["landmark_barycentric"])
    faces["landmarks"] = [
        render(mean, arrays, width=0.20, marks=dense, size=1000),
        render(mean, arrays, width=0.20, marks=ibug, size=1000),
    ]
    for name, row in faces.items():
        cv2.imwrite(str(folder / f"{name}.png"), np.hstack(row))
    corner = render(mean, arrays, width=0.06, centre=(0.02, -0.034), marks=dense, size=900)
    eye = render(mean, arrays, width=0.06, centre=(0.032, 0.036), marks=dense, size=900)
    nose = render(mean, arrays, width=0.06, centre=(0, -0.005), marks=dense, size=900)
    cv2.imwrite(str(folder / "landmarks_close.png"), np.hstack([corner, eye, nose]))
    layout = layout_picture(arrays)
    for place in dense_places(arrays) * len(layout):
        cv2.circle(layout, (int(place[0]), int(place[1])), 2, (255, 255, 255), -1)
    cv2.imwrite(str(folder / "layout.png"), layout)
    cv2.imwrite(str(folder / "density.png"), density_picture(arrays, texel_sizes(arrays)))


@click.command()
@click.option(
    "--basis",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=DEFAULT,
    show_default="the model zoo's file",
    help="File to measure.",
)
@click.option(
    "--pictures", type=click.Path(file_okay=False, path_type=Path), default=None, help="Folder for pictures; none without it."
)
def main(basis: Path, pictures: Path | None) -> None:
    """Prints errors and mesh checks of a face basis (data folder: environment variable FACETEX_SHARED)."""
    with np.load(basis) as stored:
        arrays = dict(stored)
    source = read_source()
    if pictures:
        draw(arrays, pictures)
    click.echo("\n".join([*mesh_report(arrays), layout_report(arrays), landmark_report(arrays, source)]))
    click.echo(identity_report(arrays, source))
    click.echo(expression_report(arrays, source))


if __name__ == "__main__":
    main()
