#!/bin/sh
# Installs what building, testing and the demo need from Debian's packages, if
# something is missing; says what it installs.  Without root it prints the line
# to run and stops.  `tests/deps.sh bench` adds what only `make bench` needs,
# `tests/deps.sh clickhouse` the server that some tests skip without, `browser`
# the one that looks at the pages.
set -eu

packages="gcc libc6-dev make pkg-config patch xz-utils bzip2 ca-certificates
	libxxhash-dev libjansson-dev libidn2-dev zlib1g-dev liblzma-dev
	libzstd-dev libbz2-dev libzip-dev libconfuse-dev libpsl-dev publicsuffix
	libmaxminddb-dev libsqlite3-dev libmicrohttpd-dev
	libcurl4-openssl-dev libldns-dev libcsv-dev libyaml-dev libcdb-dev
	check libevent-dev libssl-dev libexpat1-dev
	libnghttp2-dev flex bison zstd nsd bind9-dnsutils bind9-utils
	ldnsutils openssl dnsmasq-base"
[ "${1-}" = clickhouse ] && packages="$packages clickhouse-server clickhouse-common curl"
[ "${1-}" = browser ] && packages="$packages chromium"
[ "${1-}" = bench ] && packages="$packages liblmdb-dev dnsperf valgrind python3-minimal"

command -v dpkg-query >/dev/null 2>&1 || exit 0 # not Debian: trust the user
missing=
for p in $packages; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

install="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" = 0 ]; then
	sudo=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
	sudo=sudo
else
	echo "Some packages are missing.  As root, run:" >&2
	echo "  apt-get update && $install" >&2
	exit 1
fi
echo "installing from Debian's packages:$missing"
# No daemon that comes with a package is started.
policy=/usr/sbin/policy-rc.d
made=
if [ ! -e $policy ]; then
	printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null
	$sudo chmod 755 $policy
	made=1
fi
trap '[ -z "$made" ] || $sudo rm -f $policy' EXIT
log=$(mktemp)
if ! { $sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $sudo $install; } >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	rm -f "$log"
	exit 1
fi
rm -f "$log"
