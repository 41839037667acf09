#!/usr/bin/env bash
# Compiles the Kotlin code and its tests without Gradle, and runs the tests.
#   EDGE_ANDROID_TOOLS   what toolchain.sh made (default: ~/.cache/edge-ranker-android)
#   EDGE_ANDROID_BUILD   where to compile to (default: build/android of the repository)
#   EDGE_BUNDLE          a bundle that was exported; without one the tests that need a trained model are skipped
#   PYTHON               one that has the project, to list the tensors of that bundle (default: .venv/bin/python)
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
repository=$(dirname "$here")
tools=${EDGE_ANDROID_TOOLS:-$HOME/.cache/edge-ranker-android}
build=${EDGE_ANDROID_BUILD:-$repository/build/android}
python=${PYTHON:-$repository/.venv/bin/python}
bundle=${EDGE_BUNDLE:-}
for part in kotlin/lib/kotlin-compiler.jar lib/junit.jar lib/hamcrest.jar; do
  [ -e "$tools/$part" ] || { echo "error: $tools/$part is missing; fix: android_demo/toolchain.sh" >&2; exit 2; }
done
command -v java > /dev/null || { echo "error: java is missing; fix: install a JDK of 17 or newer" >&2; exit 2; }
[ -z "$bundle" ] || [ -e "$bundle" ] || { echo "error: EDGE_BUNDLE: there is no $bundle" >&2; exit 2; }

library=$tools/kotlin/lib
test_jars=$library/kotlin-test.jar:$library/kotlin-test-junit.jar:$tools/lib/junit.jar:$tools/lib/hamcrest.jar
# A compiler that runs for seconds gains nothing from what it would take to optimise it.
quick=(-XX:TieredStopAtLevel=1 -XX:+UseSerialGC)

# As core/build.gradle.kts: the API of Java 8, of which Android 7 (API 24) has the most, and no warnings.
compile() {  # -d FOLDER, options, sources
  local parts=$library/kotlin-compiler.jar
  for jar in kotlin-stdlib kotlin-script-runtime kotlin-reflect kotlinx-coroutines-core-jvm annotations-13.0; do
    parts=$parts:$library/$jar.jar
  done
  java "${quick[@]}" -Xmx1g -cp "$parts" org.jetbrains.kotlin.cli.jvm.K2JVMCompiler -kotlin-home "$tools/kotlin" \
    -jvm-target 1.8 -Xjdk-release=8 -Xlambdas=class -Xsam-conversions=class -Werror -no-reflect -Xsuppress-version-warnings "$@"
}

run() {  # options, class
  java "${quick[@]}" -cp "$build/main:$build/test:$library/kotlin-stdlib.jar:$test_jars" \
    "-Dedge.repository=$repository" "-Dedge.bundle=$bundle" "$@"
}

rm -rf "$build"
mkdir -p "$build/main/edge/text" "$build/test"
cp "$repository/edge/text/characters.json" "$build/main/edge/text/"
compile -Xexplicit-api=strict -module-name core -d "$build/main" "$here/core/src/main/kotlin"
compile -module-name core_test "-Xfriend-paths=$build/main" -cp "$build/main:$test_jars" -d "$build/test" \
  "$here/core/src/test/kotlin" "$here/example"

tensors=
if [ -z "$bundle" ]; then
  echo "EDGE_BUNDLE names no bundle: the tests that need a trained model are skipped"
elif [ ! -e "$python" ]; then
  echo "$python is not there: tensors are not compared with those that Python reads"
else
  tensors=$build/tensors.txt
  PYTHONPATH=$repository "$python" -c "
import hashlib, sys
from edge.bundle.bundle import open_bundle
for name, values in open_bundle(sys.argv[1]).weights.items():
    print(name, hashlib.sha256(values.tobytes()).hexdigest())" "$bundle" > "$tensors"
fi

tests=$(cd "$build/test" && find . -name '*Test.class' | sed 's|^\./||; s|\.class$||; s|/|.|g' | sort)
run "-Dedge.tensors=$tensors" -Xmx512m org.junit.runner.JUnitCore $tests
# What platforms do differently by their language: the dotless i, digits that are not 0 to 9.
for language in tr ar; do
  run "-Duser.language=$language" -Xmx512m org.junit.runner.JUnitCore edge.text.TextVectorsTest edge.json.JsonReaderTest
done
if [ -n "$bundle" ]; then
  heap=$((4 * $(stat -c %s "$bundle") / 1048576 + 32))
  run "-Xmx${heap}m" edge.bundle.OpenInHeapKt "$bundle"
fi
