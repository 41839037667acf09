#!/usr/bin/env bash
# Builds the demo app without Gradle and without Google's servers, signed with a key made on the spot, and checks it:
#   android_demo/toolchain.sh apk && make test-android && android_demo/test_modules.sh
#   android_demo/build_apk.sh movies.edge build/edge.apk
#   EDGE_ABIS   the processors whose libraries are packed (default: arm64-v8a)
# The package is that of a release by app/build.gradle.kts, except for the key. The variables of compile.sh count, too.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/compile.sh"
[ $# = 2 ] || { echo "error: name a bundle and the file to write; fix: android_demo/build_apk.sh movies.edge build/edge.apk" >&2; exit 2; }
bundle=$1
out=$2
need apk/r8.jar apk/aapt2 apk/apksigner.jar apk/framework-res.apk onnxruntime/classes.jar
[ -e "$bundle" ] || { echo "error: there is no $bundle" >&2; exit 2; }
for module in main android ort litert app modules_test; do
  [ -e "$build/$module" ] || { echo "error: nothing is compiled yet; fix: make test-android && android_demo/test_modules.sh" >&2; exit 2; }
done

read_gradle() {  # a name in app/build.gradle.kts
  sed -n "s/^ *$1 = \"\{0,1\}\([^\"]*\)\"\{0,1\}$/\1/p" "$here/app/build.gradle.kts"
}
work=$build/apk
rm -rf "$work"
mkdir -p "$work" "$(dirname "$out")"

package=$(read_gradle applicationId)
sed "s|<manifest |<manifest package=\"$package\" |" "$here/app/src/main/AndroidManifest.xml" > "$work/AndroidManifest.xml"
"$tools/apk/aapt2" link -o "$work/base.apk" --manifest "$work/AndroidManifest.xml" -I "$tools/apk/framework-res.apk" \
  --min-sdk-version "$(read_gradle minSdk)" --target-sdk-version "$(read_gradle targetSdk)" \
  --version-code "$(read_gradle versionCode)" --version-name "$(read_gradle versionName)"

# Shrunk by the rules that each module brings for its consumers, as R8 does in a release build.
for module in main android ort litert app; do jar cf "$work/$module.jar" -C "$build/$module" .; done
jar cf "$work/tests.jar" -C "$build/modules_test" edge/android/measure/MeasureHereKt.class
# What the device has: the stubs, and of the JDK what Android took over; R8 of that version cannot read all of a new JDK.
jar cf "$work/stubs.jar" -C "$build/stubs" .
jdk=$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")
jimage extract --dir "$work/jdk" --include 'glob:/java.base/java/**,glob:/java.logging/java/**' "$jdk/lib/modules"
(cd "$work/jdk" && for part in */; do jar cf "$work/${part%/}.jar" -C "$part" .; done)
shrink() {  # folder, modules; options and rules of R8 from standard input, a line each
  local folder=$work/$1 inputs=() rules=() module
  shift
  mkdir -p "$folder"
  for module in "$@"; do
    inputs+=("$work/$module.jar")
    [ ! -e "$here/$module/consumer-rules.pro" ] || rules+=(--pg-conf "$here/$module/consumer-rules.pro")
  done
  # More is referred to, of the device and of the JDK, than the stubs and the two modules above have.
  { cat; echo "-dontwarn android.**,java.**,jdk.internal.**,sun.**,org.jetbrains.annotations.**"; } > "$folder/rules.pro"
  java "${quick[@]}" -Xmx2g -cp "$tools/apk/r8.jar" com.android.tools.r8.R8 --release "${format[@]}" \
    --lib "$work/stubs.jar" --lib "$work/java.base.jar" --lib "$work/java.logging.jar" \
    "${rules[@]}" --pg-conf "$tools/onnxruntime/proguard.txt" --pg-conf "$folder/rules.pro" --output "$folder" \
    "${inputs[@]}" "$tools/onnxruntime/classes.jar" "$library/kotlin-stdlib.jar" "$library/kotlinx-coroutines-core-jvm.jar" \
    2> "$folder/r8.txt" || { cat "$folder/r8.txt" >&2; exit 2; }
}
format=(--min-api "$(read_gradle minSdk)")
shrink dex main android ort app < "$here/app/rules.pro"

# The same rules for a JVM, whose shrunk code then ranks on both libraries: what native code needs by its name is there.
format=(--classfile)
shrink jvm main android ort litert tests <<< '-keep class edge.android.measure.MeasureHereKt { public static void main(java.lang.String[]); }'
mkdir -p "$work/jvm/edge/text"
cp "$repository/edge/text/characters.json" "$work/jvm/edge/text/"
for engine in onnx litert; do
  java "${quick[@]}" -Djava.library.path="$build/host" -Donnxruntime.native.path="$build/host" -cp "$work/jvm" \
    edge.android.measure.MeasureHereKt "$engine" "$bundle" "$work/installed" "$work/$engine.json" 2> "$work/$engine.txt" ||
    { cat "$work/$engine.txt" >&2; exit 2; }
done

"$python" -c "
import json, sys, zipfile
golden = zipfile.ZipFile(sys.argv[1]).open('golden.jsonl').readline()
print(json.dumps(json.loads(golden)['request'], indent=1))" "$bundle" > "$work/request.json"

entries=(--add "assets/movies.edge=$bundle" --add "assets/request.json=$work/request.json"
  --add "edge/text/characters.json=$repository/edge/text/characters.json")
for dex in "$work"/dex/classes*.dex; do entries+=(--add "$(basename "$dex")=$dex"); done
for abi in ${EDGE_ABIS:-arm64-v8a}; do
  for file in "$tools/onnxruntime/jni/$abi"/*.so; do entries+=(--add "lib/$abi/$(basename "$file")=$file"); done
done
"$python" "$here/pack_apk.py" --resources "$work/base.apk" "${entries[@]}" --out "$work/unsigned.apk"

keytool -genkeypair -keystore "$work/debug.p12" -storetype PKCS12 -storepass android -alias debug -keyalg EC -groupname secp256r1 \
  -validity 3650 -dname "CN=debug" &> /dev/null
java "${quick[@]}" -jar "$tools/apk/apksigner.jar" sign --ks "$work/debug.p12" --ks-pass pass:android --v1-signing-enabled false \
  --out "$out" "$work/unsigned.apk"
java "${quick[@]}" -jar "$tools/apk/apksigner.jar" verify --min-sdk-version "$(read_gradle minSdk)" "$out"
"$python" "$here/check_apk.py" "$out"
"$tools/apk/aapt2" dump badging "$out" | grep -E "^(package|sdkVersion|targetSdkVersion|launchable-activity|native-code|uses-permission)"
