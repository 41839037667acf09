"""One measurement as a document: what was measured, where, when and how, and all that was found."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.bench.adb import DeviceTimes
from edge.bench.confine import Confinement
from edge.bench.host import Host
from edge.bench.instructions import CountedExits
from edge.bench.modelled import Prediction
from edge.bench.timing import Times
from edge.bundle.bundle import Bundle
from edge.bundle.exits import MeasuredExit
from edge.bundle.sizes import bundle_sizes
from edge.config import from_dict, to_dict
from edge.errors import EdgeError, file_fix
from edge.files import write_output
from edge.runtime.costs import Costs

SCHEMA = "edge-bench/measurement/2"
AGAIN = "measure again: edge-bench run movies.edge --out FILE"


@dataclass(frozen=True)
class Subject:
    """The bundle. Bytes are those of one that carries this engine alone; `hidden` and `places` its shape."""

    name: str
    sha256: str
    download: int
    installed: int
    hidden: int
    places: int
    exits: tuple[MeasuredExit, ...]


@dataclass(frozen=True)
class Measurement:
    """`date` is UTC. Latency by exit and scenario is in `times.exits`; `costs` are those that the runtime
    chooses exits by."""

    bundle: Subject
    engine: str
    threads: int
    host: Host
    date: str
    times: Times
    costs: Costs
    limits: Confinement | None = None  # of the profile, as far as this host could impose them
    prediction: Prediction | None = None  # modelled
    instructions: CountedExits | None = None  # under emulation
    device: DeviceTimes | None = None  # of a real device, by adb
    schema: str = SCHEMA


def subject(bundle: Bundle, engine: str) -> Subject:
    """What a measurement records of its bundle: name, SHA-256, sizes, shape and quality."""
    sizes, model = bundle_sizes(bundle, engine), bundle.manifest["model"]
    shape = model["hidden"], model["places"]
    return Subject(bundle.name, bundle.sha256, sizes.download, sizes.installed, *shape, bundle.exits)


def measurement_json(measurement: Measurement) -> dict[str, Any]:
    """Plain values, the schema first."""
    return {"schema": measurement.schema} | to_dict(measurement)


def write_measurement(path: Path, measurement: Measurement) -> None:
    """As JSON. Errors: the file cannot be written."""
    write_output(path, json.dumps(measurement_json(measurement), indent=2) + "\n")


def read_measurement(path: Path) -> Measurement:
    """Errors name the file and what is wrong with it: no JSON, another schema, a key, a type."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EdgeError(f"{path} cannot be read: {error.strerror}", fix=file_fix(error)) from error
    except (ValueError, RecursionError) as error:
        raise EdgeError(f"{path} is not a JSON file", evidence=str(error), fix=AGAIN) from error
    if not isinstance(values, dict) or "schema" not in values:
        raise EdgeError(f"{path} is not a measurement", fix="edge-bench run movies.edge --out FILE writes one")
    if values["schema"] != SCHEMA:
        raise EdgeError(f"{path} has schema {ascii(values['schema'])[:60]}, this version reads {SCHEMA!r}", fix=AGAIN)
    return from_dict(Measurement, values, str(path))
