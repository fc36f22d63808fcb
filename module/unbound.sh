#!/bin/sh
# Fetches and builds the Unbound that fraudsink.so is made for.
#
#   module/unbound.sh FOLDER           build into FOLDER/src, FOLDER/ready
#   module/unbound.sh --describe TREE  one line: version and configuration
#
# Debian's own package has no dynlib module and none ships the internal
# headers, so Debian's source package is built with --with-dynlibmodule.  It is
# fetched with apt lists of its own, which leave the system's alone.
set -eu

describe() {
	[ -f "$1/config.h" ] || { echo "unbound.sh: '$1' is not a configured Unbound tree" >&2; exit 1; }
	# No quotes: this becomes a C string.
	for word in PACKAGE_VERSION CONFCMDLINE; do
		sed -n "s/^#define $word \"\(.*\)\"/\1/p" "$1/config.h"
	done | tr '\n' ' ' | tr -d "\"'\\\\" | sed 's/ *$//'
	echo
}

if [ "$1" = --describe ]; then
	describe "$2"
	exit
fi

folder=$1
here=$(pwd)
flags="--with-dynlibmodule --with-libevent --with-libnghttp2 --enable-subnet --enable-tfo-client --disable-rpath"
mkdir -p "$folder/apt/lists/partial" "$folder/apt/parts" "$folder/get"
cd "$folder"
folder=$(pwd)

# The machine's own Debian suites, turned into source suites.
. /etc/os-release
for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
	[ -f "$f" ] || continue
	grep -E "^deb .*[[:space:]]$VERSION_CODENAME(-updates|-security)?[[:space:]].*main" "$f" || true
done | sed 's/^deb /deb-src /' >"$folder/apt/parts/source.list"
for f in /etc/apt/sources.list.d/*.sources; do
	[ -f "$f" ] || continue
	sed '/^#/d' "$f" | awk -v RS= -v ORS='\n\n' -v suite="$VERSION_CODENAME" '
		$0 ~ "Suites:[^\n]*" suite && /Components:[^\n]*main/ {
			sub(/Types:[^\n]*/, "Types: deb-src"); print }'
done >"$folder/apt/parts/source.sources"
: >"$folder/apt/empty"
apt="-o Dir::Etc::SourceList=$folder/apt/empty -o Dir::Etc::SourceParts=$folder/apt/parts -o Dir::State::Lists=$folder/apt/lists -o APT::Get::List-Cleanup=0 -o APT::Sandbox::User= -qq"
echo "fetching Debian's source of Unbound"
cd "$folder/get"
apt-get $apt update
apt-get $apt --download-only source unbound
set -- *.orig.tar.gz
[ -f "$1" ] || { echo "unbound.sh: no source of Unbound arrived" >&2; exit 1; }

rm -rf "$folder/src" "$folder/ready"
mkdir "$folder/src"
cd "$folder/src"
tar xzf "$folder/get/$1" --strip-components=1
tar xJf "$folder"/get/*.debian.tar.xz
sed '/^#/d;/^$/d' debian/patches/series | while read -r patch; do
	patch -p1 -s <"debian/patches/$patch"
done
echo "building Unbound with the dynlib module (about a minute)"
./configure $flags >"$folder/configure.log" 2>&1 || { tail -n 20 "$folder/configure.log" >&2; exit 1; }
make -j"$(nproc)" >"$folder/make.log" 2>&1 || { tail -n 20 "$folder/make.log" >&2; exit 1; }
describe "$folder/src" >"$folder/ready"
cd "$here"
