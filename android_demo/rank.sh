#!/usr/bin/env bash
# Ranks a request with a bundle, in the Kotlin code that `make test-android` compiled: android_demo/rank.sh BUNDLE REQUEST
set -euo pipefail

repository=$(cd "$(dirname "$0")/.." && pwd)
tools=${EDGE_ANDROID_TOOLS:-$HOME/.cache/edge-ranker-android}
build=${EDGE_ANDROID_BUILD:-$repository/build/android}
[ $# = 2 ] || { echo "error: name a bundle and a request; fix: android_demo/rank.sh movies.edge request.json" >&2; exit 2; }
[ -e "$build/test/edge/example/RankKt.class" ] || { echo "error: nothing is compiled yet; fix: make test-android" >&2; exit 2; }
exec java -cp "$build/main:$build/test:$tools/kotlin/lib/kotlin-stdlib.jar" edge.example.RankKt "$@"
