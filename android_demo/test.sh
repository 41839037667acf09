#!/usr/bin/env bash
# Compiles the Kotlin code and its tests without Gradle, and runs the tests.
#   EDGE_ANDROID_TOOLS   what toolchain.sh made (default: ~/.cache/edge-ranker-android)
#   EDGE_ANDROID_BUILD   where to compile to (default: build/android of the repository)
#   EDGE_BUNDLE          a bundle that was exported, for the tests that need a trained one
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
repository=$(dirname "$here")
tools=${EDGE_ANDROID_TOOLS:-$HOME/.cache/edge-ranker-android}
build=${EDGE_ANDROID_BUILD:-$repository/build/android}
for part in kotlin/bin/kotlinc lib/junit.jar lib/hamcrest.jar; do
  [ -e "$tools/$part" ] || { echo "error: $tools/$part is missing; fix: android_demo/toolchain.sh" >&2; exit 2; }
done
command -v java > /dev/null || { echo "error: java is missing; fix: install a JDK of 17 or newer" >&2; exit 2; }

# As core/build.gradle.kts: the API of Java 8, which is what Android 7 (API 24) has of it, and no warnings.
options=(-jvm-target 1.8 -Xjdk-release=8 -Werror -no-reflect -Xsuppress-version-warnings)
library=$tools/kotlin/lib
test_jars=$library/kotlin-test.jar:$library/kotlin-test-junit.jar:$tools/lib/junit.jar:$tools/lib/hamcrest.jar

rm -rf "$build"
mkdir -p "$build/main/edge/text" "$build/test"
cp "$repository/edge/text/characters.json" "$build/main/edge/text/"
"$library/../bin/kotlinc" "${options[@]}" -Xexplicit-api=strict -module-name core -d "$build/main" "$here/core/src/main/kotlin"
"$library/../bin/kotlinc" "${options[@]}" -module-name core_test "-Xfriend-paths=$build/main" \
  -cp "$build/main:$test_jars" -d "$build/test" "$here/core/src/test/kotlin"

tests=$(cd "$build/test" && find . -name '*Test.class' | sed 's|^\./||; s|\.class$||; s|/|.|g' | sort)
run() {
  java -cp "$build/main:$build/test:$library/kotlin-stdlib.jar:$test_jars" "-Dedge.repository=$repository" \
    "-Dedge.bundle=${EDGE_BUNDLE:-}" "$@"
}
run -Xmx512m org.junit.runner.JUnitCore $tests
# What platforms do differently by their language: the dotless i, digits that are not 0 to 9.
for language in tr ar; do
  run "-Duser.language=$language" -Xmx512m org.junit.runner.JUnitCore edge.text.TextVectorsTest edge.json.JsonReaderTest
done
