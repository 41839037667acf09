#!/usr/bin/env bash
# Compiles the Swift package and runs its tests, those of texts again under Turkish and Arabic locales.
#   EDGE_IOS_TOOLS   what toolchain.sh made (default: ~/.cache/edge-ranker-ios)
#   EDGE_IOS_BUILD   where to compile to (default: build/ios of the repository); only what changed is compiled again
#   EDGE_BUNDLE      a bundle that was exported; without one the tests that need a trained model are skipped
#   EDGE_PLANS       cases that tests/android_demo/plan_cases.py drew; without them the vectors of PLAN.md alone
#   PYTHON           one that has the project, to list the tensors of that bundle, and whose LiteRT is used (default:
#                    .venv/bin/python)
# prove.sh runs few of its cases at the end, if there is a bundle and Python.
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
    # As the wheel brings it: the toolchain's root sees a copy.
    cp "$("$python" -c 'import importlib.util as find; print(find.find_spec("ai_edge_litert").submodule_search_locations[0])')/libLiteRt.so" "$build/"
    export EDGE_LITERT=$build/libLiteRt.so
  else
    echo "$python is not there: neither are tensors compared with Python's, nor is LiteRT run"
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
test "${optimised[@]}"
touch "$build/edge-rank.ready"
# The app needs SwiftUI, which Linux lacks: its syntax alone is checked.
"$here/swift.sh" swiftc -frontend -parse "$here"/App/*.swift
# What platforms do differently by their language: the dotless i, digits that are not 0 to 9.
for locale in tr_TR ar_SA; do
  EDGE_LOCALE=$locale.UTF-8 test --skip-build "${optimised[@]}" \
    --filter 'TextVectorTests|JsonReaderTests|LocaleTests'
done
if [ -n "${EDGE_LITERT:-}" ]; then CASES=400 PLANS=800 KILLS=5 "$here/prove.sh"; fi
