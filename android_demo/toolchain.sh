#!/usr/bin/env bash
# Fetches what compiles and tests the Kotlin code, into one folder outside git. It may be run again at any time.
#   android_demo/toolchain.sh       the compiler and JUnit, for the core: 90 MB
#   android_demo/toolchain.sh apk   and ONNX Runtime for Android and what packages an app, for the other modules: 270 MB more
#   EDGE_ANDROID_TOOLS   the folder (default: ~/.cache/edge-ranker-android)
#   PYTHON               for apk: one that has pip (default: python3)
# Needed before: a JDK of 17 or newer, npm, and apt-get with its lists (apt-get update). Nothing is installed globally.
set -euo pipefail

KOTLIN=2.4.20
JUNIT=4.13.2-3
HAMCREST=2.2-1
ONNXRUNTIME=0.4.9 # of com.github.asus4.onnxruntime, which packages ONNX Runtime 1.29 for Android
MOBSF=4.4.0 # carries bundletool, with aapt2 and R8, and apksigner
FRAMEWORK=1:10.0.0+r36-10
declare -A SHA256=(
  [kotlin]=c23dab400d7ce5ea8b6c909947c0ca5454189e4bb1108695b5f464500e5e950f
  [junit]=2f516bef5fa0f714da4f8b95c367c00aea64159c099c5157579fb95823dbcc56
  [hamcrest]=a3e84b0462e4bd75bfcd34dd46c9a5db6b9e7174da2d120339f4dc89aab90a56
  [onnxruntime]=e59788788818fdde1b2e522e766a21ba0f7d8391de55737abf81e32cc801785d
  [mobsf]=74329efc7eee885ca6b9448726ca448c6f5c7ca80ec3dc9a98ee11fb7cd7c0d4
  [framework]=267dad38b2e01b2705bd106023cfb5e6410175ebe35c60f3186eef521248bc6b
)

tools=${EDGE_ANDROID_TOOLS:-$HOME/.cache/edge-ranker-android}
what=${1:-core}
[ "$what" = core ] || [ "$what" = apk ] || { echo "error: $what is neither core nor apk" >&2; exit 2; }
ready=$tools/.ready-kotlin-$KOTLIN-junit-$JUNIT-hamcrest-$HAMCREST
ready_apk=$tools/.ready-onnxruntime-$ONNXRUNTIME-mobsf-$MOBSF

for tool in java npm apt-get dpkg-deb sha256sum; do
  command -v "$tool" > /dev/null || { echo "error: $tool is missing" >&2; exit 2; }
done

check() {  # name, file
  echo "${SHA256[$1]}  $2" | sha256sum --check --quiet || { echo "error: $2 is not the pinned file" >&2; exit 2; }
}

deb() {  # name, package, version: extracted into the folder of that name
  apt-get download -qq "$2=$3" 2> apt.txt || { cat apt.txt >&2; echo "error: $2 $3 is not to be had" >&2; exit 2; }
  check "$1" "$2_${3//:/%3a}_all.deb"
  dpkg-deb --extract "$2_${3//:/%3a}_all.deb" "$1"
}

fetch_core() {
  npm pack --silent "kotlin-compiler@$KOTLIN" > /dev/null
  check kotlin "kotlin-compiler-$KOTLIN.tgz"
  tar xzf "kotlin-compiler-$KOTLIN.tgz"
  chmod +x package/bin/*
  rm -rf "$tools/kotlin"
  mv package "$tools/kotlin"
  deb junit junit4 "$JUNIT"
  deb hamcrest libhamcrest-java "$HAMCREST"
  cp -L junit/usr/share/java/junit4.jar "$tools/lib/junit.jar"
  cp -L hamcrest/usr/share/java/hamcrest.jar "$tools/lib/hamcrest.jar"
  rm -f "$tools"/.ready-kotlin-*
  touch "$ready"
}

fetch_apk() {
  local package=com.github.asus4.onnxruntime
  npm pack --silent "$package@$ONNXRUNTIME" > /dev/null
  check onnxruntime "$package-$ONNXRUNTIME.tgz"
  tar xzf "$package-$ONNXRUNTIME.tgz" package/Plugins/Android/onnxruntime.aar
  rm -rf "$tools/onnxruntime" "$tools/apk"
  mkdir -p "$tools/onnxruntime" "$tools/apk"
  (cd "$tools/onnxruntime" && jar xf "$tools/.partial/package/Plugins/Android/onnxruntime.aar")

  "${PYTHON:-python3}" -m pip download --quiet --no-deps "mobsf==$MOBSF"
  check mobsf "mobsf-$MOBSF-py3-none-any.whl"
  jar xf "mobsf-$MOBSF-py3-none-any.whl" mobsf/StaticAnalyzer/tools
  mv mobsf/StaticAnalyzer/tools/bundletool-all-*.jar "$tools/apk/r8.jar"
  mv mobsf/StaticAnalyzer/tools/apksigner.jar "$tools/apk/"
  jar xf "$tools/apk/r8.jar" linux/aapt2
  mv linux/aapt2 "$tools/apk/"
  chmod +x "$tools/apk/aapt2"
  deb framework android-framework-res "$FRAMEWORK"
  mv framework/usr/share/android-framework-res/framework-res.apk "$tools/apk/"
  rm -f "$tools"/.ready-onnxruntime-*
  touch "$ready_apk"
}

rm -rf "$tools/.partial"
mkdir -p "$tools/.partial" "$tools/lib"
cd "$tools/.partial"

[ -e "$ready" ] || fetch_core
[ "$what" = core ] || [ -e "$ready_apk" ] || fetch_apk
rm -rf "$tools/.partial"
echo "$tools is ready"
