"""Building a bank: every portrait in a process of its own, kept until the bank is whole; what banks hold; two in one."""

import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import cast

import click
import numpy as np
from facetex_model_zoo import open_bank

from facetex_cli.device import choose_device
from facetex_cli.folders import refuse_no_file, refuse_unwritable
from facetex_cli.tables import print_json
from facetex_core.config import Recipe
from facetex_core.delivery.record import recipe_table
from facetex_core.descriptors.bank import warn_of_few
from facetex_core.descriptors.bank_file import save_bank
from facetex_core.errors import ConfigError, PhotoError
from facetex_core.imaging.colour import to_bytes
from facetex_core.io.photo_file import load_photo
from facetex_core.listeners import listening, unheard
from facetex_core.registry import Registry
from facetex_core.structures import Bank
from facetex_core.workbench.bank_builder.checkpoint import keep, kept, key_of
from facetex_core.workbench.bank_builder.examine import ExaminedPortrait, PortraitExaminer, bank_html, blank
from facetex_core.workbench.bank_builder.gather import gather, merged

PORTRAIT_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif", ".heic", ".heif", ".jp2")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

_studio: PortraitExaminer | None = None
"""Of this worker process."""


@dataclass(frozen=True, slots=True)
class BankBuildOptions:
    """What `facetex bank build` is asked for."""

    folder: Path
    out: Path
    recipe: Recipe
    size: int
    jobs: int | None
    keep_textures: bool
    anonymous: bool
    device: str
    quiet: bool

    @property
    def parts(self) -> Path:
        """Where results are kept until the bank is whole."""
        return self.out.with_name(self.out.name + ".parts")

    @property
    def report(self) -> Path:
        """The contact sheet."""
        return self.out.with_name(self.out.name + ".html")


def build_bank(order: BankBuildOptions) -> int:
    """Builds, saves, reports; 0 when the bank is written."""
    photos = photos_in(order.folder)
    refuse_no_file(order.out)
    order = replace(order, recipe=replace(order.recipe, device=choose_device(order.device)))
    make_studio(order)  # in this process too: a missing model is told before any work is done
    order.parts.mkdir(parents=True, exist_ok=True)
    sittings = examined(order, photos)
    accepted = [sitting for sitting in sittings if sitting.exemplar]
    order.report.write_text(bank_html(order.out.name, sittings, recipe_table(order.recipe)), "utf-8")
    if not accepted:
        raise ConfigError(f"all {len(photos)} photos were refused, the first one: {sittings[0].refused}; see {order.report}")
    warn_of_few(len(accepted))
    exemplars = [each.exemplar for each in accepted if each.exemplar]
    if order.anonymous:
        exemplars = [replace(each, name=f"{number:03d}") for number, each in enumerate(exemplars)]
    save_bank(gather(exemplars, order.size, accepted[0].layout), order.out)
    shutil.rmtree(order.parts, ignore_errors=True)
    if not order.quiet:
        size = order.out.stat().st_size / 1e6
        click.echo(f"{order.out}: {len(accepted)} exemplars of {len(photos)} photos, {size:.1f} MB; see {order.report}")
    return 0


def photos_in(folder: Path) -> list[Path]:
    """The photos of the folder itself, by name."""
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder" if not folder.exists() else f"{folder}: is no folder")
    photos = sorted(path for path in folder.iterdir() if path.suffix.lower() in PORTRAIT_ENDINGS and path.is_file())
    if not photos:
        raise ConfigError(f"{folder}: no photos in it; they end in {', '.join(PORTRAIT_ENDINGS)}")
    return photos


def make_studio(order: BankBuildOptions) -> PortraitExaminer:
    """The stages of a portrait."""
    registry = Registry()
    stages = order.recipe.make_all(PortraitExaminer.roles(), registry)
    return PortraitExaminer(**stages, size=order.size, keep_textures=order.keep_textures)


def examined(order: BankBuildOptions, photos: list[Path]) -> list[ExaminedPortrait]:
    """What came of every photo, in their order; of photos that are the same to the byte the first one counts."""
    recipe = recipe_table(order.recipe)
    chosen = cast("dict[str, object]", recipe["stages"])
    settings: dict[str, object] = {"stages": {role: chosen[role] for role in PortraitExaminer.roles()}}
    settings |= {"size": order.size, "textures": order.keep_textures}
    places = [order.parts / f"{key_of(_content(photo), settings)}.npz" for photo in photos]
    new: dict[Path, Path] = {}
    for photo, place in zip(photos, places, strict=True):
        if place not in new and kept(place) is None:
            new[place] = photo
    try:
        for examination in _progress(order, new):
            examination.result()
    except BrokenProcessPool:
        raise ConfigError("a worker was killed, perhaps for memory; give the same command again with fewer --jobs") from None
    except (KeyboardInterrupt, SystemExit):
        done = sum(place.exists() for place in places)
        click.echo(f"{done} of {len(photos)} photos are done; give the same command again to resume", err=True)
        raise
    sittings: list[ExaminedPortrait] = []
    first: dict[Path, str] = {}
    for photo, place in zip(photos, places, strict=True):
        twin = first.setdefault(place, photo.name)
        sitting = cast("ExaminedPortrait", kept(place))
        if twin != photo.name:
            sitting = ExaminedPortrait(photo.name, sitting.picture, refused=f"the same picture as {twin}")
        exemplar = replace(sitting.exemplar, name=photo.stem) if sitting.exemplar else None
        sittings.append(replace(sitting, photo=photo.name, exemplar=exemplar))
    return sittings


