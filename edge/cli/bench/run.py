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


@command(
    examples="""edge-bench run movies.edge
                edge-bench run movies.edge --profile mid-android --out measured.json
                edge-bench run movies.edge --engine onnx --requests requests.jsonl --sustained 60 --json
                edge-bench run movies.edge --adb --device-binary benchmark_model"""
)
@bundle
@engine("litert, onnx or coreml")
@as_json
@requests("the bundle's golden ones")
@click.option("--repeats", type=int, default=5, help="rounds over all requests and exits")
@click.option("--threads", type=int, default=1, help="of the engine")
@click.option("--depths", metavar="LIST", help="exits to measure, e.g. 4,8,12; else all")
@click.option("--plan", help="one plan alone, prefix or segments; else both")
@click.option("--sustained", type=float, default=0.0, metavar="SECONDS", help="requests back to back at the end")
@click.option(
    "--profile", type=NAME_OR_PATH, help="a device (edge-bench profiles), or a TOML file: its limits, and a prediction"
)
@click.option("--out", type=OUTPUT, metavar="FILE", help="write the measurement to this file, as JSON")
@click.option("--adb", is_flag=True, help="time the model's steps on an attached Android device, too")
@click.option("--device-binary", type=PATH, metavar="FILE", help="LiteRT's benchmark_model for that device")
@click.option("--serial", help="of the device, if several are attached")
def run(bundle: Path, engine: str, as_json: bool, out: Path | None, **options: Any) -> None:
    """Measure cold start, time per exit depth and memory, in a fresh process on this machine."""
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
    depths: str | None,
    plan: str | None,
    profile: str | None,
    adb: bool,
    device_binary: Path | None,
    serial: str | None,
    repeats: int,
    threads: int,
    sustained: float,
) -> Measurement:
    from dataclasses import replace

    from edge.bench.adb import Adb, device_tool, measure_device
    from edge.bench.profiles.read import read_profile
    from edge.bench.run import KEEPING_PLANS, Ask, measure_bundle, plan_depths, read_requests
    from edge.bundle.bundle import open_bundle

    if device_binary and not adb:
        raise EdgeError("--device-binary is for --adb", fix="give --adb, too")
    device = None if profile is None else read_profile(profile)
    chosen = None if depths is None else _depths(depths)
    plans = KEEPING_PLANS if plan is None else (plan,)
    ask = Ask(engine, threads, repeats, sustained, plans, chosen, device)
    # what --adb lacks is reported now, not after minutes of measuring
    attached = (Adb(serial), device_tool(device_binary)) if adb else None
    measured_with = read_requests(path, requests)
    click.echo(f"measuring: requests {len(measured_with)}, rounds {ask.repeats}", err=True)
    measured = measure_bundle(path, measured_with, ask)
    if attached:
        bundle = open_bundle(path)
        exits = plan_depths(bundle, ("prefix",), chosen)["prefix"]
        measured = replace(measured, device=measure_device(bundle, exits, threads, *attached))
    return measured


def _depths(text: str) -> tuple[int, ...]:
    try:
        return tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError as error:
        raise EdgeError(f"--depths {text!r} is not a list of exits", fix="write e.g. --depths 4,8,12") from error
