"""A request in Kotlin or Swift beside the same request in Python: one bundle, one engine, one machine, in turns.

    make test-android test-ios
    python benchmarks/port_speed.py kotlin movies.edge --engine litert onnx --out benchmarks/results/kotlin-speed.json
    python benchmarks/port_speed.py swift movies.edge --engine litert --out benchmarks/results/swift-speed.json

The user has 20 past events, the request 50 candidates, made of words from the bundle's golden requests. Each round
measures five requests: user and items new; user kept, items new; all kept, nothing tokenised again, at the deepest
exit; the same at the shallowest; and one event added, items kept. Both sides answer each request in turn, Python
first in one round and the port first in the next, and their scores are compared. A ratio is the median of the rounds'
ratios, with an interval that holds the true median 19 times in 20; it is given for elapsed time, and for the
processor time of the calling thread (in Swift: of the process), which other jobs hardly change. `memory` is the most
that a request allocated: bytes of Java's heap, or the number of allocations of the Swift process. With --engine
reference, both sides compute without a library: numpy in Python, loops in the port. It takes about two minutes an
engine.

Kotlin without a library is measured differently: a kept user with kept candidates, at each exit, in processor time.
The figures are the medians, their ratio, and the time that is not the engine's (`rest`).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # read when numpy is imported

from kotlin_exits import by_exit, table_by_exit

from edge import Event, Ranker, parse_request
from edge.bench.percentiles import interval
from edge.files import write_json
from edge.table import Cell, render

ROOT = Path(__file__).parents[1]
IOS_BUILD = Path(os.environ.get("EDGE_IOS_BUILD", ROOT / "build" / "ios"))
EVENTS, CANDIDATES, MOST_DIFFERENCE = 20, 50, 2e-3
REQUESTS = 30  # of each exit, in each round, where exits are measured; of such rounds there are a sixth
SHALLOWEST = "all kept, shallowest exit"
PORTS = {"kotlin": "make test-android", "swift": "make test-ios"}  # and what compiles them
MEMORY = {"kotlin": "Java heap, bytes", "swift": "allocations"}
WAYS = ("user and items new", "user kept, items new", "all kept", SHALLOWEST, "one event added, items kept")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", choices=tuple(PORTS))
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--engine", nargs="+", choices=("litert", "onnx", "reference"), default=["litert"])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--warm-up", type=int, default=300, help="rounds before: a JVM compiles meanwhile")
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    found: dict[str, Any] = {
        "port": arguments.port,
        "load": os.getloadavg()[0],
        "warm_up": arguments.warm_up,
        "rounds": arguments.rounds,
        "engines": {},
    }
    for engine in arguments.engine:
        if (arguments.port, engine) == ("kotlin", "reference"):
            count = max(arguments.rounds // 6, 1)
            exits = by_exit(arguments.bundle, count, REQUESTS)
            found["engines"][engine] = {"load": os.getloadavg()[0], "rounds": count, "exits": exits}
            print(f"{engine}\n{table_by_exit(exits)}\n")
            continue
        rounds = measured(arguments.port, arguments.bundle, engine, arguments.warm_up + arguments.rounds)
        found["engines"][engine] = figures(rounds[arguments.warm_up :])
        print(f"{engine}\n{table(arguments.port, found['engines'][engine])}\n")
    if arguments.out:
        write_json(arguments.out, found)
    return 0


def measured(port: str, bundle: Path, engine: str, count: int) -> list[dict[str, Any]]:
    """So many rounds of both sides."""
    requests = Requests(bundle)
    with (
        tempfile.TemporaryDirectory() as scratch,
        Ranker.open(bundle, engine=engine) as ranker,
        started(port, bundle, Path(scratch), engine) as process,
    ):
        return [turns(ranker, process, requests.next(), number) for number in range(count)]


class Requests:
    """Users of the golden requests, and items whose titles nobody has seen: words of theirs, drawn again."""

    def __init__(self, bundle: Path) -> None:
        with zipfile.ZipFile(bundle) as archive:
            golden = [json.loads(line)["request"] for line in archive.read("golden.jsonl").decode().split("\n") if line]
        self._users = [request for request in golden if len(request["events"]) >= EVENTS]
        self._items = [event["item"] for request in golden for event in request["events"]]
        self._words = sorted({word for item in self._items for word in item["title"].split()})
        self._random, self._made = random.Random(0), 0

    def next(self) -> dict[str, Any]:
        """One with twice the candidates: the first half for a new user, the second for the kept one."""
        request = self._random.choice(self._users)
        events = [event | {"item": self._item()} for event in request["events"][-EVENTS:]]
        candidates = [self._item() for _ in range(2 * CANDIDATES)]
        return {**request, "events": events, "candidates": candidates}

    def _item(self) -> dict[str, Any]:
        self._made += 1
        title = " ".join(self._random.choices(self._words, k=4))
        item: dict[str, Any] = self._random.choice(self._items) | {"id": f"new-{self._made}", "title": title}
        return item


def started(port: str, bundle: Path, scratch: Path, engine: str) -> subprocess.Popen[str]:
    """The program that answers a request in a line. Errors: it was not compiled."""
    run = swift(bundle, engine) if port == "swift" else kotlin(bundle, scratch, engine)
    seen = os.environ | {"EDGE_IOS_SEEN": str(IOS_BUILD)}
    process = subprocess.Popen(run, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=seen)
    assert process.stdout
    if process.stdout.readline().strip() != "ready":
        raise SystemExit(f"error: the {port} program did not start; fix: {PORTS[port]}")
    return process


def kotlin(bundle: Path, scratch: Path, engine: str) -> list[str]:
    """The command of android_demo/litert's Turns.kt."""
    script = ROOT / "android_demo" / "run_modules.sh"
    return [str(each) for each in (script, "edge.litert.TurnsKt", bundle, scratch / "kotlin", engine)]


