"""`edge-bench profiles`: the devices that `edge-bench run --profile` knows, and where their figures come from."""

from __future__ import annotations

import argparse

from edge.cli.command import Command


def _profiles_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="one of them, or a TOML file: every figure with its source")
    parser.add_argument("--json", action="store_true", help="machine-readable result on stdout")


def _profiles(arguments: argparse.Namespace) -> int:
    import json
    from dataclasses import asdict

    from edge.bench.profiles.read import profile_names, read_profile
    from edge.bench.profiles.show import profile_text, profiles_text

    if arguments.name:
        profile = read_profile(arguments.name)
        print(json.dumps(asdict(profile), indent=2) if arguments.json else profile_text(profile))
    else:
        found = [read_profile(name) for name in profile_names()]
        print(json.dumps([asdict(profile) for profile in found], indent=2) if arguments.json else profiles_text(found))
    return 0


profiles = Command(
    summary="List the device profiles, or show one with the source of each figure.",
    examples="""edge-bench profiles
                edge-bench profiles mid-android
                edge-bench profiles mid-android --json""",
    arguments=_profiles_arguments,
    run=_profiles,
)
