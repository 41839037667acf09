# Sourced by the scripts beside it, not run: compiles Kotlin without Gradle, with what toolchain.sh fetched.
#   EDGE_ANDROID_TOOLS   what toolchain.sh made (default: ~/.cache/edge-ranker-android)
#   EDGE_ANDROID_BUILD   where to compile to (default: build/android of the repository)
#   PYTHON               one that has the project (default: .venv/bin/python)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(dirname "$here")
tools=${EDGE_ANDROID_TOOLS:-$HOME/.cache/edge-ranker-android}
build=${EDGE_ANDROID_BUILD:-$repository/build/android}
python=${PYTHON:-$repository/.venv/bin/python}
library=$tools/kotlin/lib
test_jars=$library/kotlin-test.jar:$library/kotlin-test-junit.jar:$tools/lib/junit.jar:$tools/lib/hamcrest.jar
# A compiler that runs for seconds gains less from the JVM's optimiser than the optimiser takes.
quick=(-XX:TieredStopAtLevel=1 -XX:+UseSerialGC)

need() {  # paths below the tools
  local part
  for part in "$@"; do
    [ -e "$tools/$part" ] || { echo "error: $tools/$part is missing; fix: android_demo/toolchain.sh" >&2; exit 2; }
  done
  command -v java > /dev/null || { echo "error: java is missing; fix: install a JDK of 17 or newer" >&2; exit 2; }
}

# As the build.gradle.kts files: the API of Java 8, of which Android 7 (API 24) has the most, and no warnings.
compile() {  # -d FOLDER, options, sources
  local parts=$library/kotlin-compiler.jar jar
  for jar in kotlin-stdlib kotlin-script-runtime kotlin-reflect kotlinx-coroutines-core-jvm annotations-13.0; do
    parts=$parts:$library/$jar.jar
  done
  java "${quick[@]}" -Xmx1g -cp "$parts" org.jetbrains.kotlin.cli.jvm.K2JVMCompiler -kotlin-home "$tools/kotlin" \
    -jvm-target 1.8 -Xjdk-release=8 -Xlambdas=class -Xsam-conversions=class -Werror -no-reflect -Xsuppress-version-warnings "$@"
}
