#!/usr/bin/env bash
# Compiles the Swift package and runs its tests, those of texts again under Turkish and Arabic locales.
#   EDGE_IOS_TOOLS   what toolchain.sh made (default: ~/.cache/edge-ranker-ios)
#   EDGE_IOS_BUILD   where to compile to (default: build/ios of the repository); only what changed is compiled again
#   EDGE_BUNDLE      a bundle that was exported; without one the tests that need a trained model are skipped
#   PYTHON           one that has the project, to list the tensors of that bundle (default: .venv/bin/python)
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
  else
    echo "$python is not there: tensors are not compared with those that Python reads"
  fi
fi

# A debug build, in which tests see what is internal; optimised, because a model is computed.
optimised=(-Xswiftc -O -Xswiftc -warnings-as-errors)
test() { "$here/swift.sh" swift test --package-path "$here" --scratch-path "$build" --disable-sandbox "$@"; }
test "${optimised[@]}"
# What platforms do differently by their language: the dotless i, digits that are not 0 to 9.
for locale in tr_TR ar_SA; do
  EDGE_LOCALE=$locale.UTF-8 test --skip-build "${optimised[@]}" \
    --filter 'TextVectorTests|JsonReaderTests|LocaleTests'
done
