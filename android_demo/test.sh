#!/usr/bin/env bash
# Compiles the Kotlin code and its tests without Gradle, and runs the tests.
#   EDGE_BUNDLE   a bundle that was exported, with which the tests that need a trained model run
# The variables of compile.sh count, too. If there are a bundle and Python, prove.sh runs a few of its cases at the end.
set -euo pipefail

source "$(dirname "${BASH_SOURCE[0]}")/compile.sh"
need kotlin/lib/kotlin-compiler.jar lib/junit.jar lib/hamcrest.jar
[ -z "${EDGE_BUNDLE:-}" ] || [ -e "$EDGE_BUNDLE" ] || { echo "error: EDGE_BUNDLE: there is no $EDGE_BUNDLE" >&2; exit 2; }
bundle=${EDGE_BUNDLE:-}

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
  echo "$python is not there: what is compared with Python is skipped"
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
if [ -e "$tools/apk/r8.jar" ] && [ -e "$python" ]; then
  "$python" "$repository/tests/android_demo/dex_size.py" "$tools/apk/r8.jar" "$build/main" "$library/kotlin-stdlib.jar"
fi
if [ -n "$tensors" ]; then EDGE_BUNDLE=$bundle "$here/prove.sh" 800 400 3 1000; fi
