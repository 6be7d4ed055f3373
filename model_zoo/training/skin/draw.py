"""Things drawn over a face to learn what is no skin: glasses, strands of hair, hands, masks, hats, patches."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Float32

from training.skin.canvas import Canvas, Colour, Cover, Points, polygon, random_colour, stroke
from training.skin.labels import BACKGROUND, HAIR, IGNORE, NO_SKIN, REST, SKIN

LAYERS = 4
"""Of strands in a lock of hair."""
HAIR_COLOURS = (
    (20, 16, 14),
    (45, 30, 22),
    (80, 52, 34),
    (120, 84, 52),
    (190, 150, 100),
    (150, 150, 150),
    (215, 212, 205),
    (110, 45, 25),
)


def lens_outline(shape: tuple[float, float, float, float]) -> Points:
    """A superellipse around 0: half width, half height, exponent, taper of the lower inner part."""
    half_width, half_height, power, taper = shape
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    cosine, sine = np.cos(angle), np.sin(angle)
    x = half_width * np.sign(cosine) * np.abs(cosine) ** (2 / power)
    y = half_height * np.sign(sine) * np.abs(sine) ** (2 / power)
    return np.stack([x * (1 - taper * (y > 0) * y / half_height), y], 1)


def lens_outlines(canvas: Canvas, rng: np.random.Generator) -> list[Points]:
    """Of both lenses, around the eyes."""
    points, unit = canvas.landmarks, canvas.unit
    bridge = points[27:29].mean(0)
    shape = (rng.uniform(0.31, 0.45), rng.uniform(0.18, 0.36), rng.uniform(2, 5), rng.uniform(0, 0.3))
    drop = np.array([0.0, rng.uniform(-0.02, 0.12) * unit])
    outlines = []
    for eye in (points[36:42].mean(0), points[42:48].mean(0)):
        # A lens is narrower where the head is turned away.
        share = np.clip(abs(eye[0] - bridge[0]) / (unit / 2), 0.4, 1.3)
        outline = lens_outline(shape) * unit * np.array([share, 1])
        outlines.append(outline * np.array([np.sign(bridge[0] - eye[0]), 1]) + eye + drop)
    return outlines


def frame_cover(canvas: Canvas, outlines: list[Points], rng: np.random.Generator) -> Cover:
    """Rims, bridge and temples of some width; one pair in eight is rimless."""
    unit = canvas.unit
    width = 0.0 if rng.random() < 0.12 else unit * np.exp(rng.uniform(np.log(0.012), np.log(0.08)))
    lines = [bridge_line(outlines, rng, unit), *temple_lines(canvas.landmarks, outlines, unit, rng)]
    covers = [stroke(canvas, line, max(width, 1) * 0.8) for line in lines]
    if width:
        covers += [stroke(canvas, outline, max(width, 1), closed=True) for outline in outlines]
    return np.maximum.reduce(covers)


def draw_glasses(canvas: Canvas, rng: np.random.Generator) -> None:
    """Frames of many kinds, clear to black lenses, reflections."""
    outlines, unit = lens_outlines(canvas, rng), canvas.unit
    lenses = [polygon(canvas, outline) for outline in outlines]
    paint_lenses(canvas, outlines, rng)
    frame = frame_cover(canvas, outlines, rng)
    shadow = cv2.GaussianBlur(np.roll(frame, int(0.05 * unit), 0), (0, 0), 0.03 * unit + 0.5)
    canvas.paint(shadow * rng.uniform(0, 0.45), np.zeros(3), occludes=False)
    canvas.paint(frame, random_colour(rng))
    canvas.label[np.maximum.reduce([*lenses, frame]) > 0.5] = REST


def bridge_line(outlines: list[Points], rng: np.random.Generator, unit: float) -> Points:
    """From lens to lens over the nose."""
    right, left = outlines[0][outlines[0][:, 0].argmax()], outlines[1][outlines[1][:, 0].argmin()]
    middle = (right + left) / 2 - np.array([0, rng.uniform(0, 0.1) * unit])
    return np.stack([right, middle, left])


def temple_lines(points: Points, outlines: list[Points], unit: float, rng: np.random.Generator) -> list[Points]:
    """From the lenses to the ears."""
    lift = np.array([0, rng.uniform(0.05, 0.2) * unit])
    right, left = outlines[0][outlines[0][:, 0].argmin()], outlines[1][outlines[1][:, 0].argmax()]
    return [np.stack([right - lift / 2, points[0] - lift]), np.stack([left - lift / 2, points[16] - lift])]


def paint_lenses(canvas: Canvas, outlines: list[Points], rng: np.random.Generator) -> None:
    """Tint, dark in one case of three, and bright reflections in half of the cases."""
    tinted, shiny = rng.random() < 0.35, rng.random() < 0.5
    tint, alpha = random_colour(rng), rng.uniform(0.3, 0.97) if tinted else rng.uniform(0, 0.12)
    fade = rng.uniform(0.4, 1)
    angle, alpha_shine = rng.uniform(0, np.pi), rng.uniform(0.1, 0.7)
    colour_shine = rng.uniform(150, 255, 3)
    for outline in outlines:
        cover = polygon(canvas, outline)
        ramp = np.linspace(1, fade, len(cover), dtype=np.float32)[:, None]
        canvas.paint(cover * alpha * ramp, tint)
        if shiny:
            canvas.paint(cover * glare(canvas, outline, angle, rng) * alpha_shine, colour_shine)


def glare(canvas: Canvas, outline: Points, angle: float, rng: np.random.Generator) -> Cover:
    """A bright bar or spot across a lens."""
    centre, size = outline.mean(0), np.ptp(outline, axis=0).max()
    along = np.array([np.cos(angle), np.sin(angle)]) * size * rng.uniform(0.2, 1)
    across = np.array([-np.sin(angle), np.cos(angle)]) * size * rng.uniform(0.05, 0.35)
    start = centre + rng.uniform(-0.3, 0.3, 2) * size
    corners = np.stack([start - along - across, start + along - across, start + along + across, start - along + across])
    return polygon(canvas, corners, soft=rng.uniform(0.5, 4))


def hair_colour(canvas: Canvas, rng: np.random.Generator) -> Colour:
    """The person's own where something that is no skin lies above the brows, or one of the list."""
    top = int(max(canvas.landmarks[17:27, 1].min() - 1.3 * canvas.unit, 0))
    middle = int(canvas.landmarks[27, 0])
    above = canvas.rgb[top : top + 8, middle - 8 : middle + 8]
    if rng.random() < 0.6 and above.size and not (canvas.label[top : top + 8, middle - 8 : middle + 8] == SKIN).any():
        return np.median(above, axis=(0, 1))
    return np.array(HAIR_COLOURS[rng.integers(len(HAIR_COLOURS))], float)


