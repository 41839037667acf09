#!/usr/bin/env bash
# Runs a class that test_modules.sh compiled: android_demo/run_modules.sh [JAVA OPTIONS] CLASS ...
#   NATIVE   the folder of native libraries (default: the one that test_modules.sh made)
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/compile.sh"
[ -e "$build/modules_test" ] || { echo "error: nothing is compiled yet; fix: android_demo/test_modules.sh" >&2; exit 2; }
classes=$build/main:$build/test:$build/litert:$build/ort:$build/android:$build/app:$build/modules_test
jars=$tools/onnxruntime/classes.jar:$library/kotlinx-coroutines-core-jvm.jar
host=${NATIVE:-$build/host}
exec java -XX:+UseSerialGC -Xmx512m -Djava.library.path="$host" -Donnxruntime.native.path="$host" \
  -cp "$classes:$jars:$library/kotlin-stdlib.jar:$test_jars" "-Dedge.repository=$repository" "-Dedge.bundle=${EDGE_BUNDLE:-}" "$@"
