"""Carries what is stored over one UV map to another of the same skin: skin_albedo.npz, default.bank and delighter.onnx.

A texel of the new map lies in a triangle, and this triangle lies somewhere in the old map: there it is read.
"""

import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import click
import cv2
import numpy as np
import onnx
from facetex_plugins.delight.network import NETWORK_SIDE
from jaxtyping import Bool, Float, Float32
from onnx import helper, numpy_helper

from facetex_core.descriptors.bank import layout_of
from facetex_core.descriptors.bank_file import load_bank, save_bank
from facetex_core.geometry.model_file import assemble
from facetex_core.geometry.uv_raster import rasterize_uv
from facetex_core.imaging.push_pull import fill_smooth
from facetex_core.structures import Bank, MorphableModel
from facetex_core.texture.regions import face_slices, plain_skin
from training.common.data import FILES, save_arrays
from training.common.export import store_halved
from training.common.steps import Run
from training.face_basis.make import FILE, Settings, read_arrays

SAME = 0.002
"""Shares of the map by which landmarks may lie elsewhere before anything is carried."""

Picture = Float32[np.ndarray, "size size channels"]


@dataclass(frozen=True)
class Move:
    """From one map of a skin to another."""

    old: MorphableModel
    new: MorphableModel

    @cached_property
    def back(self) -> "Move":
        """The other way."""
        return Move(self.new, self.old)

    def origins(self, size: int) -> tuple[Float32[np.ndarray, "size size 2"], Bool[np.ndarray, "size size"]]:
        """Where in the old map the texels of the new one lie, and which of them show skin; the others continue these."""
        texels = rasterize_uv(self.new.mesh, size, ("skin",))
        corners = self.old.mesh.uvs[self.old.mesh.uv_triangles[texels.triangle]]
        where = np.einsum("rck,rcki->rci", texels.barycentric, corners).astype(np.float32)
        known = texels.inside.astype(np.float32)
        padded = np.dstack([np.where(texels.inside[..., None], where, 0), np.zeros_like(known)])
        return fill_smooth(padded, known)[..., :2], texels.inside

    def picture(self, old: Picture) -> Picture:
        """A picture of the whole map; what lies beside the skin continues it."""
        where, inside = self.origins(len(old))
        spot = (where * len(old) - 0.5).astype(np.float32)
        read = [_read(old[..., k : k + 3], spot) for k in range(0, old.shape[2], 3)]
        return np.concatenate([fill_smooth(each, inside.astype(np.float32)) for each in read], -1)

    def in_box(self, side: int) -> Float32[np.ndarray, "side side 2"]:
        """Where in the old face's box, 0 to 1, the texels of the new one's lie."""
        size = round(side / (self.new.face_box[2] - self.new.face_box[0]))
        where = self.origins(4 * size)[0][face_slices(self.new, 4 * size)]
        left, top, right, bottom = self.old.face_box
        small = cv2.resize(where, (side, side), interpolation=cv2.INTER_AREA)
        return np.asarray((small - [left, top]) / [right - left, bottom - top], np.float32)

    def cells(self, bank: Bank) -> Float[np.ndarray, "cells cells"]:
        """How many texels of plain skin of each new cell (rows) lay in each old one."""
        box = face_slices(self.new, bank.size)
        side = box[0].stop - box[0].start
        plain = plain_skin(self.new, bank.size)[box] > 0.5
        spot = np.clip((self.in_box(side)[plain] * bank.grid).astype(int), 0, bank.grid - 1)
        own = np.argwhere(plain) * bank.grid // side
        counts = np.zeros((bank.grid**2, bank.grid**2))
        np.add.at(counts, (own @ [bank.grid, 1], spot @ [1, bank.grid]), 1)
        return counts