@dataclass(frozen=True)
class Lock:
    """Where strands of hair begin and where they go, in pixels."""

    root: Float[np.ndarray, "2"]
    spread: Float[np.ndarray, "2"]
    """Half of the extent of the roots."""
    heading: Float[np.ndarray, "2"]
    length: float
    bend: float
    """Sideways, at half of a strand's length."""

    def strand(self, unit: float, rng: np.random.Generator) -> Float[np.ndarray, "10 2"]:
        """A quadratic curve."""
        start = self.root + rng.uniform(-1, 1, 2) * self.spread
        end = start + (self.heading + rng.normal(0, 0.12, 2)) * self.length * rng.uniform(0.6, 1)
        middle = (start + end) / 2 + np.array([self.bend, 0]) + rng.normal(0, 0.04, 2) * unit
        time = np.linspace(0, 1, 10)[:, None]
        return (1 - time) ** 2 * start + 2 * time * (1 - time) * middle + time**2 * end


def random_lock(canvas: Canvas, rng: np.random.Generator) -> Lock:
    """From the hairline down, or from a side."""
    unit, points = canvas.unit, canvas.landmarks
    root = points[17:27].mean(0) - np.array([0, rng.uniform(0.5, 1.0) * unit])
    from_side, side = rng.random() < 0.4, rng.choice([-1, 1])
    if from_side:
        root = root + np.array([side * rng.uniform(0.9, 1.15) * unit, rng.uniform(0, 1) * unit])
    spread = np.array([0.15, 0.5]) if from_side else np.array([rng.uniform(0.2, 0.9), 0.12])
    heading = np.array([-side * rng.uniform(0, 0.7) if from_side else rng.uniform(-0.8, 0.8), rng.uniform(0.5, 1.3)])
    return Lock(root, spread * unit, heading, rng.uniform(0.4, 1.6) * unit, rng.uniform(-0.4, 0.4) * unit)


def strands_cover(canvas: Canvas, lock: Lock, rng: np.random.Generator) -> Cover:
    """One layer of a lock: up to 60 strands, one to three pixels wide."""
    mask = canvas.blank()
    for _ in range(int(rng.uniform(8, 60))):
        fixed = np.round(lock.strand(canvas.unit, rng) * 16).astype(np.int32)
        cv2.polylines(mask, [fixed], False, 255, int(rng.integers(1, 4)), cv2.LINE_AA, 4)
    return mask.astype(np.float32) / 255 * rng.uniform(0.5, 1)


