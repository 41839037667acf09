#!/usr/bin/env bash
# Runs a program of the Swift toolchain on this package: `ios_demo/swift.sh swift build`. On a Mac it is Xcode's own.
#   EDGE_IOS_TOOLS   what toolchain.sh made (default: ~/.cache/edge-ranker-ios)
#   EDGE_IOS_SEEN    folders outside the repository that the program may use, separated by colons
#   EDGE_LOCALE      the locale of the program, such as tr_TR.UTF-8 (default: C)
# All variables whose names begin with EDGE_ are passed on. Only this process sees what is mounted, and it is unmounted
# when the process ends.
set -euo pipefail

repository=$(cd "$(dirname "$0")/.." && pwd)
[ "$(uname)" = Linux ] || exec "$@"
root=${EDGE_IOS_TOOLS:-$HOME/.cache/edge-ranker-ios}/root
[ -d "$root" ] || { echo "error: $root is missing; fix: ios_demo/toolchain.sh" >&2; exit 2; }

passed=(HOME=/tmp TERM=dumb PATH=/usr/libexec/swift/bin:/usr/bin "LC_ALL=${EDGE_LOCALE:-C}")
while IFS= read -r variable; do passed+=("$variable"); done < <(env | grep -E '^EDGE_[A-Z_]*=' || true)
alone=(--mount)
[ "$(id -u)" = 0 ] || alone+=(--map-root-user)
export passed_root=$root passed_folders=$repository:${EDGE_IOS_SEEN:-}
exec unshare "${alone[@]}" bash -c '
set -euo pipefail
mount -t proc proc "$passed_root/proc" 2> /dev/null || mount --rbind /proc "$passed_root/proc"
mount --rbind /dev "$passed_root/dev"
IFS=: read -ra folders <<< "$passed_folders"
for folder in "${folders[@]}"; do
  mkdir -p "$passed_root$folder"
  mount --bind "$folder" "$passed_root$folder"
done
exec env -i "$@"' - "${passed[@]}" /usr/sbin/chroot "$root" "$@"
