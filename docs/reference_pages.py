"""A hook of mkdocs that adds the pages of the reference: no public name and no command can be left out.

mkdocstrings renders the docstrings. A command has the help that it prints: mkdocs-click leaves out our examples, and
shows click's marks of unset values as defaults.
"""

from __future__ import annotations

from textwrap import dedent

import click
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

import edge
from edge.cli.bench.main import edge_bench
from edge.cli.main import edge as edge_group

API = """# Python

```python
{example}
```

{rest}

{names}
"""
PROGRAMS = (edge_group, edge_bench)
WIDTH = 100  # characters of a line of help


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Called by mkdocs."""
    pages = {"api.md": api_page()} | {f"{program.name}.md": commands_page(program) for program in PROGRAMS}
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    return files


def api_page() -> str:
    """Each public name where it is defined; the example is that of the package's docstring."""
    documented = [name for name in edge.__all__ if not name.startswith("__")]
    names = "\n\n".join(f"::: {getattr(edge, name).__module__}.{name}" for name in documented)
    example, rest = (edge.__doc__ or "").split("\n\n    ", 1)[1].rsplit("\n\n", 1)
    return API.format(example=dedent(f"    {example}"), rest=rest, names=names)


def commands_page(program: click.Group) -> str:
    """The help of each command as the terminal shows it."""
    context = click.Context(program, info_name=program.name)
    parts = [f"# {program.name}", program.help or ""]
    for name in program.list_commands(context):
        command = program.get_command(context, name)
        assert command is not None
        help = command.get_help(click.Context(command, context, name, **command.context_settings, terminal_width=WIDTH))
        parts.append(f"## {program.name} {name}\n\n```text\n{help}\n```")
    return "\n\n".join(parts)
