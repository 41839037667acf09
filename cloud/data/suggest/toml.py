"""A suggestion as a commented edge.toml: the file of `edge init`, comments and all, with other values."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

from cloud.data.schema import Entities, File, Source
from cloud.data.suggest.look import Suggestion
from edge.config import to_dict

SETTING = re.compile(r"(?P<off># )?(?P<key>[a-z_]+) = (?P<value>(\"[^\"]*\"|'[^']*'|[^#\"'])*?)(?P<comment> +#.*)?")
SECTION = re.compile(r"\[(?P<name>[a-z.]+)\].*")
ATTRIBUTE = re.compile(r"^\w+ = \{ column = .*\n", re.MULTILINE)
ITEMS = re.compile(r"^# \[items\]\n(# \w+ = .*\n)+", re.MULTILINE)
NUMBERS = re.compile(r"^numbers = \[\n.*?^\]\n", re.MULTILINE | re.DOTALL)
COMMENT_AT = 31  # column at which comments of settings stand
PLAIN = File("")


def write_toml(suggestion: Suggestion, toml: Path) -> str:
    """The text of the file `toml`, to which paths are relative."""
    source, folder = suggestion.source, toml.parent
    own_items = "\n".join(_own_file("items", source.items, folder))
    template = files("cloud.data").joinpath("edge.toml").read_text(encoding="utf-8")
    template = ATTRIBUTE.sub("", template[template.index("[log]") :])
    template = NUMBERS.sub("numbers = []\n", template)
    template = ITEMS.sub(lambda found: own_items or found[0], template)
    lines = [*_heading(suggestion, toml), "", f"name = {literal(source.name)}", ""]
    lines += _filled(template.splitlines(), suggestion, _sections(source, folder))
    if source.negatives.each:
        lines += ["", "[negatives]  # drawn for each row, for the log holds choices alone"]
        lines += [f"{name} = {literal(value)}" for name, value in to_dict(source.negatives).items()]
    if source.users.path:
        lines += ["", *_own_file("users", source.users, folder)]
    return "\n".join(lines).rstrip("\n") + "\n"


def _filled(template: Iterable[str], suggestion: Suggestion, sections: Mapping[str, dict[str, Any]]) -> Iterator[str]:
    """The template's lines with the values of `sections`, by section and key; a setting without one is a comment."""
    section = ""
    for line in template:
        header, setting = SECTION.fullmatch(line), SETTING.fullmatch(line)
        if header:
            section = header["name"]
            yield from (line, *_attributes(suggestion.source, section))
        elif setting and section in sections:
            yield from _setting(setting, line, sections[section], suggestion.reasons)
        else:
            yield line


def literal(value: Any) -> str:
    """A TOML value."""
    if isinstance(value, str):
        if '"' in value and value.isprintable() and not {"'", "\\"}.intersection(value):
            return f"'{value}'"
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value).removesuffix(".0")
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_key(key)} = {literal(one)}' for key, one in value.items())} }}"
    return f"[{', '.join(map(literal, value))}]"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else literal(name)


def changed(record: Any) -> dict[str, Any]:
    """The fields of a dataclass that are not as by default."""
    values = {one.name: getattr(record, one.name) for one in fields(record)}
    return {one.name: values[one.name] for one in fields(record) if values[one.name] != _default(one)}


def _default(of: Field[Any]) -> Any:
    return of.default if of.default_factory is MISSING else of.default_factory()


def summary(suggestion: Suggestion, toml: Path) -> str:
    """For the terminal: each column, what is to be looked at, what to run next."""
    lines = [*table(suggestion), "", f"looked at {_looked_at(suggestion)} rows"]
    lines += [f"look at: {line}" for line in _to_look_at(suggestion)]
    return "\n".join([*lines, f"wrote {toml}: look at it, then: {_next(suggestion, toml)}"])


def _looked_at(suggestion: Suggestion) -> str:
    return f"{'all' if suggestion.whole else 'the first'} {suggestion.rows:,}"


def _to_look_at(suggestion: Suggestion) -> list[str]:
    lines = list(suggestion.check)
    if suggestion.bad:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in suggestion.kinds.items())
        lines.append(f"{suggestion.bad:,} rows cannot be used ({kinds}); --skip-bad-rows leaves them out")
    return lines


