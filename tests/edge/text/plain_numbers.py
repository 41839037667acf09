"""SPEC.md, section 8, read a second time: one entry after the other, without numpy. What vectors are checked with."""

from __future__ import annotations

import math
import struct
from typing import Any

Json = dict[str, Any]


def plain_numbers(numbers: list[Json], request: Json) -> Json:
    """{"events": [[number]], "candidates": [[number]]}; None is a missing number."""
    events, user = request.get("events") or [], request.get("user") or {}
    past = []
    for place, event in enumerate(events):
        first = place
        while first and event.get("time") is not None and events[first - 1].get("time") == event["time"]:
            first -= 1
        past.append([_number(number, user, event["item"], event.get("time"), events[:first]) for number in numbers])
    offered = [
        [_number(number, user, item, request.get("time"), events) for number in numbers]
        for item in request["candidates"]
    ]
    return {"events": past, "candidates": offered}


def _number(number: Json, user: Json, item: Json, time: float | None, events: list[Json]) -> float | None:
    history, of = number.get("history", ""), number.get("of", "")
    if history:
        value = _of_history(number, item, time, events)
    else:
        record, _, name = of.partition(".")
        value = _read((user if record == "user" else item).get(name))
    if value is None:
        return None
    if number.get("transform"):
        value = plain_log1p(value)
    scaled = (value - number.get("mean", 0.0)) / number.get("spread", 1.0)
    return float(struct.unpack("<f", struct.pack("<f", min(max(scaled, -4.0), 4.0)))[0])


def _of_history(number: Json, item: Json, time: float | None, events: list[Json]) -> float | None:
    where, last = number.get("where", ""), number.get("last", 0)
    window = [event for event in events if not where or _read(event.get(where)) not in (None, 0.0)]
    window = window[-last:] if last else window
    if not number.get("same"):
        return _over(number, time, window, float(number.get("prior") or 0.0))
    parts = []
    for value in _values(item.get(number["same"])):
        part = [event for event in window if value in _values(event["item"].get(number["same"]))]
        base = _over(number, time, window, float(number.get("prior") or 0.0)) if number["history"] == "mean" else 0.0
        parts.append(_over(number, time, part, base or 0.0))
    known = [part for part in parts if part is not None]
    if not known:
        return None
    over = number.get("over", "mean")
    if over != "mean":
        return max(known) if over == "most" else min(known)
    total = 0.0
    for part in known:
        total += part
    return total / len(known)


def _over(number: Json, time: float | None, events: list[Json], prior: float) -> float | None:
    if number["history"] == "count":
        return float(len(events))
    if number["history"] == "seconds":
        times = [event["time"] for event in events if event.get("time") is not None]
        return None if time is None or not times else max(float(time) - float(times[-1]), 0.0)
    smoothing, total, count = float(number.get("smoothing", 0.0)), 0, 0
    for event in events:
        value = _of_event(event, number["of"])
        if number.get("minus"):
            other = _of_event(event, number["minus"])
            value = None if value is None or other is None else value - other
        if value is not None:
            total += round(min(max(value, -(2.0**31)), 2.0**31) * 65536)  # round: halves to even
            count += 1
    if count + smoothing == 0:
        return None
    mean = float(total) / 65536.0
    if smoothing:
        mean += smoothing * prior
    return mean / (float(count) + smoothing)


def _of_event(event: Json, name: str) -> float | None:
    return _read(event["item"].get(name[5:]) if name.startswith("item.") else event.get(name))


def _missing(value: object) -> bool:
    return value is None or value == [] or (isinstance(value, str) and not value.strip(" "))


def _read(value: object) -> float | None:
    if _missing(value):
        return None
    assert isinstance(value, int | float)
    return float(value)


def _values(value: object) -> list[tuple[str, object]]:
    if _missing(value):
        return []
    if isinstance(value, list):
        found = [("text", text) for text in value if not _missing(text)]
        return [one for place, one in enumerate(found) if one not in found[:place]]
    if isinstance(value, bool):
        return [("truth", value)]
    return [("text", value)] if isinstance(value, str) else [("number", float(value))]  # type: ignore[arg-type]


def plain_log1p(value: float) -> float:
    a = 1.0 + abs(value)
    f, e = math.frexp(a)
    if f < 0.7071067811865476:
        f, e = f * 2.0, e - 1
    z = (f - 1.0) / (f + 1.0)
    q, r = z * z, 0.0
    for k in range(23, 1, -2):
        r = (r + 1.0 / k) * q
    return math.copysign(float(e) * 0.6931471805599453 + 2.0 * z * (r + 1.0), value)
