#!/usr/bin/env bash
# Ranks a request with a bundle, in the Swift code that `make test-ios` compiled:
#   ios_demo/rank.sh BUNDLE REQUEST [--engine litert --library LIBRARY]
# The options are those of `edge-rank rank`; without an engine the model is computed in Swift.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
build=${EDGE_IOS_BUILD:-$(dirname "$here")/build/ios}
program=$build/debug/edge-rank
[ $# -ge 2 ] || { echo "error: name a bundle and a request; fix: ios_demo/rank.sh movies.edge request.json" >&2; exit 2; }
[ -e "$build/edge-rank.ready" ] || { echo "error: nothing is compiled yet; fix: make test-ios" >&2; exit 2; }
for file in "$1" "$2"; do
  [ -f "$file" ] || { echo "error: there is no $file; fix: name a file" >&2; exit 2; }
done

# The toolchain's root sees the folder of the build alone.
mkdir -p "$build/given"
given=()
for word in "$@"; do
  if [ -f "$word" ]; then
    cp "$word" "$build/given/"
    word=$build/given/$(basename "$word")
  fi
  given+=("$word")
done
export EDGE_CACHE=${EDGE_CACHE:-$build/cache}  # keeps the installation and the measured costs for the next run
EDGE_IOS_SEEN=$build exec "$here/swift.sh" "$program" rank "${given[@]}"
