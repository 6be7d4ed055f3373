"""What a bank holds, and two of them in one."""

from collections.abc import Mapping
from pathlib import Path

import click
import numpy as np
from facetex_model_zoo import open_bank

from facetex_cli.folders import refuse_unwritable
from facetex_cli.tables import print_json
from facetex_core.descriptors.bank_file import save_bank
from facetex_core.imaging.colour import to_bytes
from facetex_core.structures import Bank
from facetex_core.workbench.bank_builder.gather import merged


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
