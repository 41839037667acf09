"""The fresh process that `edge-bench` measures in: a job on stdin, the measurement on stdout's last line."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from edge.bench.run import measure
from edge.errors import EdgeError, missing_extra
from edge.text.request import request_from_json


def main() -> int:
    job = json.load(sys.stdin)
    try:
        from edge.ranker import Ranker

        requests = [request_from_json(value) for value in job["requests"]]
        found = measure(lambda: Ranker.open(job["bundle"], backend=job["backend"]), requests, job["repeats"])
    except (EdgeError, ImportError) as error:
        print(missing_extra("export", error) if isinstance(error, ImportError) else error)
        return 2
    print(json.dumps(asdict(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