def swift(bundle: Path, engine: str) -> list[str]:
    """The command of ios_demo's Turns.swift, which sees the folder that it was compiled to."""
    copy = IOS_BUILD / "turns.edge"
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(bundle, copy)
    command = [ROOT / "ios_demo" / "swift.sh", IOS_BUILD / "debug" / "edge-proof", "turns", copy, "--engine", engine]
    libraries = {"litert": "libLiteRt.so", "onnx": "libonnxruntime.so"}
    library = ["--library", IOS_BUILD / libraries[engine]] if engine in libraries else []
    return [str(each) for each in (*command, *library)]


def turns(ranker: Ranker, process: subprocess.Popen[str], request: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Both sides' costs of one request; whose turn is first changes from round to round."""
    text = json.dumps(request)

    def there() -> dict[str, Any]:
        assert process.stdin and process.stdout
        process.stdin.write(text + "\n")
        process.stdin.flush()
        answer: dict[str, Any] = json.loads(process.stdout.readline())
        return answer

    sides: dict[str, Callable[[], dict[str, Any]]] = {"python": lambda: here(ranker, text), "port": there}
    order = list(sides) if number % 2 else list(reversed(sides))
    answers = {side: sides[side]() for side in order}
    scores = answers["python"]["scores"], answers["port"]["scores"]
    difference = max(abs(scores[0][item] - scores[1][item]) for item in scores[0])
    return {side: answer["costs"] for side, answer in answers.items()} | {"difference": difference}


def here(ranker: Ranker, text: str) -> dict[str, Any]:
    """As Turns.kt and Turns.swift."""
    request = parse_request(text)
    first, second = request.candidates[:CANDIDATES], request.candidates[CANDIDATES:]
    wish: dict[str, Any] = {"exit": ranker.exits[-1], "time_s": request.time}
    ranker.forget()
    costs: list[list[float]] = []

    def timed(action: Callable[[], Any]) -> Any:
        started, worked = time.perf_counter(), time.thread_time()
        ranked = action()
        costs.append([(time.perf_counter() - started) * 1e3, (time.thread_time() - worked) * 1e3])
        return ranked

    users: list[Any] = []

    def new() -> Any:
        users.append(ranker.user(request.user, request.events))
        return ranker.rank(users[0], first, **wish)

    timed(new)
    timed(lambda: ranker.rank(users[0], second, **wish))
    handles = ranker.prepare(second)
    timed(lambda: ranker.rank(users[0], handles, **wish))
    timed(lambda: ranker.rank(users[0], handles, **wish | {"exit": ranker.exits[0]}))
    users[0].add(Event(second[0], request.events[-1].attributes, request.events[-1].time))
    last = timed(lambda: ranker.rank(users[0], handles, **wish))
    return {"costs": costs, "scores": dict(zip((item.id for item in last.items), last.scores, strict=True))}


def figures(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """By way: milliseconds of each side, their ratio, and what the port allocated. Errors: scores differ."""
    difference = max(each["difference"] for each in rounds)
    if not difference <= MOST_DIFFERENCE:
        raise SystemExit(f"error: scores differ by {difference}")
    ways = {}
    for index, way in enumerate(WAYS):
        python, there = ([each[side][index] for each in rounds] for side in ("python", "port"))
        ways[way] = {
            "python_ms": median(spent[0] for spent in python),
            "port_ms": median(spent[0] for spent in there),
            "ratio": median_interval([theirs[0] / own[0] for own, theirs in zip(python, there, strict=True)]),
            "ratio_of_processor_time": median_interval(
                [theirs[1] / own[1] for own, theirs in zip(python, there, strict=True)]
            ),
            "memory": max(int(spent[2]) for spent in there),
        }
    return {"greatest_difference": difference, "ways": ways}


def median_interval(values: Sequence[float]) -> list[float | None]:
    """The median, then its interval's ends, None where there are too few values."""
    ordered = sorted(values)
    return [median(ordered), *interval(ordered, 0.5)]


def table(port: str, found: Mapping[str, Any]) -> str:
    """One way a row."""
    rows = list[Sequence[Cell]]()
    for way, of in found["ways"].items():
        times = (
            f"{of['python_ms']:.2f}",
            f"{of['port_ms']:.2f}",
            written(of["ratio"]),
            written(of["ratio_of_processor_time"]),
        )
        rows.append((way, *times, f"{of['memory']:,}"))
    return render(("way", "Python ms", f"{port.capitalize()} ms", "ratio", "of processor time", MEMORY[port]), rows)


def written(ratio: Sequence[float | None]) -> str:
    """E.g. "0.52 (0.50 to 0.55)"."""
    middle, low, high = ratio
    return f"{middle:.2f}" if low is None or high is None else f"{middle:.2f} ({low:.2f} to {high:.2f})"


if __name__ == "__main__":
    sys.exit(main())
