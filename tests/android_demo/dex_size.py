"""Measures the core as a release build holds it: python tests/android_demo/dex_size.py R8.jar CLASSES KOTLIN_STDLIB.jar

R8 shrinks the classes with the whole public API kept, which is the most that an app can need, and drops Kotlin's
metadata, which nothing reads at run time. It ends with 1 above 250 KB of dex or 1,500 methods, own and called.
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


def shrunk(r8: Path, classes: Path, stdlib: Path, scratch: Path) -> bytes:
    """The one dex file."""
    library, core, rules = scratch / "java8.jar", scratch / "core.jar", scratch / "rules.pro"
    java_8(library)
    rules.write_text(RULES, encoding="utf-8")
    with zipfile.ZipFile(core, "w") as jar:
        for file in classes.rglob("*.class"):
            jar.write(file, file.relative_to(classes))
    command = [
        "java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", r8, "com.android.tools.r8.R8", "--release",
        "--min-api", MIN_API, "--lib", library, "--classpath", stdlib, "--pg-conf", rules, "--output", scratch, core,
    ]  # fmt: skip
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"error: R8 failed\n{done.stderr[-2000:]}")
    return (scratch / "classes.dex").read_bytes()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("r8", type=Path)
    parser.add_argument("classes", type=Path)
    parser.add_argument("stdlib", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        dex = shrunk(options.r8, options.classes, options.stdlib, Path(scratch))
    (methods,) = struct.unpack_from("<I", dex, METHODS_AT)
    print(f"core: {len(dex):,} bytes of dex of {MOST_BYTES:,}, {methods:,} methods of {MOST_METHODS:,}")
    return 0 if len(dex) <= MOST_BYTES and methods <= MOST_METHODS else 1


if __name__ == "__main__":
    sys.exit(main())
