"""`facetex doctor`: whether this machine has what facetex needs."""

import sys
from dataclasses import asdict

import click

from facetex_cli.doctor_run import Check, all_checks
from facetex_cli.plugin_options import plugin_options
from facetex_cli.tables import print_json

_MARKS = {"ok": "ok   ", "note": "note ", "fails": "FAILS"}


@click.command("doctor", short_help="Check whether this machine has what facetex needs.")
@plugin_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> int:
    """Check whether this machine has what facetex needs.

    It checks versions, libraries, device, plugins, models and free space. Each line that fails says how to fix it; the exit
    code is then 1.
    """
    from tqdm import tqdm

    found: list[Check] = []
    for _, checks in tqdm(all_checks(), desc="looking", leave=False, disable=not sys.stderr.isatty()):
        found.extend(checks())
    if as_json:
        print_json([asdict(check) for check in found])
    else:
        _print(found)
    return 1 if any(check.state == "fails" for check in found) else 0


def _print(found: list[Check]) -> None:
    width = max(len(check.name) for check in found)
    group = ""
    for check in found:
        if check.group != group:
            group = check.group
            click.echo(group)
        mend = f"; mend: {check.mend}" if check.mend else ""
        click.echo(f"  {_MARKS[check.state]} {check.name.ljust(width)}  {check.found}{mend}")
    failed = [check.name for check in found if check.state == "fails"]
    click.echo(f"{len(failed)} of {len(found)} fail: {', '.join(failed)}" if failed else "everything needed is present")
