"""Things drawn over a face to learn what is no skin: glasses, strands of hair, hands, masks, hats, patches."""

from dataclasses import dataclass

import cv2
import numpy as np

from training.skin.labels import BACKGROUND, HAIR, IGNORE, NO_SKIN, REST, SKIN

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


@dataclass
class Canvas:
    """A face being drawn on; points and arrays share one pixel grid."""

    rgb: np.ndarray
    """Floats, 0 to 255."""
    label: np.ndarray
    """As in skin_labels.py."""
    landmarks: np.ndarray
    """The 68 of iBUG."""

    @property
    def unit(self) -> float:
        """Eye distance in pixels."""
        return float(np.linalg.norm(self.landmarks[42:48].mean(0) - self.landmarks[36:42].mean(0)))

    def paint(self, cover: np.ndarray, colour: np.ndarray, *, occludes: bool = True) -> None:
        """Blend a colour (3, or an image) in by a cover in [0,1]; what is covered is no skin.

        Of a thing over the background nobody can tell whether it belongs to the person.
        """
        left, top, width, height = cv2.boundingRect((cover > 0).astype(np.uint8))
        box = slice(top, top + height), slice(left, left + width)
        value = np.asarray(colour, np.float32)
        part = self.rgb[box]
        part += cover[box][..., None].astype(np.float32) * ((value[box] if value.ndim == 3 else value) - part)
        if occludes:
            label, covered = self.label[box], cover[box] > 0.5
            label[covered] = np.where(np.isin(label[covered], (BACKGROUND, NO_SKIN)), NO_SKIN, REST)

    def blank(self) -> np.ndarray:
        """An empty cover, 8 bits."""
        return np.zeros(self.label.shape, np.uint8)


