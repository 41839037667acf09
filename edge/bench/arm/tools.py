"""What counting ARM64 instructions takes: found, or all that is absent in one report; compiled at first use."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.errors import EdgeError

VARIABLE = "EDGE_ARM_TOOLS"
SOURCES = Path(__file__).parent
SYSROOT = Path("/usr/aarch64-linux-gnu")  # where Debian's cross packages put ARM64 libraries
LIBRARY = "libLiteRt.so"
PROGRAMS = {  # -> the Debian package that has it
    "qemu-aarch64": "qemu-user",
    "aarch64-linux-gnu-gcc": "gcc-aarch64-linux-gnu",
    "gcc": "gcc",
}
LIBRARIES = {"libc.so.6": "libc6-dev-arm64-cross", "libstdc++.so.6": "libstdc++6-arm64-cross"}
CPU = "cortex-a76"
# XNNPACK chooses its kernels by what it reads here, and would crash over an x86 machine's list of processors. One
# core, whatever this machine has; implementer and part are Arm's numbers of the Cortex-A76.
CPUINFO = """processor\t: 0
BogoMIPS\t: 50.00
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x3
CPU part\t: 0xd0b
CPU revision\t: 1

"""
SYSTEM_FILES = {
    "proc/cpuinfo": CPUINFO,
    "sys/devices/system/cpu/possible": "0\n",
    "sys/devices/system/cpu/present": "0\n",
}


@dataclass(frozen=True)
class Tools:
    """All there, but for what `compiled` makes; `directory` keeps what is downloaded and made."""

    directory: Path
    qemu: Path
    cross_compiler: Path  # for ARM64
    compiler: Path  # for this machine: a plugin is loaded into qemu
    library: Path  # LiteRT for ARM64 Linux, out of its wheel

    @property
    def runtime(self) -> str:
        """The LiteRT whose instructions are counted, e.g. "ai-edge-litert-2.3.0"."""
        return self.library.parent.name


@dataclass(frozen=True)
class Programs:
    """What runs: the plugin that counts, the ARM64 program it counts, and the ARM64 system that program sees."""

    plugin: Path
    entry_points: Path
    root: Path


def find_tools(directory: Path | None = None) -> Tools:
    """The tools, given what `arm_tools.sh` filled or EDGE_ARM_TOOLS names. Errors: all that is absent, in one list."""
    if directory is None and os.environ.get(VARIABLE):
        directory = Path(os.environ[VARIABLE])
    found = {name: shutil.which(name) for name in PROGRAMS}
    absent = [f"{name}: apt-get install {PROGRAMS[name]}" for name, path in found.items() if path is None]
    if found["qemu-aarch64"] and not _takes_plugins(found["qemu-aarch64"]):
        absent.append(f"{found['qemu-aarch64']} is built without -plugin: Debian 12's qemu-user has it")
    absent += [
        f"{SYSROOT / 'lib' / name}: apt-get install {package}"
        for name, package in LIBRARIES.items()
        if not (SYSROOT / "lib" / name).is_file()
    ]
    runtimes = sorted(directory.glob(f"ai-edge-litert-*/{LIBRARY}")) if directory else []
    if not runtimes:
        where = f"in {directory}" if directory else f"as neither --tools nor {VARIABLE} names a directory"
        absent.append(f"{LIBRARY} for ARM64, {where}: it is in the aarch64 wheel of ai-edge-litert")
    if absent or directory is None:
        raise EdgeError(
            "ARM64 instructions cannot be counted, tools are absent",
            evidence="\n".join(absent),
            fix=f"on Debian 12, or in a container of it, run benchmarks/arm_tools.sh DIR, then set {VARIABLE}=DIR",
        )
    qemu, cross_compiler, compiler = (Path(path) for path in found.values() if path is not None)
    return Tools(directory.resolve(), qemu, cross_compiler, compiler, runtimes[-1].resolve())


def _takes_plugins(qemu: str) -> bool:
    """Not every distribution's does: Debian 13 and Ubuntu 24.04 build QEMU's user mode without them."""
    return "-plugin" in subprocess.run([qemu, "--help"], capture_output=True, text=True, check=False).stdout


def compiled(tools: Tools) -> Programs:
    """Compile what has not been compiled from these sources yet. Errors: the compiler's, or no room to write."""
    root = tools.directory / "root"
    try:
        for name, text in SYSTEM_FILES.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            _write(root / name, text)
        if not (root / "lib").exists():
            (root / "lib").symlink_to(SYSROOT / "lib")
    except OSError as error:
        raise EdgeError(f"{tools.directory} cannot be written: {error.strerror}", fix="name another --tools") from error
    plugin = _compile(tools, tools.compiler, "instruction_count.c", ["-shared", "-fPIC"])
    link = [f"-L{tools.library.parent}", f"-l:{LIBRARY}"]
    return Programs(plugin, _compile(tools, tools.cross_compiler, "entry_points.c", link), root)


def _write(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text() != text:
        path.write_text(text)


def _compile(tools: Tools, compiler: Path, source: str, flags: Sequence[str]) -> Path:
    """The program, named after a digest of what it is made from, so that another version is compiled again."""
    options = ["-O2", "-Wall"]
    made_from = [(SOURCES / source).read_text(), tools.runtime, str(compiler), *options, *flags]
    digest = hashlib.sha256("\0".join(made_from).encode()).hexdigest()
    target = tools.directory / f"{Path(source).stem}-{digest[:12]}"
    if target.exists():
        return target
    with tempfile.TemporaryDirectory(dir=tools.directory) as temporary:
        new = Path(temporary) / target.name
        command = [str(compiler), *options, "-o", str(new), str(SOURCES / source), *flags]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise EdgeError(
                f"{source} does not compile",
                evidence=done.stderr.strip(),
                fix="fill the directory again: benchmarks/arm_tools.sh DIR",
            )
        new.rename(target)
    return target