def _read(picture: Picture, spot: Float32[np.ndarray, "rows columns 2"]) -> Picture:
    read = cv2.remap(picture, spot, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.clip(read, picture.min(), picture.max())


def carried_bank(bank: Bank, move: Move) -> Bank:
    """Cells are mixed by the texels that they share; what a portrait shows of an old cell is spread over these alike."""
    if len(bank.textures):
        raise click.ClickException("a bank with textures is built anew, not carried")
    counts, cells, support = move.cells(bank), {}, {}
    for layer, mass in bank.support.items():
        most = np.maximum(mass.max(0), 1e-6)
        shares = (counts * most.sum() / counts.sum()) * (mass / most)[:, None]
        support[layer] = shares.sum(2).astype(np.float32)
        mixed = shares @ bank.cells[layer]
        cells[layer] = (mixed / np.maximum(support[layer], 1e-6)[..., None]).astype(np.float32)
    low = bank.albedo.shape[1]
    spot = move.in_box(low) * low - 0.5
    albedo = np.stack([cv2.remap(each, spot, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for each in bank.albedo])
    return replace(bank, cells=cells, support=support, layout=layout_of(move.new), albedo=albedo)


def carry_delighter(path: Path, move: Move, target: Path) -> None:
    """The network between two readings: its input is laid out as in the map it knows, its output as in the new one."""
    model = onnx.load(path)
    graph, number = model.graph, len(model.graph.initializer)
    grids = {f"to_known_{number}": move.back.in_box(NETWORK_SIDE), f"from_known_{number}": move.in_box(NETWORK_SIDE)}
    for name, where in grids.items():
        graph.initializer.append(numpy_helper.from_array((2 * where - 1)[None], name))
    there, back = grids
    names = [each.name for each in graph.input]
    (found,) = (each.name for each in graph.output)
    known = {name: f"{name}_{number}" for name in (*names, found)}
    for node in graph.node:
        node.input[:] = [known.get(name, name) for name in node.input]
        node.output[:] = [known.get(name, name) for name in node.output]
    before = [_sampled(name, there, known[name]) for name in names]
    nodes = [*before, *graph.node, _sampled(known[found], back, found)]
    del graph.node[:]
    graph.node.extend(nodes)
    helper.set_model_props(model, {"layout": json.dumps(np.round(layout_of(move.new), 5).tolist())})
    onnx.save(model, target)
    store_halved(target)


def _sampled(picture: str, where: str, result: str) -> onnx.NodeProto:
    return helper.make_node(
        "GridSample",
        [picture, where],
        [result],
        mode="bilinear",
        padding_mode="border",
        align_corners=0,
        name=f"{result}_by_{where}",
    )


def carry(run: Run[Settings]) -> None:
    """Writes the three files for the basis that was made, out of those that ship and belong to the basis that ships."""
    old, new = (assemble(read_arrays(folder / FILE), "basis") for folder in (FILES, run.work))
    bank = load_bank(FILES / "default.bank")
    if np.abs(bank.layout - layout_of(old)).max() > SAME:
        raise click.ClickException(
            "default.bank and face_basis.npz, as they ship, have different maps: one was carried already"
        )
    if np.abs(layout_of(new) - layout_of(old)).max() < SAME:
        click.echo("the map is the one that ships: nothing is to be carried")
        return
    move = Move(old, new)
    albedo = {name: values.astype(np.float32) for name, values in read_arrays(FILES / "skin_albedo.npz").items()}
    modes = albedo["modes"]
    flat = move.picture(modes.transpose(1, 2, 0, 3).reshape(*modes.shape[1:3], -1))
    carried = {
        "mean": move.picture(albedo["mean"]),
        "modes": flat.reshape(*modes.shape[1:3], -1, 3).transpose(2, 0, 1, 3),
        "detail": move.picture(albedo["detail"]),
    }
    save_arrays(
        run.of("skin_albedo") / "skin_albedo.npz", {k: v.astype(np.float16) for k, v in carried.items()}, compressed=True
    )
    save_bank(carried_bank(bank, move), run.of("bank") / "default.bank")
    carry_delighter(FILES / "delighter.onnx", move, run.of("delighter") / "delighter.onnx")
    for model in ("face_basis", "skin_albedo", "bank", "delighter"):
        click.echo(f"ship it: python -m training.{model} install")
