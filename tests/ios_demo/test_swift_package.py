"""The Swift package: its scripts name what is missing, and its sources keep rules that the compiler does not check."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "ios_demo"
SOURCES = {path.relative_to(FOLDER): path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.swift")}


COMMANDS = [["swift.sh", "swift", "build"], ["test.sh"], ["prove.sh"], ["rank.sh", "a.edge", "b.json"]]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_script_without_its_tools_names_the_fix(command: list[str], tmp_path: Path) -> None:
    environment = {"PATH": "/usr/bin:/bin", "EDGE_IOS_TOOLS": str(tmp_path), "EDGE_IOS_BUILD": str(tmp_path / "build")}
    call = ["bash", str(FOLDER / command[0]), *command[1:]]
    done = subprocess.run(call, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "is missing; fix: ios_demo/toolchain.sh" in done.stderr or "fix: make test-ios" in done.stderr


def test_no_swift_file_holds_more_than_one_reader_can() -> None:
    lines = {str(path): len(text.splitlines()) for path, text in SOURCES.items()}
    assert len(lines) > 60 and {name: count for name, count in lines.items() if count > 300} == {}


def test_the_library_needs_no_foundation_and_turns_no_check_off() -> None:
    own = {path.name for path in (FOLDER / "Sources").iterdir()}
    allowed = own | {"CoreFoundation", "Darwin", "Glibc", "Dispatch"}  # the first on Darwin alone
    library = {path: text for path, text in SOURCES.items() if path.parts[0] == "Sources"}
    imports = {name for text in library.values() for name in re.findall(r"^\s*import (\w+)", text, re.MULTILINE)}
    # One file calls Apple's framework, which brings Foundation with it.
    framework = Path("Sources", "EdgeCoreML", "Framework.swift")
    assert imports - allowed == {"CoreML"}
    assert [path for path, text in library.items() if "import CoreML" in text] == [framework]
    for path, text in library.items():
        assert not re.search(r"@unchecked|nonisolated\(unsafe\)|@preconcurrency|unsafeFlags", text), path


def test_the_table_of_characters_is_that_of_the_specification() -> None:
    table = FOLDER / "Sources" / "EdgeCharacters" / "characters.json"
    assert table.is_symlink() and table.resolve() == FOLDER.parent / "edge" / "text" / "characters.json"
