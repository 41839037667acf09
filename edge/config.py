"""Frozen dataclasses as configuration: overrides by dotted key, and a strict way back from JSON."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from edge.arguments import check_count, check_number, shown
from edge.errors import EdgeError, choices, did_you_mean, known_names, nearest

C = TypeVar("C")
SHORT_NUMBER = re.compile(r"[+-]?\.\d+")  # people write .5
_GROUP = ContextVar("_GROUP", default="")  # the dotted prefix under which settings are named


def setting(key: str) -> str:
    """The name of a setting for an error: `key` as the user types it, whatever group the command keeps it in."""
    return _GROUP.get() + key


@contextmanager
def settings_in(group: str) -> Iterator[None]:
    """In the block, settings stand in this group: `edge run` calls "prune.fit.steps" what pruning calls "fit.steps"."""
    with _named_from(f"{setting(group)}."):
        yield


@contextmanager
def _named_from(prefix: str) -> Iterator[None]:
    before = _GROUP.set(prefix)
    try:
        yield
    finally:
        _GROUP.reset(before)


def preset(presets: Mapping[str, C], name: str) -> C:
    """The settings of that name; an unknown one names the nearest."""
    if name not in presets:
        raise EdgeError(f"unknown preset {name!r}", fix=known_names(name, presets))
    return presets[name]


def override(config: C, assignments: Iterable[str]) -> C:
    """`config` with all of "key.sub=value" applied at once; an unknown key names the nearest one.

    At once, because a configuration checks itself when it is made: two settings may only fit together.
    """
    texts = {}
    known = list(_dotted_keys(config))
    for assignment in assignments:
        key, sign, text = (part.strip() for part in assignment.partition("="))
        if not sign:
            near = nearest(key, known)
            fix = f"--set {near}=VALUE" if near else f"--set KEY=VALUE, with one of: {choices(known)}"
            raise EdgeError(f"--set {assignment!r} is not of the form key=value", fix=fix)
        if key not in known:
            _refuse_key(key, known)
        texts[key] = text
    changed: C = _replace(config, texts, "")
    return changed


def as_assignments(config: Any, start: Any) -> list[str]:
    """What `override` needs to make `config` of `start`: "key.sub=value" for each setting that differs."""
    before, after = to_dict(start), to_dict(config)
    values = [(key, _at(before, key), _at(after, key)) for key in _dotted_keys(config)]
    return [f"{key}={_as_text(value)}" for key, old, value in values if value != old]


def _at(values: Mapping[str, Any], key: str) -> Any:
    for part in key.split("."):
        values = values[part]
    return values


def _as_text(value: Any) -> str:
    """A value so that `_from_text` returns it: a text as it is, unless it would be read as something else."""
    plain = isinstance(value, str) and value == value.strip() == _from_text(value)
    return value if plain else json.dumps(value, ensure_ascii=False)


def _refuse_key(key: str, known: list[str]) -> typing.NoReturn:
    group = [other for other in known if other.startswith(f"{key}.")]
    if group:
        raise EdgeError(f"{key!r} is a group of settings", fix=f"set one of: {', '.join(group)}")
    raise EdgeError(f"unknown setting {key!r}", fix=did_you_mean(key, known))


def _replace(config: Any, texts: Mapping[str, str], prefix: str) -> Any:
    """`config`, which stands at the dotted `prefix` of the whole, with the settings below it applied."""
    hints = typing.get_type_hints(type(config))
    changes = {}
    for field in dataclasses.fields(config):
        key, value = prefix + field.name, getattr(config, field.name)
        if dataclasses.is_dataclass(value) and any(other.startswith(f"{key}.") for other in texts):
            changes[field.name] = _replace(value, texts, f"{key}.")
        elif key in texts:
            changes[field.name] = _coerce(hints[field.name], _from_text(texts[key]), key)
    with _named_from(prefix):
        return dataclasses.replace(config, **changes)


def _from_text(text: str) -> Any:
    """JSON if it is JSON, a number such as .5, which JSON does not allow, else the text itself."""
    try:
        return float(text) if SHORT_NUMBER.fullmatch(text) else json.loads(text)
    except (ValueError, RecursionError):
        return text


def check_least(config: Any, **least: float) -> None:
    """Refuse a configuration with a number below its least allowed value, or one that is not a number."""
    for name, bound in least.items():
        check_number(setting(name), getattr(config, name), bound)


def check_numbers(config: Any, above: bool = False, **bounds: tuple[float, float]) -> None:
    """Refuse a configuration with a number that is not from the least, or `above` it, to the most of its name."""
    for name, (least, most) in bounds.items():
        check_number(setting(name), getattr(config, name), least, most, "choose a number in that range", above)


def check_counts(config: Any, **bounds: tuple[int, int]) -> None:
    """Refuse a configuration with a number that is not whole, or not from the least to the most that its name allows.

    Every whole number has a most: beyond it the mistake would only show in a library that cannot allocate it.
    """
    for name, (least, most) in bounds.items():
        check_count(setting(name), getattr(config, name), least, most, fix="choose a number in that range")


def _dotted_keys(config: Any, prefix: str = "") -> Iterable[str]:
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if dataclasses.is_dataclass(value):
            yield from _dotted_keys(value, f"{prefix}{field.name}.")
        else:
            yield prefix + field.name


def to_dict(config: Any) -> dict[str, Any]:
    """Plain JSON values of a configuration dataclass."""
    plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(config)))
    return plain


def from_dict(kind: type[C], values: Mapping[str, Any], where: str = "config") -> C:
    """The dataclass `kind` from plain values; unknown keys and wrong types are refused."""
    hints = typing.get_type_hints(kind)
    arguments = {}
    if not isinstance(values, Mapping):
        raise EdgeError(f"{where} must be an object, not {shown(values)}", fix='write keys and values: {"key": value}')
    for key, value in values.items():
        if key not in hints:
            raise EdgeError(f"{where}: unknown key {key!r}", fix=did_you_mean(key, hints))
        arguments[key] = _coerce(hints[key], value, f"{where}.{key}")
    missing = [
        field.name
        for field in dataclasses.fields(kind)  # type: ignore[arg-type]
        if field.name not in arguments
        and field.default is dataclasses.MISSING
        and field.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise EdgeError(
            f"{where}: missing {', '.join(missing)}",
            fix="add what is missing, or make the file again by the command that wrote it",
        )
    with _named_from(f"{where}."):
        return kind(**arguments)


def _coerce(hint: Any, value: Any, where: str) -> Any:
    """`value` as the annotated type, or an error that names both."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint) and isinstance(value, Mapping):
        return from_dict(typing.cast(type, hint), value, where)
    if origin in (typing.Union, types.UnionType):
        for option in arguments:
            try:
                return _coerce(option, value, where)
            except EdgeError:
                continue
    elif origin is tuple and isinstance(value, list | tuple):
        kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else list(arguments)
        if len(kinds) == len(value):
            parts = enumerate(zip(kinds, value, strict=True), start=1)
            return tuple(_coerce(kind, part, f"{where}, value {n}") for n, (kind, part) in parts)
    elif origin is typing.Literal:
        if value in arguments:
            return value
    elif origin in (dict, Mapping) or (isinstance(origin, type) and issubclass(origin, Mapping)):
        if isinstance(value, Mapping):
            return {key: _coerce(arguments[1], part, f"{where}.{key}") for key, part in value.items()}
    elif hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        if abs(value) <= sys.float_info.max or isinstance(value, float):  # JSON's integers know no limit
            return float(value)
    elif hint is type(None) and value is None:
        return None
    elif isinstance(hint, type) and isinstance(value, hint) and (hint is bool) == isinstance(value, bool):
        return value
    if origin is typing.Literal:
        known = ", ".join(map(repr, arguments))
        near = nearest(value, arguments) if isinstance(value, str) else ""
        fix = f"did you mean {near!r}?" if near else ""
        raise EdgeError(f"{where} must be one of {known}, not {shown(value)}", fix=fix)
    raise EdgeError(f"{where} must be {_wanted(hint)}, not {shown(value)}", fix=_written_out(hint, value, where))


