"""The code blocks of a Markdown page, and a shell script of those that a reader pastes.

An indented block is for the shell. A fenced one is run if its language is `bash`, given to Python if it is `python`,
and otherwise shown only. A comment before a block changes that: `<!-- file: NAME -->` writes it to a file, and
`<!-- not run: REASON -->` leaves it out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

DIRECTIVE = re.compile(r"<!--\s*(file|not run): (.+?)\s*-->", re.DOTALL)
END = "END_OF_BLOCK"


@dataclass(frozen=True)
class Block:
    """`line` counts from 1 and is where the block starts; `language` is "shell" for an indented one."""

    page: str
    line: int
    language: str
    text: str
    file: str = ""  # to be written to
    excuse: str = ""  # for not running it

    @property
    def script(self) -> str:
        """What a reader does with it, for a shell; nothing if it is only to be read."""
        if self.excuse:
            return ""
        if self.file:
            return f"cat > {self.file} <<'{END}'\n{self.text}{END}\n"
        if self.language == "python":
            return f"python - <<'{END}'\n{self.text}{END}\n"
        return self.text if self.language in ("shell", "bash") else ""


def blocks_of(path: Path, page: str) -> list[Block]:
    """Of one page, in order."""
    found, directive = [], ("", "")
    for token in MarkdownIt().parse(path.read_text(encoding="utf-8")):
        if token.type == "html_block" and (match := DIRECTIVE.fullmatch(token.content.strip())):
            directive = (match[1], match[2])
        elif token.type in ("code_block", "fence"):
            language = "shell" if token.type == "code_block" else token.info.strip()
            file, excuse = (directive[1] if directive[0] == kind else "" for kind in ("file", "not run"))
            line = (token.map or [0])[0] + 1
            found.append(Block(page, line, language, token.content, file, excuse))
            directive = ("", "")
        elif token.type in ("paragraph_open", "heading_open"):
            directive = ("", "")
    return found


def shell_script(blocks: list[Block]) -> str:
    """All of them in one shell, which stops at the first command that fails and says where it stands."""
    parts = ["set -euo pipefail\ntrap 'echo \"FAILED: the block at $WHERE\" >&2' ERR\n"]
    for block in blocks:
        if block.script:
            parts.append(f"WHERE='{block.page}:{block.line}'; echo \"== $WHERE\" >&2\n{block.script}\n")
    return "".join(parts)
