"""`edge-bench run`: times and memory on this machine, and what they mean for a device."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge.cli.arguments import NAME_OR_PATH, OUTPUT, PATH, as_json, bundle, engine, requests
from edge.cli.command import command
from edge.errors import EdgeError

if TYPE_CHECKING:
    from edge.bench.measurement import Measurement
    from edge.bundle.exits import Exit


@command(
    examples="""edge-bench run movies.edge
                edge-bench run movies.edge --profile mid-android --out measured.json
                edge-bench run movies.edge --engine onnx --requests requests.jsonl --sustained 60 --json
                edge-bench run movies.edge --adb --device-binary benchmark_model"""
)
@bundle
@engine("litert or onnx")
@as_json
@requests("the golden requests")
@click.option("--repeats", type=int, default=5, help="how often every request is ranked at every exit")
@click.option("--threads", type=int, default=1, help="threads of the engine")
@click.option("--exits", metavar="LIST", help="exits to measure, e.g. 1/0,1/2 [default: all]")
@click.option(
    "--sustained", type=float, default=0.0, metavar="SECONDS", help="how long to send requests back to back at the end"
)
@click.option(
    "--profile",
    type=NAME_OR_PATH,
    help="a device profile, by name or TOML file: apply its limits, and predict its times",
)
@click.option(
    "--tools",
    type=PATH,
    metavar="DIR",
    help="also count instructions; the directory that benchmarks/arm_tools.sh filled",
)
@click.option("--out", type=OUTPUT, metavar="FILE", help="write the measurement, as JSON")
@click.option("--adb", is_flag=True, help="also time the model's graphs on an attached Android device")
@click.option("--device-binary", type=PATH, metavar="FILE", help="LiteRT's benchmark_model for that device")
@click.option("--serial", help="serial number of the device, if several are attached")
def run(bundle: Path, engine: str, as_json: bool, out: Path | None, **options: Any) -> None:
    """Measure the start, the time at every exit and the memory of a bundle.

    Everything is measured on this machine, in fresh processes. Times are shown by what is kept and by part.
    """
    import json

    from edge.bench.measurement import measurement_json, write_measurement
    from edge.bench.run_text import measurement_text

    measured = _measured(bundle, engine, **options)
    if out:
        write_measurement(out, measured)
    if as_json:
        click.echo(json.dumps(measurement_json(measured), indent=2))
    else:
        click.echo(f"{bundle} ({engine})\n{measurement_text(measured)}")


def _measured(
    path: Path,
    engine: str,
    *,
    requests: Path | None,
    exits: str | None,
    profile: str | None,
    tools: Path | None,
    adb: bool,
    device_binary: Path | None,
    serial: str | None,
    repeats: int,
    threads: int,
    sustained: float,
) -> Measurement:
    from dataclasses import replace

    from edge.bench.adb import Adb, device_tool, measure_device
    from edge.bench.arm.tools import find_tools
    from edge.bench.exits import chosen_exits
    from edge.bench.profiles.read import read_profile
    from edge.bench.run import Ask, measure_bundle, read_requests
    from edge.bundle.bundle import open_bundle

    if device_binary and not adb:
        raise EdgeError("--device-binary needs --adb", fix="add --adb")
    device = None if profile is None else read_profile(profile)
    chosen = None if exits is None else _exits(exits)
    counting = None if tools is None else find_tools(tools)
    ask = Ask(engine, threads, repeats, sustained, chosen, device, counting)
    # what --adb lacks is reported now, not after minutes of measuring
    attached = (Adb(serial), device_tool(device_binary)) if adb else None
    measured_with = read_requests(path, requests)
    click.echo(f"measuring: requests {len(measured_with)}, rounds {ask.repeats}", err=True)
    measured = measure_bundle(path, measured_with, ask)
    if attached:
        bundle = open_bundle(path)
        found = measure_device(bundle, chosen_exits(bundle, chosen), threads, *attached)
        measured = replace(measured, device=found)
    return measured


def _exits(text: str) -> tuple[Exit, ...]:

    from edge.bundle import exits

    return tuple(sorted({exits.Exit.parse(part, "--exits") for part in text.split(",")}))