def polygon(canvas: Canvas, points: np.ndarray, soft: float = 0.0) -> np.ndarray:
    """Cover of a polygon."""
    mask = canvas.blank()
    cv2.fillPoly(mask, [np.round((points - 0.5) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    if soft > 0:
        mask = cv2.GaussianBlur(mask, (0, 0), soft)
    return mask.astype(np.float32) / 255


def stroke(canvas: Canvas, points: np.ndarray, width: float, *, closed: bool = False) -> np.ndarray:
    """Cover of a line through the points."""
    mask = canvas.blank()
    fixed = [np.round((points - 0.5) * 16).astype(np.int32)]
    cv2.polylines(mask, fixed, closed, 255, max(1, round(width)), cv2.LINE_AA, 4)
    return mask.astype(np.float32) / 255 * min(1.0, width)


def random_colour(rng: np.random.Generator) -> np.ndarray:
    """Dark, metal, tortoise or anything."""
    kind = rng.random()
    if kind < 0.5:
        return np.full(3, rng.uniform(5, 60)) + rng.uniform(-5, 15, 3)
    if kind < 0.75:
        return rng.uniform(110, 230) * np.array([1.0, rng.uniform(0.8, 1), rng.uniform(0.55, 1)])
    return rng.uniform(10, 240, 3)


def lens_outline(shape: tuple[float, float, float, float]) -> np.ndarray:
    """A superellipse around 0: half width, half height, exponent, taper of the lower inner part."""
    half_width, half_height, power, taper = shape
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    cosine, sine = np.cos(angle), np.sin(angle)
    x = half_width * np.sign(cosine) * np.abs(cosine) ** (2 / power)
    y = half_height * np.sign(sine) * np.abs(sine) ** (2 / power)
    return np.stack([x * (1 - taper * (y > 0) * y / half_height), y], 1)


def draw_glasses(canvas: Canvas, rng: np.random.Generator) -> np.ndarray:
    """Frames of many kinds, clear to black lenses, reflections; returns where the glasses are."""
    points, unit = canvas.landmarks, canvas.unit
    bridge = points[27:29].mean(0)
    eyes = [points[36:42].mean(0), points[42:48].mean(0)]
    shape = (rng.uniform(0.31, 0.45), rng.uniform(0.18, 0.36), rng.uniform(2, 5), rng.uniform(0, 0.3))
    drop = np.array([0.0, rng.uniform(-0.02, 0.12) * unit])
    outlines = []
    for eye in eyes:
        # A lens is narrower where the head is turned away.
        share = np.clip(abs(eye[0] - bridge[0]) / (unit / 2), 0.4, 1.3)
        outline = lens_outline(shape) * unit * np.array([share, 1])
        outlines.append(outline * np.array([np.sign(bridge[0] - eye[0]), 1]) + eye + drop)
    covered = np.maximum.reduce([polygon(canvas, outline) for outline in outlines])
    paint_lenses(canvas, outlines, rng)
    width = 0.0 if rng.random() < 0.12 else unit * np.exp(rng.uniform(np.log(0.012), np.log(0.08)))
    lines = [*outlines, bridge_line(outlines, rng, unit), *temple_lines(points, outlines, unit, rng)]
    covers = [
        stroke(canvas, line, max(width, 1) * (0.8 if index > 1 else 1), closed=index < 2) for index, line in enumerate(lines)
    ]
    frame = np.maximum.reduce(covers[2:] if width == 0 else covers)
    shadow = cv2.GaussianBlur(np.roll(frame, int(0.05 * unit), 0), (0, 0), 0.03 * unit + 0.5)
    canvas.paint(shadow * rng.uniform(0, 0.45), np.zeros(3), occludes=False)
    canvas.paint(frame, random_colour(rng))
    covered = np.maximum(covered, frame)
    canvas.label[covered > 0.5] = REST
    return covered > 0.5


def bridge_line(outlines: list[np.ndarray], rng: np.random.Generator, unit: float) -> np.ndarray:
    """From lens to lens over the nose."""
    right, left = outlines[0][outlines[0][:, 0].argmax()], outlines[1][outlines[1][:, 0].argmin()]
    middle = (right + left) / 2 - np.array([0, rng.uniform(0, 0.1) * unit])
    return np.stack([right, middle, left])


def temple_lines(points: np.ndarray, outlines: list[np.ndarray], unit: float, rng: np.random.Generator) -> list[np.ndarray]:
    """From the lenses to the ears."""
    lift = np.array([0, rng.uniform(0.05, 0.2) * unit])
    right, left = outlines[0][outlines[0][:, 0].argmin()], outlines[1][outlines[1][:, 0].argmax()]
    return [np.stack([right - lift / 2, points[0] - lift]), np.stack([left - lift / 2, points[16] - lift])]


def paint_lenses(canvas: Canvas, outlines: list[np.ndarray], rng: np.random.Generator) -> None:
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


def glare(canvas: Canvas, outline: np.ndarray, angle: float, rng: np.random.Generator) -> np.ndarray:
    """A bright bar or spot across a lens."""
    centre, size = outline.mean(0), np.ptp(outline, axis=0).max()
    along = np.array([np.cos(angle), np.sin(angle)]) * size * rng.uniform(0.2, 1)
    across = np.array([-np.sin(angle), np.cos(angle)]) * size * rng.uniform(0.05, 0.35)
    start = centre + rng.uniform(-0.3, 0.3, 2) * size
    corners = np.stack([start - along - across, start + along - across, start + along + across, start - along + across])
    return polygon(canvas, corners, soft=rng.uniform(0.5, 4))


def hair_colour(canvas: Canvas, rng: np.random.Generator) -> np.ndarray:
    """The person's own where something that is no skin lies above the brows, or one of the list."""
    top = int(max(canvas.landmarks[17:27, 1].min() - 1.3 * canvas.unit, 0))
    middle = int(canvas.landmarks[27, 0])
    above = canvas.rgb[top : top + 8, middle - 8 : middle + 8]
    if rng.random() < 0.6 and above.size and not (canvas.label[top : top + 8, middle - 8 : middle + 8] == SKIN).any():
        return np.median(above, axis=(0, 1))
    return np.array(HAIR_COLOURS[rng.integers(len(HAIR_COLOURS))], float)


def draw_hair(canvas: Canvas, rng: np.random.Generator) -> None:
    """A lock of curved strands from the hairline down or sideways over forehead, temple or cheek."""
    unit, points = canvas.unit, canvas.landmarks
    top = points[17:27].mean(0) - np.array([0, rng.uniform(0.5, 1.0) * unit])
    from_side = rng.random() < 0.4
    side = rng.choice([-1, 1])
    root = top + np.array([side * rng.uniform(0.9, 1.15) * unit, rng.uniform(0, 1) * unit]) if from_side else top
    spread = np.array([0.15, 0.5]) if from_side else np.array([rng.uniform(0.2, 0.9), 0.12])
    heading = np.array([-side * rng.uniform(0, 0.7) if from_side else rng.uniform(-0.8, 0.8), rng.uniform(0.5, 1.3)])
    length, bend = rng.uniform(0.4, 1.6) * unit, rng.uniform(-0.4, 0.4) * unit
    colour = hair_colour(canvas, rng) * rng.uniform(0.7, 1.2)
    total = np.zeros(canvas.label.shape, np.float32)
    layers = 4
    for _ in range(layers):
        mask = canvas.blank()
        for _ in range(int(rng.uniform(8, 60))):
            start = root + rng.uniform(-1, 1, 2) * spread * unit
            end = start + (heading + rng.normal(0, 0.12, 2)) * length * rng.uniform(0.6, 1)
            middle = (start + end) / 2 + np.array([bend, 0]) + rng.normal(0, 0.04, 2) * unit
            time = np.linspace(0, 1, 10)[:, None]
            curve = (1 - time) ** 2 * start + 2 * time * (1 - time) * middle + time**2 * end
            cv2.polylines(mask, [np.round(curve * 16).astype(np.int32)], False, 255, int(rng.integers(1, 4)), cv2.LINE_AA, 4)
        cover = mask.astype(np.float32) / 255 * rng.uniform(0.5, 1)
        canvas.paint(cover, colour * rng.uniform(0.6, 1.4), occludes=False)
        total = np.maximum(total, cover)
    # Between strands nobody can tell at this size.
    density = cv2.GaussianBlur(total, (0, 0), 0.02 * unit + 0.5)
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


def draw_cloth(canvas: Canvas, rng: np.random.Generator, texture: np.ndarray) -> None:
    """A face mask, a hat or a scarf in a random colour or pattern."""
    points, unit = canvas.landmarks, canvas.unit
    height, width = canvas.label.shape
    kind = rng.integers(3)
    if kind == 0:
        outline = np.concatenate([points[1:16], points[[int(rng.integers(28, 31))]]])
    elif kind == 1:
        edge = points[17:27].mean(0)[1] - rng.uniform(0.1, 0.8) * unit
        sag = rng.uniform(-0.2, 0.2) * unit
        outline = np.array([[0, 0], [width, 0], [width, edge], [width / 2, edge + sag], [0, edge]], float)
    else:
        edge = points[8, 1] + rng.uniform(0, 0.6) * unit
        outline = np.array(
            [[0, height], [width, height], [width, edge], [width / 2, edge + rng.uniform(0, 0.4) * unit], [0, edge]], float
        )
    pattern = random_colour(rng) if rng.random() < 0.6 else texture.astype(np.float32)
    canvas.paint(polygon(canvas, outline, soft=rng.uniform(0.3, 1.5)), pattern)


def draw_patch(canvas: Canvas, rng: np.random.Generator, texture: np.ndarray) -> None:
    """A polygon of anything, anywhere."""
    unit = canvas.unit
    centre = canvas.landmarks[rng.integers(68)] + rng.normal(0, 0.5, 2) * unit
    corners = int(rng.integers(3, 9))
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    radii = rng.uniform(0.2, 0.9, corners) * unit
    outline = centre + np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, None]
    pattern = random_colour(rng) if rng.random() < 0.5 else texture.astype(np.float32)
    canvas.paint(polygon(canvas, outline, soft=rng.uniform(0.3, 1.5)), pattern)
