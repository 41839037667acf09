#!/usr/bin/env bash
# Gives bundles and plans that are drawn at random, with what Python does, to the Swift code that `make test-ios` compiled.
#   CASES, PLANS, SEED   how many of each, and from which seed (default: 100000, 10000, 0), which takes half an hour
#   EDGE_IOS_BUILD       where the code was compiled to (default: build/ios of the repository)
#   PYTHON               one that has the project (default: .venv/bin/python)
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
repository=$(dirname "$here")
build=${EDGE_IOS_BUILD:-$repository/build/ios}
python=${PYTHON:-$repository/.venv/bin/python}
[ -e "$build/edge-rank.ready" ] || { echo "error: nothing is compiled yet; fix: make test-ios" >&2; exit 2; }
export EDGE_IOS_SEEN=$build PYTHONPATH=$repository:$repository/tests/edge

drawn() { "$python" "$repository/tests/android_demo/$1" --cases "$2" --seed "${SEED:-0}" > "$3"; }
drawn plan_cases.py "${PLANS:-10000}" "$build/plans.jsonl"
EDGE_PLANS=$build/plans.jsonl "$here/swift.sh" swift test --package-path "$here" --scratch-path "$build" --disable-sandbox \
  --skip-build -Xswiftc -O -Xswiftc -warnings-as-errors --filter 'PlanVectorTests|SummaryVectorTests'
drawn bundle_cases.py "${CASES:-100000}" "$build/cases.bin"
"$here/swift.sh" "$build/debug/edge-proof" bundles "$build/cases.bin"
