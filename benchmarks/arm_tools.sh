#!/bin/sh
# Everything that `edge-bench instructions` needs, on Debian 12 on x86-64: emulator, cross compiler, ARM64 libraries,
# and into DIR the ARM64 LiteRT. Run it again at any time; what is there already stays.
#
#   benchmarks/arm_tools.sh DIR && export EDGE_ARM_TOOLS=DIR
#
# PYTHON names another python3 with pip; LITERT another version of the runtime.
set -eu

directory=${1:?usage: arm_tools.sh DIR}
version=${LITERT:-2.3.0}
python=${PYTHON:-python3}
as_root=
[ "$(id -u)" = 0 ] || as_root=sudo

$as_root apt-get update -qq
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
    gcc libc6-dev qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross libstdc++6-arm64-cross >&2

runtime=$directory/ai-edge-litert-$version
if [ ! -e "$runtime/libLiteRt.so" ]; then
    mkdir -p "$runtime"
    wheels=$(mktemp -d)
    trap 'rm -rf "$wheels"' EXIT
    "$python" -m pip download --quiet --dest "$wheels" --no-deps --only-binary=:all: --python-version 3.11 \
        --platform manylinux_2_27_aarch64 "ai-edge-litert==$version" >&2
    "$python" -m zipfile -e "$wheels"/*.whl "$wheels/contents"
    mv "$wheels/contents/ai_edge_litert/libLiteRt.so" "$runtime/libLiteRt.so"
fi
echo "$directory"
