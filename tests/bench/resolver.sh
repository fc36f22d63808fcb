#!/bin/sh
# Part of run.sh: what a list costs a resolver, with our module, with Unbound's
# own local zones and response policy zones, and without any list.
#
# The module holds the whole list; the others hold BENCH_PEER_NAMES names of it,
# because with millions they take minutes and gigabytes.
set -eu
build=$(cd "$1" && pwd) unbound=$2 bin=$3 work=$(cd "$4" && pwd)
peers=${BENCH_PEER_NAMES:-500000}
rounds=${BENCH_ROUNDS:-3} seconds=0.8 sockets=1
. tests/bench/servers.sh

module=$build/fraudsink.so
if [ ! -f "$module" ]; then
	echo "skipped: no '$module'"
	exit
fi

# Names that all variants block, of which some are asked for; legitimate names.
shuf --random-source="$work/listed.txt" -n "$peers" "$work/listed.txt" >"$here/peer"
awk 'length($0) < 200 && NR <= 2000 { print $0, "A" }' "$here/peer" >"$here/blocked"
sed 's/^[^,]*,//; s/\r$//' "$work/legit.csv" | awk '/\./ { print $0, "A"; n++ }
	n == 2000 { exit }' >"$here/legit"
probe=$(awk '{ print $1; exit }' "$here/blocked")
entries=$(wc -l <"$work/listed.txt")

configure plain $((port + 1)) iterator </dev/null
configure module $((port + 2)) "dynlib iterator" <<END
dynlib:
  dynlib-file: "$module"
END
{
	echo "server:"
	sed 's/.*/local-zone: "&" always_nxdomain/' "$here/peer"
} >"$here/local.inc"
configure local $((port + 3)) iterator <<END
include: "$here/local.inc"
END
{
	echo '$ORIGIN rpz.test.'
	echo '@ 3600 IN SOA ns hostmaster 1 3600 600 86400 60'
	echo '@ 3600 IN NS ns'
	awk 'length($0) < 200 { print $0 " 60 CNAME .\n*." $0 " 60 CNAME ." }' "$here/peer"
} >"$here/rpz.zone"
configure rpz $((port + 4)) "respip iterator" <<END
rpz:
  name: rpz.test
  zonefile: "$here/rpz.zone"
END

# Each of SETS (NAME:PORT:QUERIES) in turn, with plain before, between and after.
rounds_of() { # SETS
	for round in warm $(seq "$rounds") last; do
		for set in plain:1:legit $1; do
			IFS=: read -r name n queries <<-END
			$set
			END
			[ $round = last ] && [ $name != plain ] ||
				load "$name" $((port + n)) "$queries"
		done
		[ $round != warm ] || cp "$here/loads.before" "$here/loads"
	done
	cp "$here/loads" "$here/loads.before"
}

# Where a process happens to lie in memory makes a difference of its own, so
# those that start quickly are started several times.
start_upstream
on_core="taskset -c $server_core $unbound/unbound"
export FRAUDSINK_DB="$work/exact.fsdb"
: >"$here/loads.before"
for i in 1 2 3 4 5; do
	start_unbound plain $((port + 1)) "$probe" passed $on_core
	start_unbound module $((port + 2)) "$probe" blocked $on_core
	for name in plain module; do
		cat "$here/$name.ready" >>"$here/$name.starts"
		megabytes $name >"$here/$name.mb"
	done
	rounds_of "module:2:legit module:2:blocked"
	stop_unbound module
	[ $i = 5 ] || stop_unbound plain
done
for name in local rpz; do
	n=3
	[ $name = local ] || n=4
	start_unbound $name $((port + n)) "$probe" blocked $on_core
	cp "$here/$name.ready" "$here/$name.starts"
	megabytes $name >"$here/$name.mb"
done
rounds_of "local:3:legit rpz:4:legit local:3:blocked rpz:4:blocked"

check_loads
row() { # NAME WHAT NAMES
	blocked=- blocked_ratio=-
	if [ "$1" != plain ]; then
		blocked=$(printf %.2f "$(us_of "$1" blocked)")
		blocked_ratio=$(ratio_to plain "$1" blocked)
	fi
	printf '| %-26s | %7s | %7s | %7s | %8.2f | %8.3f | %10s | %8s |\n' \
		"$2" "$3" "$(median "$here/$1.starts")" "$(cat "$here/$1.mb")" \
		"$(us_of "$1" legit)" "$(ratio_to plain "$1" legit)" "$blocked" \
		"$blocked_ratio"
}
echo
echo "### Unbound, one worker on one processor, medians of $rounds rounds a start"
echo
echo "ready: seconds from exec to the first right answer; us: processor time of"
echo "the server a query; to plain: to a cached answer of the plain server"
echo
echo "|                            |   names | ready s |      MB | legit us | to plain | blocked us | to plain |"
echo "|---|---|---|---|---|---|---|---|"
row plain "without a list" 0
row module "fraudsink.so" "$entries"
row local "local-zone always_nxdomain" "$peers"
row rpz "RPZ, name and wildcard" "$peers"

minus() { awk -v a="$1" -v b="$2" 'BEGIN { print a - b }'; }
target "CPU to plain cached, legitimate cached" "$(ratio_to plain module legit)" 1.02
target "CPU to plain cached, blocked" "$(ratio_to plain module blocked)" 1.10
target "ready after plain, s" "$(minus "$(median "$here/module.starts")" \
	"$(median "$here/plain.starts")")" 0.3
size=$(awk -v n="$(stat -c %s "$FRAUDSINK_DB")" 'BEGIN { print n / 1048576 }')
target "memory over plain less the file, MB" "$(minus \
	"$(minus "$(cat "$here/module.mb")" "$(cat "$here/plain.mb")")" "$size")" 5