def _next(suggestion: Suggestion, toml: Path) -> str:
    skip = " --skip-bad-rows" if suggestion.bad else ""
    return f"edge prepare --data {shlex.quote(str(toml))} --out runs/prepared{skip}"


def _heading(suggestion: Suggestion, toml: Path) -> list[str]:
    """What was decided about each column, and what is to be looked at."""
    log = Path(suggestion.source.log.path).name
    lines = [
        f"How to read {_one_line(log)}, as `edge init` understood {_looked_at(suggestion)} rows of it. "
        "Correct what is wrong, then:"
    ]
    lines += ["", f"  {_one_line(_next(suggestion, Path(toml.name)))}", "", *(f"  {row}" for row in table(suggestion))]
    if checks := _to_look_at(suggestion):
        lines += ["", "To look at:", *(f"  {_one_line(line)}" for line in checks)]
    return [f"# {line}".rstrip() for line in lines]


def table(suggestion: Suggestion) -> list[str]:
    """Column, role and why, a line each."""
    rows = [("column", "role", "why"), *suggestion.columns]
    wide = [min(30, max(len(_one_line(row[place])) for row in rows)) for place in (0, 1)]
    return [
        f"{_one_line(name):<{wide[0]}}  {_one_line(role):<{wide[1]}}  {_one_line(why)}".rstrip()
        for name, role, why in rows
    ]


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


def _sections(source: Source, folder: Path) -> dict[str, dict[str, Any]]:
    """Section -> its settings, by name, without those that say nothing about this log."""
    log = to_dict(source.log) | {"path": relative(source.log.path, folder)}
    unused = {name for name in ("rating", "label", "request", "other_labels", "events") if not log[name]}
    unused |= {"threshold"} if not source.log.rating else set()
    unused |= {"separator", "quote"} if source.log.format != "csv" else set()
    unused |= {"encoding"} if source.log.format == "parquet" else set()
    log = {name: value for name, value in log.items() if name not in unused}
    text = to_dict(source.text) | {"numbers": [changed(number) for number in source.text.numbers]}
    return {"log": log, "split": to_dict(source.split), "text": text}


def relative(path: str, folder: Path) -> str:
    """The path as seen from a folder; absolute if the two are on different drives."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # on another drive
        return Path(path).resolve().as_posix()


def _attributes(source: Source, section: str) -> list[str]:
    """The lines of the attributes of a section; none of any other section."""
    owners = {"items.attributes": source.items, "users.attributes": source.users}
    attributes = owners[section].attributes if section in owners else {}
    return [f"{name} = {literal({'column': one.column} | changed(one))}" for name, one in attributes.items()]


def _setting(found: re.Match[str], line: str, values: Mapping[str, Any], reasons: Mapping[str, str]) -> Iterator[str]:
    """A setting with its value, or, if it has none, as a comment; the reason stands above."""
    key, comment = found["key"], (found["comment"] or "").strip()
    if key not in values:
        off = f"# {key} = {found['value']}"
        yield line if found["off"] else f"{off:<{COMMENT_AT - 1}} {comment}"
        return
    if key == "numbers":
        yield from ("numbers = [", *(f"  {literal(number)}," for number in values[key]), "]")
        return
    if key in reasons:
        yield f"# {key}: {reasons[key]}"
    code, comment = f"{key} = {literal(values[key])}", comment.replace("... or, instead of rating, a", "a")
    if len(code) >= COMMENT_AT and comment:
        yield from (comment, code)
    else:
        yield f"{code:<{COMMENT_AT - 1}} {comment}".rstrip()


def _own_file(section: str, entities: Entities, folder: Path) -> list[str]:
    """The section of a file of items or users; nothing if the log has their attributes."""
    if not entities.path:
        return []
    values = {"path": relative(entities.path, folder), "id": entities.id}
    for name in ("format", "separator", "quote", "encoding"):
        if getattr(entities, name) != getattr(PLAIN, name):
            values[name] = getattr(entities, name)
    return [f"[{section}]", *(f"{name} = {literal(value)}" for name, value in values.items())]
