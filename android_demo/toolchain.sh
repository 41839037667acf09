#!/usr/bin/env bash
# Fetches what compiles and tests the Kotlin code into one folder, outside git: run it again at any time.
#   EDGE_ANDROID_TOOLS   the folder (default: ~/.cache/edge-ranker-android)
# Needed before: a JDK of 17 or newer, npm, and apt-get with its lists (apt-get update). Nothing is installed globally.
set -euo pipefail

KOTLIN=2.4.20
JUNIT=4.13.2-3
HAMCREST=2.2-1
declare -A SHA256=(
  [kotlin]=c23dab400d7ce5ea8b6c909947c0ca5454189e4bb1108695b5f464500e5e950f
  [junit]=2f516bef5fa0f714da4f8b95c367c00aea64159c099c5157579fb95823dbcc56
  [hamcrest]=a3e84b0462e4bd75bfcd34dd46c9a5db6b9e7174da2d120339f4dc89aab90a56
)

tools=${EDGE_ANDROID_TOOLS:-$HOME/.cache/edge-ranker-android}
ready=$tools/.ready-kotlin-$KOTLIN-junit-$JUNIT-hamcrest-$HAMCREST
[ -e "$ready" ] && { echo "$tools is ready"; exit 0; }

for tool in java npm apt-get dpkg-deb sha256sum; do
  command -v "$tool" > /dev/null || { echo "error: $tool is missing" >&2; exit 2; }
done

check() {  # name, file
  echo "${SHA256[$1]}  $2" | sha256sum --check --quiet || { echo "error: $2 is not the pinned file" >&2; exit 2; }
}

rm -rf "$tools/.partial"
mkdir -p "$tools/.partial" "$tools/lib"
cd "$tools/.partial"

npm pack --silent "kotlin-compiler@$KOTLIN" > /dev/null
check kotlin "kotlin-compiler-$KOTLIN.tgz"
tar xzf "kotlin-compiler-$KOTLIN.tgz"
chmod +x package/bin/*
rm -rf "$tools/kotlin"
mv package "$tools/kotlin"

jar_of() {  # name, package, version, path of the jar in the package
  apt-get download -qq "$2=$3" 2> apt.txt || { cat apt.txt >&2; echo "error: $2 $3 is not to be had" >&2; exit 2; }
  check "$1" "$2_$3_all.deb"
  dpkg-deb --extract "$2_$3_all.deb" "$1"
  cp -L "$1/$4" "$tools/lib/$1.jar"
}
jar_of junit junit4 "$JUNIT" usr/share/java/junit4.jar
jar_of hamcrest libhamcrest-java "$HAMCREST" usr/share/java/hamcrest.jar

rm -rf "$tools/.partial" "$tools"/.ready-*
touch "$ready"
echo "$tools is ready"
