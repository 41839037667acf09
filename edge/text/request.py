"""Requests as JSON: read strictly, every refusal names the path of the value it is about."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from edge.errors import EdgeError, did_you_mean
from edge.text.types import Event, Item, Request, User, Value

MAX_CANDIDATES = 1_000
MAX_EVENTS = 10_000
MAX_ATTRIBUTES = 100  # per record
MAX_NAME = 100  # code points of an attribute's name
MAX_LIST = 100  # strings per list
MAX_TEXT = 10_000  # code points per string
MAX_BYTES = 64 * 2**20  # of the JSON text
LARGEST_NUMBER = 10**15


def parse_request(text: str | bytes) -> Request:
    """A request from JSON text (bytes: UTF-8). Errors: not JSON, a repeated key, and those of `from_json`."""
    if len(text) > MAX_BYTES:
        raise EdgeError(f"the request is {len(text):,} bytes long, {MAX_BYTES:,} at most")
    try:
        decoded = text.decode("utf-8") if isinstance(text, bytes) else text
        value = json.loads(decoded, object_pairs_hook=_unique_keys)
    except RecursionError:
        raise EdgeError("the request is nested too deeply") from None
    except ValueError as error:
        raise EdgeError("the request is not JSON", evidence=str(error)) from error
    return request_from_json(value)


def request_from_json(value: object) -> Request:
    """A request from decoded JSON. Errors: unknown or missing keys, wrong types, values over the limits."""
    record = _object(value, "request")
    _known_keys(record, ("user", "events", "candidates", "time"))
    user = User(_attributes(_object(record.get("user", {}), "user"), "user"))
    events = tuple(
        _event(entry, f"events[{index}]")
        for index, entry in enumerate(_list(record.get("events", []), "events", MAX_EVENTS))
    )
    if "candidates" not in record:
        raise EdgeError("the request has no 'candidates'", fix="list the items to rank")
    candidates = tuple(
        _item(entry, f"candidates[{index}]")
        for index, entry in enumerate(_list(record["candidates"], "candidates", MAX_CANDIDATES))
    )
    _check_candidates(candidates)
    _check_times(events)
    return Request(user, events, candidates, _time(record.get("time"), "time"))


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


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {repeated!r} stands twice in one object")
    return record


def _event(value: object, path: str) -> Event:
    record = dict(_object(value, path))
    if "item" not in record:
        raise EdgeError(f"{path} has no 'item'", fix='{"item": {"title": ...}, ...}')
    item = _item(record.pop("item"), f"{path}.item", id_needed=False)
    time = _time(record.pop("time", None), f"{path}.time")
    return Event(item, _attributes(record, path), time)


def _time(value: object, path: str) -> int | float | None:
    return None if value is None else _number(value, path)


def _item(value: object, path: str, id_needed: bool = True) -> Item:
    record = dict(_object(value, path))
    if "id" not in record and id_needed:
        raise EdgeError(f"{path} has no 'id'", fix="name each candidate: the answer refers to it")
    name = record.pop("id", "")
    if not isinstance(name, str):
        raise EdgeError(f"{path}.id must be a string, not {_shown(name)}", fix='quote it: "id": "50"')
    if not name and id_needed:
        raise EdgeError(f"{path}.id is empty")
    return Item(_text(name, f"{path}.id"), _attributes(record, path))


def _attributes(record: Mapping[str, Any], path: str) -> dict[str, Value]:
    if len(record) > MAX_ATTRIBUTES:
        raise EdgeError(f"{path} has {len(record)} attributes, {MAX_ATTRIBUTES} at most")
    return {_name(name, path): _value(value, f"{path}.{name}") for name, value in record.items()}


def _name(name: object, path: str) -> str:
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME:
        raise EdgeError(f"{path} has an attribute named {_shown(name)}", fix=f"names have 1 to {MAX_NAME} characters")
    return _text(name, f"an attribute name of {path}")


def _value(value: object, path: str) -> Value:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, path)
    if isinstance(value, int | float):
        return _number(value, path)
    if isinstance(value, list | tuple):
        return tuple(_string(part, f"{path}[{index}]") for index, part in enumerate(_list(value, path, MAX_LIST)))
    raise EdgeError(f"{path} must be a string, a number, true, false, null or a list of strings, not {_shown(value)}")


def _string(value: object, path: str) -> str:
    if not isinstance(value, str):
        raise EdgeError(f"{path} must be a string, not {_shown(value)}")
    return _text(value, path)


def _text(value: str, path: str) -> str:
    if len(value) > MAX_TEXT:
        raise EdgeError(f"{path} is {len(value):,} characters long, {MAX_TEXT:,} at most", fix="cut it")
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        raise EdgeError(f"{path} is not valid Unicode: half of a surrogate pair", evidence=_shown(value))
    return value


def _number(value: object, path: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise EdgeError(f"{path} must be a number, not {_shown(value)}")
    if isinstance(value, float) and not math.isfinite(value):
        raise EdgeError(f"{path} is {value}", fix="use null for a value that is not known")
    if not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
        raise EdgeError(f"{path} is out of range: {_shown(value)}", fix="between -1e15 and 1e15")
    return value


def _object(value: object, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise EdgeError(f"{path} must be an object, not {_shown(value)}")
    return value


def _list(value: object, path: str, limit: int) -> list[Any] | tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise EdgeError(f"{path} must be a list, not {_shown(value)}")
    if len(value) > limit:
        raise EdgeError(f"{path} has {len(value):,} entries, {limit:,} at most")
    return value


def _known_keys(record: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in record:
        if key not in known:
            raise EdgeError(f"the request has an unknown key {_shown(key)}", fix=did_you_mean(str(key), known))


def _check_candidates(candidates: tuple[Item, ...]) -> None:
    if not candidates:
        raise EdgeError("candidates is empty", fix="list the items to rank")
    seen: dict[str, int] = {}
    for index, item in enumerate(candidates):
        first = seen.setdefault(item.id, index)
        if first != index:
            raise EdgeError(f"candidates[{index}].id repeats candidates[{first}].id: {_shown(item.id)}")


def _check_times(events: tuple[Event, ...]) -> None:
    latest, where = -math.inf, 0
    for index, event in enumerate(events):
        if event.time is None:
            continue
        if event.time < latest:
            raise EdgeError(f"events[{index}].time is before events[{where}].time", fix="list events oldest first")
        latest, where = event.time, index


def _shown(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."
