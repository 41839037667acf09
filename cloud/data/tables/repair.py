"""Commands that rewrite a text file in a readable form, to be pasted without changes."""

from __future__ import annotations

import shlex
from pathlib import Path

AN_OBJECT_A_LINE = "jq -c ."
ONE_LIST = "jq -c '.[]'"
NO_COMMAS = r"sed -E '/^[[:space:]]*[][],?[[:space:]]*$/d; s/,[[:space:]]*$//; s/,[[:space:]]*([]}])/\1/g'"
FROM_PYTHON = "python3 -c 'import ast, json, sys; [print(json.dumps(ast.literal_eval(line))) for line in sys.stdin]'"

ESCAPED = (  # bytes, which split at line feeds alone
    "python3 -c 'import json, sys; [print(json.dumps(json.loads(line, strict=False))) for line in sys.stdin.buffer "
    "if line.strip()]'"
)


def rewritten(command: str, file: str | Path) -> str:
    """A fix: the shell command, at its end, writes a new file beside `file`, which may be compressed by gzip."""
    path = Path(file)
    new = path.with_name(f"new-{path.name.removesuffix('.gz')}")
    old, new_name = shlex.quote(str(path)), shlex.quote(str(new))
    pipe = f"gunzip -c {old} | {command}" if path.suffix == ".gz" else f"{command} < {old}"
    return f"rewrite it, and name the new file in edge.toml: {pipe} > {new_name}"
