"""Requests as JSON: read strictly, every refusal names the path of the value it is about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from edge.errors import EdgeError, did_you_mean
from edge.files import LONGEST_INTEGER, unique_keys
from edge.text.checks import (
    MAX_CANDIDATES,
    MAX_EVENTS,
    check_event,
    check_ids,
    check_item,
    check_sequence,
    check_time,
    check_times,
    check_user,
    shown,
)
from edge.text.types import Event, Item, Request, User, Value

MAX_BYTES = 64 * 2**20  # of the JSON text


def parse_request(text: str | bytes) -> Request:
    """Read a request from JSON text, or from its UTF-8 bytes; at most 64 MiB (SPEC.md, section 1).

    Errors: text that is not JSON, a repeated or unknown key, a value of another type or over a limit; each error names
    the path of the value, such as `events[3].item.title`.
    """
    decoded = _decoded(text)
    try:
        value = json.loads(decoded, object_pairs_hook=unique_keys, parse_int=_integer)
    except RecursionError:
        raise EdgeError(
            "the request is nested too deeply", fix="send flat attributes: replace a nested object by its values"
        ) from None
    except ValueError as error:
        raise EdgeError(
            "the request is not JSON",
            evidence=str(error),
            fix='send one object: {"user": {...}, "events": [...], "candidates": [...]}',
        ) from error
    return request_from_json(value)


def parse_item(text: str, path: str) -> Item:
    """A candidate from JSON text. Errors, by `path`: not JSON, a repeated key, and those of a request's candidates."""
    try:
        value = json.loads(text, object_pairs_hook=unique_keys, parse_int=_integer)
    except (ValueError, RecursionError) as error:
        evidence = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        fix = 'write one object a line: {"id": "50", "title": "Heat"}'
        raise EdgeError(f"{path} is not JSON", evidence=evidence, fix=fix) from None
    return _candidate(value, path)


def request_from_json(value: object) -> Request:
    """A request from decoded JSON. Errors: unknown or missing keys, wrong types, values over the limits.

    Of several faults the first is named, in the order of this function (SPEC.md, section 1).
    """
    record = _object(value, "request")
    _known_keys(record, ("user", "events", "candidates", "time"))
    if "candidates" not in record:
        raise EdgeError("the request has no 'candidates'", fix="list the items to rank")
    user = User(_attributes(_object(record.get("user", {}), "user")))
    check_user(user)
    events = tuple(
        _event(entry, f"events[{index}]")
        for index, entry in enumerate(_list(record.get("events", []), "events", MAX_EVENTS))
    )
    check_times([event.time for event in events])
    candidates = tuple(
        _candidate(entry, f"candidates[{index}]")
        for index, entry in enumerate(_list(record["candidates"], "candidates", MAX_CANDIDATES))
    )
    if not candidates:
        raise EdgeError("candidates is empty", fix="list the items to rank")
    check_ids([item.id for item in candidates])
    time = record.get("time")
    check_time(time, "time")
    return Request(user, events, candidates, time)


def request_to_json(request: Request) -> dict[str, Any]:
    """Plain JSON values that `request_from_json` reads back to an equal request."""
    time = {} if request.time is None else {"time": request.time}
    return {
        "user": _plain(request.user.attributes),
        "events": [_event_to_json(event) for event in request.events],
        "candidates": [_item_to_json(item) for item in request.candidates],
    } | time


def _event_to_json(event: Event) -> dict[str, Any]:
    time = {} if event.time is None else {"time": event.time}
    return {"item": _item_to_json(event.item)} | _plain(event.attributes) | time


def _item_to_json(item: Item) -> dict[str, Any]:
    return ({"id": item.id} if item.id else {}) | _plain(item.attributes)


def _plain(attributes: Mapping[str, Value]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in attributes.items()}


def _decoded(text: object) -> str:
    """Errors: it is neither text nor bytes, it is too long, it is not UTF-8, it starts with a byte order mark."""
    if not isinstance(text, str | bytes):
        fix = (
            "pass json.dumps(...)" if isinstance(text, Mapping | list) else "pass the JSON text, e.g. path.read_bytes()"
        )
        raise EdgeError(f"the request must be JSON text, not {type(text).__name__}", fix=fix)
    size = len(text.encode("utf-8", "surrogatepass")) if isinstance(text, str) else len(text)
    if size > MAX_BYTES:
        raise EdgeError(
            f"the request is {size:,} bytes long, {MAX_BYTES:,} at most",
            fix="send fewer events, or rank the candidates in several requests",
        )
    try:
        decoded = text.decode("utf-8") if isinstance(text, bytes) else text
    except UnicodeDecodeError as error:
        raise EdgeError("the request is not UTF-8 text", evidence=str(error), fix="encode it as UTF-8") from error
    if decoded.startswith("\ufeff"):
        raise EdgeError("the request starts with a byte order mark", fix="write UTF-8 without one")
    return decoded


def _integer(text: str) -> int | float:
    """An integer of any length: one that Python would not read is out of range wherever it stands."""
    return int(text) if len(text) <= LONGEST_INTEGER else float(text)


def _event(value: object, path: str) -> Event:
    record = dict(_object(value, path))
    if "item" not in record:
        raise EdgeError(f"{path} has no 'item'", fix='{"item": {"title": ...}, ...}')
    item, time = _item(record.pop("item"), f"{path}.item"), record.pop("time", None)
    event = Event(item, _attributes(record), time)
    check_event(event, path)
    return event


def _candidate(value: object, path: str) -> Item:
    if "id" not in _object(value, path):
        raise EdgeError(f"{path} has no 'id'", fix="give each candidate an id: the answer refers to it")
    item = _item(value, path)
    check_item(item, path)
    return item


def _item(value: object, path: str) -> Item:
    """An item whose values have yet to be checked; without an id, which an event's may lack, it has an empty one."""
    record = dict(_object(value, path))
    if record.get("id") == "":
        raise EdgeError(f"{path}.id is empty", fix="leave the id out, or give one")
    return Item(record.pop("id", ""), _attributes(record))


def _attributes(record: Mapping[str, Any]) -> dict[str, Value]:
    """Lists as tuples; what they and the rest hold has yet to be checked."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in record.items()}


def _object(value: object, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise EdgeError(f"{path} must be an object, not {shown(value)}", fix='write keys and values: {"title": "Heat"}')
    return value


def _list(value: object, path: str, limit: int) -> list[Any] | tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise EdgeError(f"{path} must be a list, not {shown(value)}", fix="write a list of objects: [{...}, {...}]")
    check_sequence(value, path, "objects", limit)
    return value


def _known_keys(record: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in record:
        if key not in known:
            raise EdgeError(f"the request has an unknown key {shown(key)}", fix=did_you_mean(str(key), known))
