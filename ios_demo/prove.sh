#!/usr/bin/env bash
# Compares the Swift code that `make test-ios` compiled with Python, on damaged bundles and plans that are drawn at random,
# and kills openings of a bundle at random moments.
#   CASES, PLANS, KILLS   how many bundles, plans and killed openings (default: 100000, 10000, 200: half an hour)
#   SEED                  of the random numbers (default: 0)
#   EDGE_BUNDLE                 a bundle that was exported, to open and to kill (default: that of `make test-ios`)
#   EDGE_IOS_BUILD              where the code was compiled to (default: build/ios of the repository)
#   PYTHON                      one that has the project (default: .venv/bin/python)
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
repository=$(dirname "$here")
build=${EDGE_IOS_BUILD:-$repository/build/ios}
python=${PYTHON:-$repository/.venv/bin/python}
[ -e "$build/edge-rank.ready" ] || { echo "error: nothing is compiled yet; fix: make test-ios" >&2; exit 2; }
bundle=${EDGE_BUNDLE:-$repository/build/small/run/export/movies.edge}
[ -e "$bundle" ] || { echo "error: there is no $bundle; fix: make test-ios, or EDGE_BUNDLE=..." >&2; exit 2; }
export EDGE_IOS_SEEN=$build PYTHONPATH=$repository:$repository/tests/edge

drawn() { "$python" "$repository/tests/android_demo/$1" --cases "$2" --seed "${SEED:-0}" > "$3"; }
drawn plan_cases.py "${PLANS:-10000}" "$build/plans.jsonl"
EDGE_PLANS=$build/plans.jsonl "$here/swift.sh" swift test --package-path "$here" --scratch-path "$build" --disable-sandbox \
  --skip-build -Xswiftc -O -Xswiftc -warnings-as-errors --filter 'PlanVectorTests|SummaryVectorTests'
drawn bundle_cases.py "${CASES:-100000}" "$build/cases.bin"
"$here/swift.sh" "$build/debug/edge-proof" bundles "$build/cases.bin"

# The toolchain's root sees the folder of the build alone.
mkdir -p "$build/killed"
[ "$bundle" -ef "$build/trained.edge" ] || cp "$bundle" "$build/trained.edge"
cp "$("$python" -c 'import importlib.util as find; print(find.find_spec("ai_edge_litert").submodule_search_locations[0])')/libLiteRt.so" "$build/"
killed() {  # what comes before the bundle
  TMPDIR=$build/killed "$python" "$repository/tests/android_demo/kill_openings.py" "$build/trained.edge" --kills "${KILLS:-200}" \
    --pairs $(((${KILLS:-200} + 9) / 10)) --seed "${SEED:-0}" -- "$here/swift.sh" "$build/debug/edge-proof" openings "$@"
}
killed
killed --engine litert --library "$build/libLiteRt.so"
