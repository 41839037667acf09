#!/usr/bin/env bash
# Compiles the modules litert, ort, android and app, once test.sh has compiled the core, and tests them on this machine: a trained
# bundle runs on LiteRT and on ONNX Runtime.
#   EDGE_BUNDLE   a bundle that was exported, with models of both; without one the tests that need it are skipped
#   JAVA_HOME     a JDK, for jni.h (default: that of javac)
# The variables of compile.sh count, too. Needs gcc, and in Python's environment the wheels of LiteRT and ONNX Runtime.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/compile.sh"
need kotlin/lib/kotlin-compiler.jar kotlin/lib/kotlinx-coroutines-core-jvm.jar lib/junit.jar onnxruntime/classes.jar
[ -e "$build/main/edge/EdgeError.class" ] || { echo "error: the core is not compiled; fix: make test-android" >&2; exit 2; }
command -v gcc > /dev/null || { echo "error: gcc is missing" >&2; exit 2; }
bundle=${EDGE_BUNDLE:-}

# The libraries that Python's wheels carry.
wheels=$("$python" -c 'import sysconfig; print(sysconfig.get_paths()["platlib"])')
litert=$wheels/ai_edge_litert/libLiteRt.so
onnxruntime=$(echo "$wheels"/onnxruntime/capi/libonnxruntime.so.*)
for file in "$litert" "$onnxruntime"; do
  [ -e "$file" ] || { echo "error: $file is missing; fix: make setup" >&2; exit 2; }
done

host=$build/host
rm -rf "$host" "$build"/{stubs,litert,ort,android,app,modules_test}
mkdir -p "$host"
cp "$onnxruntime" "$host/libonnxruntime.so"
jdk=${JAVA_HOME:-$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")}
native=(gcc -O2 -Wall -Wextra -Wno-unused-parameter -Werror -shared -fPIC -I"$jdk/include" -I"$jdk/include/linux")
"${native[@]}" -o "$host/libedge_litert.so" "$here/litert/src/main/c/edge_litert.c" "$litert" -Wl,-rpath,"$(dirname "$litert")"
"${native[@]}" -I"$tools/onnxruntime/headers" -o "$host/libonnxruntime4j_jni.so" "$here/ort/src/host/onnxruntime4j_jni.c" \
  -L"$host" -lonnxruntime -Wl,-rpath,'$ORIGIN'

friends=-Xfriend-paths=$build/main
compile -module-name stubs -d "$build/stubs" "$here/stubs/litert"
compile -Xexplicit-api=strict -module-name litert "$friends" -cp "$build/main:$build/stubs" -d "$build/litert" "$here/litert/src/main/kotlin"
compile -Xexplicit-api=strict -module-name ort "$friends" -cp "$build/main:$tools/onnxruntime/classes.jar" -d "$build/ort" \
  "$here/ort/src/main/kotlin"
jars=$tools/onnxruntime/classes.jar:$library/kotlinx-coroutines-core-jvm.jar
mkdir -p "$build/stubs"
javac --release 8 -Xlint:-options -d "$build/stubs" $(find "$here/stubs/android" -name '*.java')
compile -Xexplicit-api=strict -module-name android "$friends" -cp "$build/main:$build/stubs:$jars" -d "$build/android" \
  "$here/android/src/main/kotlin"
compile -module-name app -cp "$build/main:$build/android:$build/ort:$build/stubs:$jars" -d "$build/app" "$here/app/src/main/kotlin"
compile -module-name modules_test "$friends,$build/test,$build/litert,$build/ort,$build/android,$build/app" \
  -cp "$build/main:$build/test:$build/litert:$build/ort:$build/android:$build/app:$jars:$test_jars" -d "$build/modules_test" \
  "$here"/{litert,ort,android,app}/src/test/kotlin
tests=$(cd "$build/modules_test" && find . -name '*Test.class' | sed 's|^\./||; s|\.class$||; s|/|.|g' | sort)
EDGE_BUNDLE=$bundle "$here/run_modules.sh" org.junit.runner.JUnitCore $tests

if [ -n "$bundle" ]; then
  # Without its native library, a module says so.
  for engine in litert onnx; do
    said=$(NATIVE=/nowhere "$here/run_modules.sh" edge.android.measure.MeasureHereKt $engine "$bundle" "$build/measured" "$build/none.json" 2>&1) || :
    [[ $said == *"not in this app"* && $said == *"fix: "* ]] || { echo "error: without its library $engine says: $said" >&2; exit 1; }
  done
  # What the app measures is what edge-bench reads.
  "$here/run_modules.sh" edge.android.measure.MeasureHereKt onnx "$bundle" "$build/measured" "$build/measured.json"
  PYTHONPATH=$repository "$python" -c '
import sys
from pathlib import Path
from edge.bench.report import read_report
from edge.bench.report_page import report_markdown
rows = report_markdown(read_report([Path(sys.argv[1])], None, None)).count("\n")
print(f"edge-bench reads what the app measures: a report of {rows} lines")' "$build/measured.json"
fi
