#!/usr/bin/env bash
# Ranks a request with a bundle, in the Swift code that `make test-ios` compiled: ios_demo/rank.sh BUNDLE REQUEST
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
build=${EDGE_IOS_BUILD:-$(dirname "$here")/build/ios}
[ $# = 2 ] || { echo "error: name a bundle and a request; fix: ios_demo/rank.sh movies.edge request.json" >&2; exit 2; }
[ -e "$build/debug/edge-rank" ] || [ -L "$build/debug" ] || { echo "error: nothing is compiled yet; fix: make test-ios" >&2; exit 2; }
cp "$1" "$build/ranked.edge"
cp "$2" "$build/request.json"
EDGE_IOS_SEEN=$build "$here/swift.sh" swift run --package-path "$here" --scratch-path "$build" --disable-sandbox --skip-build \
  edge-rank rank "$build/ranked.edge" "$build/request.json"
