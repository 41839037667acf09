"""Measures the core as a release build holds it: python tests/android_demo/dex_size.py R8.jar CLASSES KOTLIN_STDLIB.jar

R8 shrinks the classes with the whole public API kept, which is the most that an app can need, and drops Kotlin's
metadata, which nothing reads at run time. It ends with 1 above 250 KB of dex or 1,500 methods, own and called. Beside
it stands what D8 makes of the classes as they were compiled, without a limit. Both count what is internal in Kotlin as
public: classes of several values have fields instead of getters (@JvmField) for that reason.
"""

from __future__ import annotations

import argparse
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

MOST_BYTES, MOST_METHODS = 250_000, 1_500
MIN_API = 24
JVM = ("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
METHODS_AT = 88  # of the dex header: method_ids_size
RULES = "-keep public class edge.** { public protected *; }\n-dontobfuscate\n-dontwarn **\n"


def java_8(target: Path) -> None:
    """The classes of Java 8, as signatures that the JDK keeps for `--release 8`."""
    home = Path(shutil.which("java") or "java").resolve().parents[1]
    with zipfile.ZipFile(home / "lib/ct.sym") as symbols, zipfile.ZipFile(target, "w") as jar:
        for name in symbols.namelist():
            releases, _, path = name.partition("/")
            if "8" in releases and path.endswith(".sig"):
                first, _, rest = path.partition("/")
                inner = rest if first.startswith(("java.", "jdk.")) else path  # newer JDKs have folders by module
                if inner.removesuffix("sig") + "class" not in jar.NameToInfo:
                    jar.writestr(inner.removesuffix("sig") + "class", symbols.read(name))


class Dexer:
    """R8.jar, the classes as a jar, and what both of its programs need."""

    def __init__(self, r8: Path, classes: Path, stdlib: Path, scratch: Path) -> None:
        self._r8, self._scratch, self._core = r8, scratch, scratch / "core.jar"
        java_8(scratch / "java8.jar")
        with zipfile.ZipFile(self._core, "w") as jar:
            for file in classes.rglob("*.class"):
                jar.write(file, file.relative_to(classes))
        self._common = ["--release", "--min-api", MIN_API, "--lib", scratch / "java8.jar", "--classpath", stdlib]

    def shrunk(self) -> bytes:
        """The one dex file of R8."""
        rules = self._scratch / "rules.pro"
        rules.write_text(RULES, encoding="utf-8")
        return self._run("R8", "--pg-conf", rules)

    def compiled(self) -> bytes:
        """The one dex file of D8."""
        return self._run("D8")

    def _run(self, program: str, *options: object) -> bytes:
        command = [*JVM, "-cp", self._r8, f"com.android.tools.r8.{program}", *self._common, *options]
        command += ["--output", self._scratch, self._core]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"error: {program} failed\n{done.stderr[-2000:]}")
        return (self._scratch / "classes.dex").read_bytes()


def methods_of(dex: bytes) -> int:
    """Those that it defines and those that it calls."""
    (methods,) = struct.unpack_from("<I", dex, METHODS_AT)
    return int(methods)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("r8", type=Path)
    parser.add_argument("classes", type=Path)
    parser.add_argument("stdlib", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        dexer = Dexer(options.r8, options.classes, options.stdlib, Path(scratch))
        dex, compiled = dexer.shrunk(), dexer.compiled()
    methods = methods_of(dex)
    print(f"core: {len(dex):,} bytes of dex of {MOST_BYTES:,}, {methods:,} methods of {MOST_METHODS:,}")
    print(f"core without R8: {len(compiled):,} bytes of dex, {methods_of(compiled):,} methods")
    return 0 if len(dex) <= MOST_BYTES and methods <= MOST_METHODS else 1


if __name__ == "__main__":
    sys.exit(main())
