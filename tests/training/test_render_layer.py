"""The rendering layer: a mesh to depth, normals, PNCC and mask, with a gradient, and the same by rays."""

import time

import numpy as np
import pytest
import torch
from facetex_model_zoo import model_path
from training.common.render_layer import render_layers

from facetex_core.geometry.camera import orbit_camera
from facetex_core.geometry.geometry_images import coordinate_code, geometry_images
from facetex_core.geometry.model_file import load_morphable_model
from facetex_core.structures import Camera, Mesh

SIDE = 120


@pytest.fixture(scope="module")
def model():
    return load_morphable_model(model_path("face_basis"))


def camera_at(yaw, side=SIDE):
    return orbit_camera(np.zeros(3, np.float32), yaw=yaw, distance=0.7, width_seen=0.3, size=(side, side))


def sphere(rings=60):
    """A sphere of radius 0.1 m, wound outwards."""
    rows, columns = np.meshgrid(np.linspace(0, np.pi, rings + 1), np.arange(2 * rings) * np.pi / rings, indexing="ij")
    points = 0.1 * np.stack([np.sin(rows) * np.sin(columns), np.cos(rows), np.sin(rows) * np.cos(columns)], -1).reshape(-1, 3)
    row, column = (part.ravel() for part in np.mgrid[:rings, : 2 * rings])
    a, b = row * 2 * rings + column, row * 2 * rings + (column + 1) % (2 * rings)
    triangles = np.concatenate([np.stack([a, a + 2 * rings, b], 1), np.stack([b, a + 2 * rings, b + 2 * rings], 1)])
    triangles = triangles.astype(np.int32)
    flat = np.zeros((1, 2), np.float32)
    whole = {"skin": slice(0, len(triangles))}
    return Mesh(points.astype(np.float32), triangles, flat, np.zeros_like(triangles), whole)


def tensors(camera: Camera, vertices, triangles, code, kind=torch.float32):
    pose = torch.tensor(camera.world_to_camera, dtype=kind)
    values = (vertices, pose[:3, :3], pose[:3, 3], camera.intrinsics)
    batched = [torch.as_tensor(value, dtype=kind)[None] for value in values]
    return [*batched, torch.as_tensor(triangles).long(), torch.as_tensor(code, dtype=kind), camera.size]


@pytest.mark.parametrize("yaw", [0.0, -50.0, 90.0])
def test_it_agrees_with_rays(model, yaw):
    head, camera, code = model.mean, camera_at(yaw), coordinate_code(model.mean)
    rays = geometry_images(camera, head, model.mesh, code)
    layers = render_layers(*tensors(camera, head, model.mesh.triangles, code))
    both = rays.mask & layers.mask[0].numpy()
    assert (rays.mask != layers.mask[0].numpy()).mean() < 1e-3
    apart = np.abs(layers.depth[0].numpy() - rays.depth)[both]
    assert np.quantile(apart, 0.99) < 1e-5
    for name in ("normals", "pncc"):
        assert np.quantile(np.abs(getattr(layers, name)[0].numpy() - getattr(rays, name))[both], 0.99) < 1e-3


def test_the_normals_of_a_sphere_are_its_radii():
    ball, camera = sphere(), camera_at(30.0)
    layers = render_layers(*tensors(camera, ball.vertices, ball.triangles, ball.vertices))
    mask, depth = layers.mask[0].numpy(), layers.depth[0].numpy().astype(np.float64)
    row, column = np.nonzero(mask)
    ahead = np.stack([column + 0.5, row + 0.5, np.ones(len(row))], 1) @ np.linalg.inv(camera.intrinsics.astype(float)).T
    places = ahead * depth[mask][:, None]
    centre = camera.world_to_camera[:3, 3]
    radii = (places - centre) / np.linalg.norm(places - centre, axis=1, keepdims=True)
    facing = -(radii * ahead).sum(1) / np.linalg.norm(ahead, axis=1)
    error = np.linalg.norm(layers.normals[0].numpy()[mask] - radii, axis=1)[facing > 0.2]
    assert error.mean() < 1e-3


def test_the_gradient_is_that_of_finite_differences():
    ball, camera = sphere(12), camera_at(20.0, 40)
    vertices, rotation, translation, *others = tensors(camera, ball.vertices, ball.triangles, ball.vertices, torch.float64)
    weights = torch.tensor(np.random.default_rng(0).standard_normal((1, 40, 40, 4)))
    held = render_layers(vertices, rotation, translation, *others)
    from training.common import render_layer as layer

    shown = layer.visible(layer.to_camera(vertices, rotation, translation), others[1], others[0], others[3])

    def value(points, turn, shift):
        seen = layer.to_camera(points, turn, shift)
        made = layer.interpolated(torch.cat([seen[..., 2:], layer.vertex_normals(seen, others[1])], 2), others[1], shown)
        depth, normals = made.split([1, 3], 3)
        return (torch.cat([depth, torch.nn.functional.normalize(normals, dim=3, eps=1e-20)], 3) * weights).sum()

    inputs = [part.clone().requires_grad_() for part in (vertices, rotation, translation)]
    layers = render_layers(*inputs, *others)
    torch.testing.assert_close(layers.depth, held.depth)
    total = (torch.cat([layers.depth[..., None], layers.normals], 3) * weights).sum()
    gradients = torch.autograd.grad(total, inputs)
    rng = np.random.default_rng(1)
    for number, gradient in enumerate(gradients):
        way = torch.tensor(rng.standard_normal(gradient.shape))
        moved = [[part.detach() + sign * 1e-6 * way if place == number else part.detach() for place, part in enumerate(inputs)]
                 for sign in (1, -1)]  # fmt: skip
        slope = (value(*moved[0]) - value(*moved[1])) / 2e-6
        assert float((gradient * way).sum()) == pytest.approx(float(slope), rel=1e-3)


def test_a_batch_is_its_heads_one_by_one(model):
    code = coordinate_code(model.mean)
    one, two = (tensors(camera_at(yaw), model.mean, model.mesh.triangles, code) for yaw in (0.0, 40.0))
    both = render_layers(*(torch.cat(pair) for pair in zip(one[:4], two[:4], strict=True)), *one[4:])
    for number, alone in enumerate((render_layers(*one), render_layers(*two))):
        torch.testing.assert_close(both.depth[number], alone.depth[0])
        torch.testing.assert_close(both.pncc[number], alone.pncc[0])


def test_nothing_is_seen_of_what_lies_behind(model):
    camera = camera_at(0.0)
    inputs = tensors(camera, model.mean + np.float32([0, 0, 2]), model.mesh.triangles, coordinate_code(model.mean))
    layers = render_layers(*inputs)
    assert not layers.mask.any()
    assert float(layers.depth.abs().max()) == 0


def test_a_head_takes_less_than_forty_milliseconds(model):
    inputs = tensors(camera_at(10.0, 200), model.mean, model.mesh.triangles, coordinate_code(model.mean))
    seconds = []
    for _ in range(12):
        start = time.process_time()
        render_layers(*inputs)
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.08  # two cores' worth of 40 ms
