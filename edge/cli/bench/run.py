"""`edge-bench run`: times and memory on this machine, and what they mean for a device."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edge.cli.bench.arguments import bundle_arguments
from edge.cli.command import Command
from edge.errors import EdgeError

if TYPE_CHECKING:
    from edge.bench.measurement import Measurement


def _run_arguments(parser: argparse.ArgumentParser) -> None:
    bundle_arguments(parser)
    parser.add_argument("--repeats", type=int, default=5, help="rounds over all requests and exits")
    parser.add_argument("--threads", type=int, default=1, help="of the engine")
    parser.add_argument("--depths", help="exits to measure, e.g. 4,8,12; else all")
    parser.add_argument("--plan", choices=("prefix", "segments"), help="one plan alone; else both")
    parser.add_argument(
        "--sustained", type=float, default=0.0, metavar="SECONDS", help="requests back to back at the end"
    )
    parser.add_argument(
        "--profile", help="a device (edge-bench profiles), or a TOML file: its limits, and a prediction"
    )
    parser.add_argument("--out", type=Path, help="write the measurement to this file, as JSON")
    parser.add_argument("--adb", action="store_true", help="time the model's steps on an attached Android device, too")
    parser.add_argument("--device-binary", type=Path, help="LiteRT's benchmark_model for that device")
    parser.add_argument("--serial", help="of the device, if several are attached")


def _run(arguments: argparse.Namespace) -> int:
    import json

    from edge.bench.measurement import measurement_json, write_measurement
    from edge.bench.run_text import measurement_text

    measured = _measured(arguments)
    if arguments.out:
        write_measurement(arguments.out, measured)
    if arguments.json:
        print(json.dumps(measurement_json(measured), indent=2))
    else:
        print(f"{arguments.bundle} ({arguments.engine})\n{measurement_text(measured)}")
    return 0


def _measured(arguments: argparse.Namespace) -> Measurement:
    from dataclasses import replace

    from edge.bench.adb import Adb, device_tool, measure_device
    from edge.bench.profiles.read import read_profile
    from edge.bench.run import KEEPING_PLANS, Ask, measure_bundle, plan_depths, read_requests
    from edge.bundle.bundle import open_bundle

    _check(arguments)
    profile = read_profile(arguments.profile) if arguments.profile else None
    depths = _depths(arguments.depths) if arguments.depths else None
    plans = (arguments.plan,) if arguments.plan else KEEPING_PLANS
    # what --adb lacks is told now, not after minutes of measuring
    attached = (Adb(arguments.serial), device_tool(arguments.device_binary)) if arguments.adb else None
    requests = read_requests(arguments.bundle, arguments.requests)
    ask = Ask(arguments.engine, arguments.threads, arguments.repeats, arguments.sustained, plans, depths, profile)
    print(f"measuring: requests {len(requests)}, rounds {ask.repeats}", file=sys.stderr)
    measured = measure_bundle(arguments.bundle, requests, ask)
    if attached:
        bundle = open_bundle(arguments.bundle)
        exits = plan_depths(bundle, ("prefix",), depths)["prefix"]
        measured = replace(measured, device=measure_device(bundle, exits, arguments.threads, *attached))
    return measured


def _check(arguments: argparse.Namespace) -> None:
    for name, least in (("repeats", 1), ("threads", 1), ("sustained", 0)):
        value = getattr(arguments, name)
        if not least <= value < float("inf"):
            raise EdgeError(f"--{name} must be {least} or more, not {value}")
    if arguments.device_binary and not arguments.adb:
        raise EdgeError("--device-binary is for --adb", fix="give --adb, too")


def _depths(text: str) -> tuple[int, ...]:
    try:
        return tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError as error:
        raise EdgeError(f"--depths {text!r} is not a list of exits", fix="write e.g. --depths 4,8,12") from error


run = Command(
    summary="Measure cold start, time per exit depth and memory, in a fresh process on this machine.",
    examples="""edge-bench run movies.edge
                edge-bench run movies.edge --profile mid-android --out measured.json
                edge-bench run movies.edge --engine onnx --requests requests.jsonl --sustained 60 --json
                edge-bench run movies.edge --adb --device-binary benchmark_model""",
    arguments=_run_arguments,
    run=_run,
)
