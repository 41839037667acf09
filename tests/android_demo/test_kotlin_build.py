"""The Gradle files of the Kotlin code say what its scripts do: one of the two is always run, the other is not."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "android_demo"
GRADLE = (FOLDER / "core" / "build.gradle.kts").read_text(encoding="utf-8")
TOOLCHAIN, TEST, COMPILE = (
    (FOLDER / name).read_text(encoding="utf-8") for name in ("toolchain.sh", "test.sh", "compile.sh")
)
MODULES = {
    name: (FOLDER / name / "build.gradle.kts").read_text(encoding="utf-8")
    for name in ("litert", "ort", "android", "app")
}


def test_gradle_and_the_scripts_use_one_kotlin_and_one_junit() -> None:
    kotlin, junit = (re.search(rf"^{name}=([0-9.]+)", TOOLCHAIN, re.MULTILINE) for name in ("KOTLIN", "JUNIT"))
    assert kotlin and f'kotlin("jvm") version "{kotlin[1]}"' in GRADLE
    assert junit and f"junit:junit:{junit[1]}" in GRADLE


def test_gradle_and_the_scripts_compile_with_the_same_options() -> None:
    options = set(re.findall(r'"(-X[a-z-]+(?:=[a-z0-9]+)?)"', GRADLE))
    assert len(options) == 4 and all(f" {option} " in COMPILE for option in options)
    assert "-jvm-target 1.8" in COMPILE and "JVM_1_8" in GRADLE
    assert "-Werror" in COMPILE and "allWarningsAsErrors.set(true)" in GRADLE
    assert "-Xexplicit-api=strict" in TEST and "ExplicitApiMode.Strict" in GRADLE


@pytest.mark.parametrize("module", MODULES)
def test_gradle_compiles_each_module_as_the_scripts_do(module: str) -> None:
    gradle = MODULES[module]
    kotlin = re.search(r"^KOTLIN=([0-9.]+)", TOOLCHAIN, re.MULTILINE)
    assert kotlin and f'kotlin("android") version "{kotlin[1]}"' in gradle
    options = set(re.findall(r'"(-X[a-z-]+(?:=[a-z0-9]+)?)"', gradle))
    assert len(options) == 3 and all(f" {option} " in COMPILE for option in options)
    assert "-jvm-target 1.8" in COMPILE and "JVM_1_8" in gradle
    assert "-Werror" in COMPILE and "allWarningsAsErrors.set(true)" in gradle
    assert f'":{module}"' in (FOLDER / "settings.gradle.kts").read_text(encoding="utf-8")
    assert "minSdk = 24" in gradle and "compileSdk = 36" in gradle


def test_all_modules_are_built_by_one_version_of_androids_plugin() -> None:
    versions = [re.findall(r'id\("com\.android\.\w+"\) version "([0-9.]+)"', gradle) for gradle in MODULES.values()]
    assert len(versions) == 4 and len({version for (version,) in versions}) == 1


def test_gradle_and_the_scripts_use_one_onnx_runtime() -> None:
    packaged = re.search(r"packages ONNX Runtime ([0-9.]+) for Android", TOOLCHAIN)
    assert packaged and f"onnxruntime-android:{packaged[1]}." in MODULES["ort"]


@pytest.mark.parametrize("module", ["litert", "ort", "android"])
def test_a_module_ships_the_rules_that_its_native_code_needs(module: str) -> None:
    rules = (FOLDER / module / "consumer-rules.pro").read_text(encoding="utf-8")
    assert 'consumerProguardFiles("consumer-rules.pro")' in MODULES[module] and "-keep" in rules


def test_every_native_method_of_kotlin_is_in_the_c_file_and_no_other() -> None:
    kotlin = (FOLDER / "litert/src/main/kotlin/edge/litert/Native.kt").read_text(encoding="utf-8")
    written = (FOLDER / "litert/src/main/c/edge_litert.c").read_text(encoding="utf-8")
    declared, defined = (
        re.findall(r"external fun (\w+)\(", kotlin),
        re.findall(r"^NATIVE\(\w+, (\w+)\)", written, re.MULTILINE),
    )
    assert len(declared) == 11 and sorted(declared) == sorted(defined)


SCRIPTS = ["test.sh", "rank.sh", "prove.sh", "test_modules.sh", "run_modules.sh", "build_apk.sh"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_without_its_tools_names_the_fix(script: str, tmp_path: Path) -> None:
    environment = {"PATH": "/usr/bin:/bin", "EDGE_ANDROID_TOOLS": str(tmp_path), "EDGE_ANDROID_BUILD": str(tmp_path)}
    command = ["bash", str(FOLDER / script), "a.edge", "b.json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "is missing; fix: android_demo/toolchain.sh" in done.stderr or "; fix: " in done.stderr


def test_no_kotlin_file_holds_more_than_one_reader_can() -> None:
    lines = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in FOLDER.rglob("*.kt")}
    assert len(lines) > 60 and {name: count for name, count in lines.items() if count > 260} == {}