def draw_hair(canvas: Canvas, rng: np.random.Generator) -> None:
    """A lock of curved strands from the hairline down or sideways over forehead, temple or cheek."""
    lock, colour = random_lock(canvas, rng), hair_colour(canvas, rng) * rng.uniform(0.7, 1.2)
    total = np.zeros(canvas.label.shape, np.float32)
    for _ in range(LAYERS):
        cover = strands_cover(canvas, lock, rng)
        canvas.paint(cover, colour * rng.uniform(0.6, 1.4), occludes=False)
        total = np.maximum(total, cover)
    density = cv2.GaussianBlur(total, (0, 0), 0.02 * canvas.unit + 0.5)
    # Between strands nobody can tell at this size.
    thin = density > 0.12
    canvas.label[thin & (canvas.label == SKIN)] = IGNORE
    canvas.label[thin & (canvas.label == BACKGROUND)] = NO_SKIN
    canvas.label[density > 0.4] = HAIR


def draw_hand(canvas: Canvas, rng: np.random.Generator) -> None:
    """Fingers in the face's own colour, rounded by shading, over chin, cheek or mouth."""
    unit, points = canvas.unit, canvas.landmarks
    skin = np.median(canvas.rgb[canvas.label == SKIN], axis=0) if (canvas.label == SKIN).any() else np.full(3, 150.0)
    colour = skin * rng.uniform(0.65, 1.3) * rng.uniform(0.93, 1.07, 3)
    tip = points[rng.integers(68)] + rng.normal(0, 0.2, 2) * unit
    angle = rng.uniform(0, 2 * np.pi)
    width = rng.uniform(0.2, 0.34) * unit
    for finger in range(rng.integers(1, 5)):
        turn = angle + finger * rng.uniform(-0.15, 0.15)
        along = np.array([np.cos(turn), np.sin(turn)])
        start = tip + finger * width * 1.02 * np.array([-np.sin(angle), np.cos(angle)]) + along * rng.uniform(-0.2, 0.2) * unit
        line = np.stack([start, start + along * 1.2 * unit, start + along * 3 * unit])
        for share, light in ((1.0, 0.62), (0.8, 0.85), (0.55, 1.0), (0.25, 1.08)):
            canvas.paint(stroke(canvas, line, width * share), colour * light)


def mask_outline(canvas: Canvas, rng: np.random.Generator) -> Points:
    """From ear to ear over the nose, and along the jaw."""
    return np.concatenate([canvas.landmarks[1:16], canvas.landmarks[[int(rng.integers(28, 31))]]])


def hat_outline(canvas: Canvas, rng: np.random.Generator) -> Points:
    """Everything above a line over the brows."""
    width, unit = canvas.label.shape[1], canvas.unit
    edge = canvas.landmarks[17:27, 1].mean() - rng.uniform(0.1, 0.8) * unit
    sag = rng.uniform(-0.2, 0.2) * unit
    return np.array([[0, 0], [width, 0], [width, edge], [width / 2, edge + sag], [0, edge]], float)


def scarf_outline(canvas: Canvas, rng: np.random.Generator) -> Points:
    """Everything below a line under the chin."""
    (height, width), unit = canvas.label.shape, canvas.unit
    edge = canvas.landmarks[8, 1] + rng.uniform(0, 0.6) * unit
    low = edge + rng.uniform(0, 0.4) * unit
    return np.array([[0, height], [width, height], [width, edge], [width / 2, low], [0, edge]], float)


def draw_cloth(canvas: Canvas, rng: np.random.Generator, texture: Float32[np.ndarray, "side side 3"]) -> None:
    """A face mask, a hat or a scarf in a random colour or pattern."""
    outline = (mask_outline, hat_outline, scarf_outline)[rng.integers(3)](canvas, rng)
    pattern = random_colour(rng) if rng.random() < 0.6 else texture
    canvas.paint(polygon(canvas, outline, soft=rng.uniform(0.3, 1.5)), pattern)


def draw_patch(canvas: Canvas, rng: np.random.Generator, texture: Float32[np.ndarray, "side side 3"]) -> None:
    """A polygon of anything, anywhere."""
    unit = canvas.unit
    centre = canvas.landmarks[rng.integers(68)] + rng.normal(0, 0.5, 2) * unit
    corners = int(rng.integers(3, 9))
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    radii = rng.uniform(0.2, 0.9, corners) * unit
    outline = centre + np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, None]
    pattern = random_colour(rng) if rng.random() < 0.5 else texture
    canvas.paint(polygon(canvas, outline, soft=rng.uniform(0.3, 1.5)), pattern)
