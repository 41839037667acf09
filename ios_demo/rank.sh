#!/usr/bin/env bash
# Ranks a request with a bundle, in the Swift code that `make test-ios` compiled: ios_demo/rank.sh BUNDLE REQUEST [LITERT]
# LITERT is the library of LiteRT that computes the model; without it the model is computed in Swift.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
build=${EDGE_IOS_BUILD:-$(dirname "$here")/build/ios}
program=$build/debug/edge-rank
[ $# = 2 ] || [ $# = 3 ] || { echo "error: name a bundle and a request; fix: ios_demo/rank.sh movies.edge request.json" >&2; exit 2; }
[ -e "$build/edge-rank.ready" ] || { echo "error: nothing is compiled yet; fix: make test-ios" >&2; exit 2; }
for file in "$@"; do
  [ -f "$file" ] || { echo "error: there is no $file; fix: name a file" >&2; exit 2; }
done

# The toolchain's root sees the folder of the build alone.
cp "$1" "$build/ranked.edge"
cp "$2" "$build/ranked.json"
given=("$build/ranked.edge" "$build/ranked.json")
if [ $# = 3 ]; then
  cp "$3" "$build/libLiteRt.so"
  given+=("$build/libLiteRt.so")
fi
export EDGE_CACHE=${EDGE_CACHE:-$build/cache}  # what is installed and measured, for the next time
EDGE_IOS_SEEN=$build exec "$here/swift.sh" "$program" rank "${given[@]}"