def _wanted(hint: Any, several: bool = False) -> str:
    """The annotated type in words."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in _WORDS:
        return _WORDS[hint][several]
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_wanted(option) for option in arguments)
    if origin is tuple and arguments[-1] is Ellipsis:
        return f"a list of {_wanted(arguments[0], several=True)}"
    if origin is tuple:
        return f"a list of {len(arguments)} values: {', '.join(map(_wanted, arguments))}"
    if dataclasses.is_dataclass(hint):
        names = ", ".join(field.name for field in dataclasses.fields(hint))
        return f"{'tables' if several else 'a table'} of {names}"
    return f"a table of {_wanted(arguments[1], several=True)}" if len(arguments) == 2 else "a table"


def _written_out(hint: Any, value: Any, where: str) -> str:
    """A fix, where a single text stands for the list of one or the table that is wanted."""
    key = where.rpartition(".")[2]
    if typing.get_origin(hint) is tuple and typing.get_args(hint)[0] is str and isinstance(value, str):
        return f"{key} = {json.dumps([value], ensure_ascii=False)}"
    if dataclasses.is_dataclass(hint) and isinstance(value, str):
        first = dataclasses.fields(hint)[0].name
        return f"{key} = {{ {first} = {json.dumps(value, ensure_ascii=False)} }}"
    return ""


_WORDS: dict[Any, tuple[str, str]] = {  # one, several
    bool: ("true or false", "truth values"),
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    str: ("a text", "texts"),
    type(None): ("null", "nulls"),
}