def _content(photo: Path) -> bytes:
    try:
        return photo.read_bytes()
    except OSError as error:
        raise ConfigError(f"{photo}: cannot be read ({error.strerror})") from None


def _progress(order: BankBuildOptions, new: dict[Path, Path]) -> Iterator["Future[None]"]:
    """The finished ones as they come, with a bar where there is a terminal."""
    from tqdm import tqdm

    hidden = order.quiet or not sys.stderr.isatty()
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = min(order.jobs or processors, max(len(new), 1))
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=partial(_prepare, order))
    try:
        with _children_deaf_and_single():
            futures = [pool.submit(_examine, photo, place) for place, photo in new.items()]
        yield from tqdm(as_completed(futures), total=len(futures), unit="photo", disable=hidden, file=sys.stderr)
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _children_deaf_and_single() -> Iterator[None]:
    """Processes started inside leave an interruption to this one, and take one thread each: there are as many as processors."""
    before = {name: os.environ.get(name) for name in THREADS}
    interruptible = threading.current_thread() is threading.main_thread()
    hearing = signal.signal(signal.SIGINT, signal.SIG_IGN) if interruptible else None
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        if interruptible:
            signal.signal(signal.SIGINT, hearing)
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _prepare(order: BankBuildOptions) -> None:
    """Once in every worker."""
    global _studio  # noqa: PLW0603  # the pool's initializer can hand its product on in no other way
    import cv2

    cv2.setNumThreads(1)
    _studio = make_studio(order)


def _examine(photo: Path, place: Path) -> None:
    with listening(unheard):  # of a portrait, what matters is whether it is refused
        try:
            sitting = cast("PortraitExaminer", _studio).examine(load_photo(photo))
        except PhotoError as error:
            sitting = ExaminedPortrait(photo.name, blank(), refused=str(error).removeprefix(f"{photo.name}: "))
    keep(sitting, place)


def show(file: Path, as_json: bool) -> None:
    """The bank's facts on stdout."""
    facts = facts_of(open_bank(str(file)))
    if as_json:
        print_json(facts)
        return
    for key, value in facts.items():
        text = ", ".join(f"{name} {each}" for name, each in value.items()) if isinstance(value, Mapping) else value
        click.echo(f"{key + ':':20} {text}")


def facts_of(bank: Bank) -> dict[str, object]:
    """Everything about a bank but its matrices."""
    return {
        "exemplars": len(bank.names),
        "network": bank.network,
        "size": bank.size,
        "cells": f"{bank.grid} x {bank.grid}",
        "channels": {layer: basis.shape[-1] for layer, basis in bank.basis.items()},
        "components": {layer: len(basis) for layer, basis in bank.basis.items()},
        "positions a face": {layer: round(float(support.sum(1).mean())) for layer, support in bank.support.items()},
        "whole faces": "yes" if bank.faces else "no",
        "textures": "yes" if len(bank.textures) else "no",
        "albedo": _tones(bank),
        "names": ", ".join(bank.names[:3]) + (f", ... {bank.names[-1]}" if len(bank.names) > 3 else ""),
    }


def _tones(bank: Bank) -> dict[str, object] | str:
    """The mean skin as a web colour, how far skins spread around it, and how much of that one mode explains."""
    if not len(bank.albedo):
        return "none"
    logarithm = np.log(bank.albedo.clip(1e-3)).reshape(len(bank.albedo), -1)
    mean = to_bytes(np.exp(logarithm.mean(0)).reshape(-1, 3).mean(0, keepdims=True)[None].astype(np.float32))[0, 0]
    variances = np.linalg.svd(logarithm - logarithm.mean(0), compute_uv=False) ** 2
    return {
        "mean": "#" + "".join(f"{value:02x}" for value in mean.tolist()),
        "deviation": round(float(logarithm.mean(1).std()), 3),
        "first mode": f"{variances[0] / max(variances.sum(), 1e-12):.0%}",
    }


def merge_banks(first: Path, second: Path, out: Path) -> None:
    """Writes the bank of both and says what is in it."""
    refuse_unwritable(out.parent)
    one, other = open_bank(str(first)), open_bank(str(second))
    both = merged(one, other)
    save_bank(both, out)
    renamed = len(set(one.names) & set(other.names))
    click.echo(f"{out}: {len(both.names)} exemplars, {renamed} of them renamed, {out.stat().st_size / 1e6:.1f} MB")
