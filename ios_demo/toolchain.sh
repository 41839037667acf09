#!/usr/bin/env bash
# Fetches the Swift that compiles and tests this package on Linux, into one folder outside git. It may be run again at any time.
#   EDGE_IOS_TOOLS   the folder (default: ~/.cache/edge-ranker-ios), 1.6 GB
# Needed before: x86-64 Linux, apt-get and Debian's archive keyring. Nothing is installed globally and nothing stays
# mounted: the packages are unpacked into a root of their own, in which swift.sh runs. A Mac needs Xcode 16 instead.
set -euo pipefail

SUITE=trixie
SWIFT=6.0.3-2
# What Swift needs, and what makes the locales under which texts are tested again.
WANTED=("swiftlang=$SWIFT" "libswiftlang=$SWIFT" libc6-dev libstdc++-14-dev libc-bin locales)
# What these depend on by their packages, but compiling and testing does not.
UNUSED='^(gcc|gcc-14|cpp|cpp-14|gcc-.*|cpp-.*|perl.*|libperl.*|debconf|libpython.*|tzdata|media-types|libdb5.*|libgdbm.*)$'
# Parts of Swift that no test runs: debuggers, servers for editors, libraries for static and embedded programs.
LEFT_OUT=(lldb 'lldb-*' clangd sourcekit-lsp docc swift-format swift-build-sdk-interfaces swift_static embedded FrameworkABIBaseline)
LOCALES=(tr_TR ar_SA)
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

tools=${EDGE_IOS_TOOLS:-$HOME/.cache/edge-ranker-ios}
ready=$tools/.ready-$SUITE-$SWIFT
[ -e "$ready" ] && { echo "$tools is ready"; exit 0; }

missing() { echo "error: $1; fix: $2" >&2; exit 2; }
[ "$(uname -sm)" = "Linux x86_64" ] || missing "this machine is $(uname -sm)" "a Mac compiles the package with Xcode 16"
for tool in apt-get dpkg-deb tar gunzip chroot unshare; do
  command -v "$tool" > /dev/null || missing "$tool is missing" "install it"
done
[ -e "$KEYRING" ] || missing "$KEYRING is missing" "install debian-archive-keyring, which checks what is fetched"

mkdir -p "$tools"
partial=$tools/.partial
rm -rf "$partial"
mkdir -p "$partial"/{lists/partial,cache/archives/partial,debs,root}
touch "$partial/status"
archive=$(sed -n 's/^URIs: *\(.*debian\)\/*$/\1/p; s/^deb .*\(http[^ ]*debian\)\/* .*/\1/p' \
  /etc/apt/sources.list /etc/apt/sources.list.d/*.sources 2> /dev/null | head -n 1 || true)
echo "deb [signed-by=$KEYRING] ${archive:-http://deb.debian.org/debian} $SUITE main" > "$partial/sources.list"
# An apt that knows this archive alone, and nothing of what is installed here.
cat > "$partial/apt.conf" <<END
Dir::State "$partial"; Dir::State::lists "$partial/lists"; Dir::State::status "$partial/status"; Dir::Cache "$partial/cache";
Dir::Etc::sourcelist "$partial/sources.list"; Dir::Etc::sourceparts "/dev/null"; Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null"; Acquire::Languages "none"; APT::Install-Recommends "false"; APT::Sandbox::User "root";
APT::Architecture "amd64"; APT::Get::List-Cleanup "false";
END
export APT_CONFIG=$partial/apt.conf

fetched() { "$@" > "$partial/log.txt" 2>&1 || { tail -n 5 "$partial/log.txt" >&2; missing "$*" "look at the lines above"; }; }
cd "$partial/debs"
fetched apt-get update -q
fetched apt-get install -q --simulate "${WANTED[@]}"
packages=$(sed -n 's/^Inst \([^ ]*\) (\([^ ]*\) .*/\1=\2/p' "$partial/log.txt" | grep -Ev "${UNUSED%\$}=")
# apt checks each package against the signed list.
fetched apt-get download -q base-files $packages

root=$partial/root
dpkg-deb --fsys-tarfile base-files_*.deb | tar -x -C "$root"
for package in *.deb; do
  case $package in base-files_*) continue ;; esac
  dpkg-deb --fsys-tarfile "$package" | tar -x -C "$root" --keep-directory-symlink --exclude=./usr/share/doc \
    --exclude=./usr/share/man "${LEFT_OUT[@]/#/--exclude=./usr/libexec/swift/*/}"
  rm "$package"
done
gunzip "$root/usr/share/i18n/charmaps/UTF-8.gz"
as_root=()
[ "$(id -u)" = 0 ] || as_root=(unshare --map-root-user)
for locale in "${LOCALES[@]}"; do
  "${as_root[@]}" chroot "$root" /usr/bin/localedef -i "$locale" -f UTF-8 --no-archive "/usr/lib/locale/$locale.UTF-8" 2> "$partial/log.txt" ||
    { cat "$partial/log.txt" >&2; missing "there is no locale $locale" "look at the lines above"; }
done
mkdir -p "$root"/{proc,dev,tmp}

rm -rf "$tools/root" "$tools"/.ready-*
mv "$root" "$tools/root"
rm -rf "$partial"
touch "$ready"
echo "$tools is ready"
