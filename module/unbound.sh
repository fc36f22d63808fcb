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
	version=$(sed -n 's/^#define PACKAGE_VERSION "\(.*\)"/\1/p' "$1/config.h")
	flags=$(sed -n "s/^  \$ .*configure *//p" "$1/config.log" | head -n 1)
	[ -n "$version" ] || { echo "unbound.sh: '$1' is not a configured Unbound tree" >&2; exit 1; }
	# No quotes: this becomes a C string.
	printf '%s %s\n' "$version" "$flags" | tr -d "\"'\\\\"
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

# The machine's own Debian suites, as source suites.
sources=$folder/apt/parts/source.sources
. /etc/os-release
{
	echo "Types: deb-src"
	echo "URIs: http://deb.debian.org/debian"
	echo "Suites: $VERSION_CODENAME $VERSION_CODENAME-updates"
	echo "Components: main"
	echo "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg"
} >"$sources"
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
./configure -q $flags >"$folder/configure.log" 2>&1 || { tail -n 20 "$folder/configure.log" >&2; exit 1; }
make -j"$(nproc)" >"$folder/make.log" 2>&1 || { tail -n 20 "$folder/make.log" >&2; exit 1; }
describe "$folder/src" >"$folder/ready"
cd "$here"
