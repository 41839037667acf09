#!/usr/bin/env bash
# Compares the Kotlin code with Python on cases drawn at random: android_demo/prove.sh [PLANS MUTANTS KILLS RANKS]
# Without numbers: 10,000 plans, 100,000 damaged bundles, 200 killed openings and 10,000 requests, which takes half an hour.
# test.sh compiles the code first, and runs a few cases of each kind.
#   EDGE_BUNDLE   a bundle that was exported, to open and to rank with (default: that of `make test-android`)
# The variables of compile.sh count, too.
set -euo pipefail

source "$(dirname "${BASH_SOURCE[0]}")/compile.sh"
need kotlin/lib/kotlin-stdlib.jar
[ $# = 0 ] || [ $# = 4 ] || { echo "error: give four numbers or none; fix: android_demo/prove.sh 10000 100000 200 10000" >&2; exit 2; }
[ -e "$build/test/edge/proof/PlanCasesKt.class" ] || { echo "error: nothing is compiled yet; fix: make test-android" >&2; exit 2; }
[ -e "$python" ] || { echo "error: $python is missing; fix: make setup, or PYTHON=..." >&2; exit 2; }
plans=${1:-10000} mutants=${2:-100000} kills=${3:-200} ranks=${4:-10000}
bundle=${EDGE_BUNDLE:-$repository/build/small/run/export/movies.edge}
[ -e "$bundle" ] || { echo "error: there is no $bundle; fix: make test-android, or EDGE_BUNDLE=..." >&2; exit 2; }
cases=$repository/tests/android_demo
export PYTHONPATH=$repository:$repository/tests/edge

program=(java "${quick[@]}" -cp "$build/main:$build/test:$library/kotlin-stdlib.jar:$test_jars" "-Dedge.repository=$repository")

"$python" "$cases/plan_cases.py" --cases "$plans" | "${program[@]}" edge.proof.PlanCasesKt
# 32 MB and 4 times the largest of these bundles, which has 0.13 MB.
"$python" "$cases/bundle_cases.py" --cases "$mutants" | "${program[@]}" -Xmx33m edge.proof.BundleCasesKt
"$python" "$cases/bundle_cases.py" --target contents --cases $((mutants / 10)) | "${program[@]}" -Xmx33m edge.proof.BundleCasesKt contents
"$python" "$cases/kill_openings.py" "$bundle" --kills "$kills" -- "${program[@]}" edge.proof.OpeningsKt
# A heap of a fixed size, so that what the process has resident shows what lies outside it.
"${program[@]}" -Xms64m -Xmx64m -XX:+AlwaysPreTouch edge.proof.LeaksKt "$ranks" "$bundle"
