"""`edge-bench profiles`: the devices that `edge-bench run --profile` knows, and where their figures come from."""

from __future__ import annotations

import click

from edge.cli.arguments import as_json
from edge.cli.command import command


@command(
    examples="""edge-bench profiles
                edge-bench profiles mid-android
                edge-bench profiles mid-android --json"""
)
@click.argument("name", required=False)
@as_json
def profiles(name: str | None, as_json: bool) -> None:
    """List the device profiles, or show one with the source of each figure.

    NAME is one of the listed profiles, or the path of a TOML file.
    """
    import json
    from dataclasses import asdict

    from edge.bench.profiles.read import profile_names, read_profile
    from edge.bench.profiles.show import profile_text, profiles_text

    if name:
        profile = read_profile(name)
        click.echo(json.dumps(asdict(profile), indent=2) if as_json else profile_text(profile))
    else:
        found = [read_profile(name) for name in profile_names()]
        click.echo(json.dumps([asdict(profile) for profile in found], indent=2) if as_json else profiles_text(found))
