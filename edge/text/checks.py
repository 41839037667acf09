"""What users, events and candidates may hold (SPEC.md, section 1): the same rules for parsed records and for those
that a caller made.

`check_event` and `check_item` judge one record and name the value at fault. The checks of many records look at all
of them at once first, and go through them one by one only if something is unusual.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from numbers import Number
from typing import Any

from edge.errors import EdgeError
from edge.text.types import Event, Item, User

MAX_CANDIDATES = 1_000
MAX_EVENTS = 10_000
MAX_ATTRIBUTES = 100  # per record
MAX_NAME = 100  # code points of an attribute's name
MAX_LIST = 100  # strings per list
MAX_TEXT = 10_000  # code points per string
LARGEST_NUMBER = 10**15

ITEM_KEYS, EVENT_KEYS = frozenset({"id"}), frozenset({"item", "time"})  # own keys in JSON: no attribute is called so
_SURROGATE = re.compile("[\ud800-\udfff]")
_PLAIN = frozenset({str, int, float, bool, tuple, type(None)})
_NUMBERS, _ITEMS, _EVENTS = frozenset({int, float}), frozenset({Item}), frozenset({Event})
_KINDS = "a string, a number, true, false, null or a list of strings"


def check_user(user: User) -> None:
    """Errors: it is no User, an attribute breaks a rule."""
    _check_kind(user, User, "user", 'User({"age": 24})')
    check_attributes(user.attributes, "user")


def check_user_id(id: str) -> None:
    """Of a user in a log. Errors: it is no text, or one that no attribute may have."""
    if not isinstance(id, str):
        raise EdgeError(f"the user's id must be a string, not {shown(id)}", fix='quote it: "50"')
    _check_text(id, "the user's id")


def check_events(events: Sequence[Event]) -> None:
    """Errors: no sequence, too many, an event that breaks a rule, events that are not oldest first."""
    check_sequence(events, "events", "Events", MAX_EVENTS)
    if not _plain_events(events):
        for index, event in enumerate(events):
            check_event(event, f"events[{index}]")
    check_times([event.time for event in events])


def check_candidates(candidates: Sequence[Item]) -> None:
    """Errors: no sequence, too many, a candidate that breaks a rule, two of one id. There may be none."""
    check_sequence(candidates, "candidates", "Items", MAX_CANDIDATES)
    if not _plain_candidates(candidates):
        for index, item in enumerate(candidates):
            check_item(item, f"candidates[{index}]")
    check_ids([item.id for item in candidates])


def check_event(event: Event, path: str) -> None:
    """Refuse an event that breaks the rules of SPEC.md, section 1; `path` names it in the error."""
    _check_kind(event, Event, path, 'Event(Item("", {"title": "Heat"}), {"liked": True})')
    check_item(event.item, f"{path}.item", id_needed=False)
    check_time(event.time, f"{path}.time")
    check_attributes(event.attributes, path, EVENT_KEYS)


def check_time(time: float | None, path: str) -> None:
    """Of an event or a request; it may not be known."""
    if time is not None:
        _check_number(time, path)


def check_item(item: Item, path: str, id_needed: bool = True) -> None:
    """An item without an id has an empty one."""
    _check_kind(item, Item, path, 'Item("1", {"title": "Heat"})')
    if not isinstance(item.id, str):
        raise EdgeError(f"{path}.id must be a string, not {shown(item.id)}", fix='quote it: "50"')
    if not item.id and id_needed:
        raise EdgeError(f"{path}.id is empty", fix="give each candidate an id: the answer refers to it")
    _check_text(item.id, f"{path}.id")
    check_attributes(item.attributes, path, ITEM_KEYS)


def check_attributes(attributes: Mapping[str, Any], path: str, reserved: Collection[str] = ()) -> None:
    """Refuse attributes with too many, unnamed, reserved or unreadable entries; `path` names the record."""
    if not isinstance(attributes, Mapping):
        raise EdgeError(f"{path}.attributes must be a dict, not {_kind(attributes)}", fix='{"title": "Heat"}')
    if len(attributes) > MAX_ATTRIBUTES:
        raise EdgeError(
            f"{path} has {len(attributes)} attributes, {MAX_ATTRIBUTES} at most",
            fix="leave out attributes that the model does not read",
        )
    for name, value in attributes.items():
        _check_name(name, path, reserved)
        _check_value(value, f"{path}.{name}")


def check_sequence(values: object, path: str, kind: str, limit: int) -> None:
    """Refuse what is not a list or tuple of at most `limit` values; the values are not checked."""
    if isinstance(values, str | bytes) or not isinstance(values, Sequence):
        fix = f"list({path})" if isinstance(values, Iterable) else ""
        raise EdgeError(f"{path} must be a list or a tuple of {kind}, not {_kind(values)}", fix=fix)
    if len(values) > limit:
        raise EdgeError(
            f"{path} has {len(values):,} entries, {limit:,} at most",
            fix="send the newest" if path == "events" else "rank them in several requests",
        )


def check_ids(ids: Sequence[str]) -> None:
    """Refuse two candidates with the same id."""
    if len(set(ids)) == len(ids):
        return
    seen: dict[str, int] = {}
    for index, name in enumerate(ids):
        first = seen.setdefault(name, index)
        if first != index:
            raise EdgeError(
                f"candidates[{index}].id repeats candidates[{first}].id: {shown(name)}", fix="send each candidate once"
            )


def check_times(times: Sequence[float | None]) -> None:
    """Refuse a time that is before an earlier known one; None is unknown."""
    latest, where = -math.inf, 0
    for index, time in enumerate(times):
        if time is None:
            continue
        if time < latest:
            raise EdgeError(f"events[{index}].time is before events[{where}].time", fix="list events oldest first")
        latest, where = time, index


def shown(value: object) -> str:
    """A value for an error: ASCII, and not long."""
    try:
        text = ascii(value)
    except ValueError:  # Python prints no whole number of more than 4,300 digits
        return "a number of thousands of digits"
    except Exception:  # a class of the caller's that cannot be printed
        return f"an object of {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."


def _check_kind(value: object, kind: type, path: str, fix: str) -> None:
    if not isinstance(value, kind):
        article = "an" if kind.__name__[0] in "EI" else "a"
        raise EdgeError(f"{path} must be {article} {kind.__name__}, not {_kind(value)}", fix=fix)


def _kind(value: object) -> str:
    return "None" if value is None else f"{shown(value)} ({type(value).__name__})"


def _check_name(name: object, path: str, reserved: Collection[str]) -> None:
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME:
        raise EdgeError(f"{path} has an attribute named {shown(name)}", fix=f"names have 1 to {MAX_NAME} characters")
    if name in reserved:
        raise EdgeError(f"{path} has an attribute named {shown(name)}, a reserved name", fix="rename the attribute")
    _check_text(name, f"an attribute name of {path}")


def _check_value(value: object, path: str) -> None:
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, int | float):
        _check_number(value, path)
    elif isinstance(value, tuple):
        _check_strings(value, path)
    elif isinstance(value, list):
        raise EdgeError(f"{path} must be a tuple of strings, not the list {shown(value)}", fix="tuple(...)")
    else:
        fix = "int(...) or float(...)" if isinstance(value, Number) else ""  # numpy's, decimals, fractions
        raise EdgeError(f"{path} must be {_KINDS}, not {shown(value)}", fix=fix)


def _check_strings(values: tuple[object, ...], path: str) -> None:
    if len(values) > MAX_LIST:
        raise EdgeError(f"{path} has {len(values):,} entries, {MAX_LIST:,} at most", fix="shorten the list")
    for index, value in enumerate(values):
        if not isinstance(value, str):
            raise EdgeError(f"{path}[{index}] must be a string, not {shown(value)}", fix='quote it: "50"')
        _check_text(value, f"{path}[{index}]")


def _check_text(value: str, path: str) -> None:
    if len(value) > MAX_TEXT:
        raise EdgeError(f"{path} is {len(value):,} characters long, {MAX_TEXT:,} at most", fix="shorten the text")
    if not value.isascii() and _SURROGATE.search(value):
        raise EdgeError(
            f"{path} is not valid Unicode: half of a surrogate pair",
            evidence=shown(value),
            fix="cut texts between characters, not within one",
        )


def _check_number(value: object, path: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise EdgeError(
            f"{path} must be a number, not {shown(value)}",
            fix="give seconds as a number, or None (in JSON null) if the time is not known",
        )
    if value != value:
        raise EdgeError(
            f"{path} is nan, which is not a number", fix="pass None (in JSON null) if the value is not known"
        )
    if not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
        raise EdgeError(f"{path} is out of range: {shown(value)}", fix="give a number from -1e15 to 1e15")


def _plain_events(events: Sequence[Event]) -> bool:
    """True only if `check_event` passes each."""
    if not _all_of(_EVENTS, events):
        return False
    items, times = [event.item for event in events], [event.time for event in events if event.time is not None]
    if not _all_of(_ITEMS, items):
        return False
    attributes = [event.attributes for event in events]
    return _plain_numbers(times) and _plain(attributes, EVENT_KEYS) and _plain_items(items)


def _plain_candidates(items: Sequence[Item]) -> bool:
    """True only if `check_item` passes each."""
    return _all_of(_ITEMS, items) and _plain_items(items, id_needed=True)


def _plain_items(items: Sequence[Item], id_needed: bool = False) -> bool:
    ids = [item.id for item in items]
    if (id_needed and "" in ids) or not _plain_texts(ids):
        return False
    return _plain([item.attributes for item in items], ITEM_KEYS)


def _plain(attributes: Sequence[Any], reserved: frozenset[str]) -> bool:
    """True only if `check_attributes` passes each record."""
    try:
        values = [*chain.from_iterable(map(dict.values, attributes))]
    except TypeError:  # not all are dicts
        return False
    names: set[Any] = set().union(*attributes)
    if len(names) > MAX_ATTRIBUTES or "" in names or not reserved.isdisjoint(names):
        return False
    kinds = set(map(type, values))
    if not kinds <= _PLAIN or not (_plain_texts(names) and max(map(len, names), default=0) <= MAX_NAME):
        return False
    try:
        distinct = set(values)  # of values that are equal, one is enough: their types are known
    except TypeError:  # a tuple of what has no hash
        return False
    lists = [value for value in distinct if type(value) is tuple] if tuple in kinds else []
    texts = [value for value in distinct if type(value) is str] if str in kinds else []
    numbers = [value for value in distinct if type(value) is int or type(value) is float] if kinds & _NUMBERS else []
    lists_pass = max(map(len, lists), default=0) <= MAX_LIST and _plain_texts(chain.from_iterable(lists))
    return lists_pass and _plain_texts(texts) and _plain_numbers(numbers)


def _plain_texts(values: Iterable[Any]) -> bool:
    values = [*values]
    try:
        whole = "".join(values)
    except TypeError:  # not all are strings
        return False
    short = len(whole) <= MAX_TEXT or max(map(len, values)) <= MAX_TEXT
    return short and (whole.isascii() or not _SURROGATE.search(whole))


def _plain_numbers(values: Sequence[Any]) -> bool:
    return _all_of(_NUMBERS, values) and all(-LARGEST_NUMBER <= value <= LARGEST_NUMBER for value in values)


def _all_of(kinds: frozenset[type], values: Iterable[object]) -> bool:
    return set(map(type, values)) <= kinds
