#!/usr/bin/env bash
# Compiles the Swift package and runs its tests, those of texts again under Turkish and Arabic locales.
#   EDGE_IOS_TOOLS   what toolchain.sh made (default: ~/.cache/edge-ranker-ios)
#   EDGE_IOS_BUILD   where to compile to (default: build/ios of the repository); only what changed is compiled again
#   EDGE_BUNDLE      a bundle that was exported; without one the tests that need a trained model are skipped
#   EDGE_PLANS       cases that tests/android_demo/plan_cases.py drew; without them only the vectors of PLAN.md run
#   PYTHON           one that has the project: it lists the tensors of that bundle and runs its Core ML functions in the
#                    simulator; LiteRT and ONNX Runtime are those of its packages (default: .venv/bin/python)
# If there are a bundle and Python, prove.sh runs a few of its cases at the end.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
repository=$(dirname "$here")
build=${EDGE_IOS_BUILD:-$repository/build/ios}
python=${PYTHON:-$repository/.venv/bin/python}
export EDGE_IOS_SEEN=$build
mkdir -p "$build"

if [ -z "${EDGE_BUNDLE:-}" ]; then
  echo "EDGE_BUNDLE names no bundle: the tests that need a trained model are skipped"
else
  [ -e "$EDGE_BUNDLE" ] || { echo "error: EDGE_BUNDLE: there is no $EDGE_BUNDLE" >&2; exit 2; }
  cp "$EDGE_BUNDLE" "$build/trained.edge"
  export EDGE_BUNDLE=$build/trained.edge
  if [ -e "$python" ]; then
    export EDGE_TENSORS=$build/tensors.txt
    PYTHONPATH=$repository "$python" -c "
import hashlib, sys
from edge.bundle.bundle import open_bundle
for name, values in open_bundle(sys.argv[1]).weights.items():
    print(name, hashlib.sha256(values.tobytes()).hexdigest())" "$EDGE_BUNDLE" > "$EDGE_TENSORS"
    # As the wheels bring them: the toolchain's root sees a copy.
    wheel() { "$python" -c 'import importlib.util as find, sys; print(find.find_spec(sys.argv[1]).submodule_search_locations[0])' "$1"; }
    export EDGE_LITERT=$build/libLiteRt.so EDGE_ONNX=$build/libonnxruntime.so
    cp "$(wheel ai_edge_litert)/libLiteRt.so" "$EDGE_LITERT"
    cp "$(wheel onnxruntime)"/capi/libonnxruntime.* "$EDGE_ONNX"
    # The simulator of Core ML ends when this script does, and nothing holds its input open any more.
    rm -f "$build/simulator"
    mkfifo "$build/simulator"
    PYTHONPATH=$repository "$python" "$repository/tests/ios_demo/coreml_server.py" "$EDGE_BUNDLE" \
      < "$build/simulator" > "$build/simulator.port" &
    simulator=$!
    exec 9> "$build/simulator"
  else
    echo "$python is not there: neither are tensors compared with Python's, nor do LiteRT, ONNX Runtime and Core ML run"
  fi
fi

# Where bundles are installed: a new folder, so that each test measures.
rm -rf "$build/cache"
export EDGE_CACHE=$build/cache

if [ -n "${EDGE_PLANS:-}" ]; then
  cp "$EDGE_PLANS" "$build/plans.jsonl"
  export EDGE_PLANS=$build/plans.jsonl
fi

# A debug build, in which tests see what is internal; optimised, because a model is computed.
optimised=(-Xswiftc -O -Xswiftc -warnings-as-errors)
test() { "$here/swift.sh" swift test --package-path "$here" --scratch-path "$build" --disable-sandbox --disable-swift-testing "$@"; }
if [ -n "${simulator:-}" ]; then
  "$here/swift.sh" swift build --build-tests --package-path "$here" --scratch-path "$build" --disable-sandbox "${optimised[@]}"
  while [ ! -s "$build/simulator.port" ] && kill -0 "$simulator" 2> /dev/null; do sleep 0.1; done
  EDGE_COREML=$(cat "$build/simulator.port")
  export EDGE_COREML
  [ -n "$EDGE_COREML" ] || { echo "error: the simulator of Core ML does not run; fix: make setup" >&2; exit 2; }
fi
test "${optimised[@]}"
touch "$build/edge-rank.ready"
# The app needs SwiftUI, which Linux lacks: its syntax alone is checked. What calls Core ML is checked against declarations
# of ours, as Apple documents them.
"$here/swift.sh" swiftc -frontend -parse "$here"/App/*.swift
if [ "$(uname)" = Linux ]; then
  mkdir -p "$build/declared"
  "$here/swift.sh" swiftc -swift-version 6 -emit-module -module-name CoreML -o "$build/declared/CoreML.swiftmodule" \
    "$here/Tests/CoreMLDeclarations/CoreML.swift"
  "$here/swift.sh" swiftc -swift-version 6 -warnings-as-errors -typecheck -package-name ios_demo -module-name EdgeCoreML \
    -I "$build/declared" -I "$build/debug/Modules" "$here"/Sources/EdgeCoreML/*.swift
fi
# What platforms do differently by their language: the dotless i, digits that are not 0 to 9.
for locale in tr_TR ar_SA; do
  EDGE_LOCALE=$locale.UTF-8 test --skip-build "${optimised[@]}" \
    --filter 'TextVectorTests|JsonReaderTests|LocaleTests'
done
# The command chooses the engine by its name, and refuses one that is none.
chosen() { "$here/swift.sh" "$build/debug/edge-rank" "$@"; }
if [ -n "${EDGE_LITERT:-}" ]; then
  chosen verify "$EDGE_BUNDLE" --engine litert --library "$EDGE_LITERT"
  chosen verify "$EDGE_BUNDLE" --engine onnx --library "$EDGE_ONNX"
  if chosen verify "$EDGE_BUNDLE" --engine tensor 2> "$build/refused"; then exit 1; fi
  grep -q "use one of: litert, onnx, reference, coreml" "$build/refused"
fi
if [ -n "${EDGE_LITERT:-}" ]; then CASES=400 PLANS=800 KILLS=5 "$here/prove.sh"; fi
