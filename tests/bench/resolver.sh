#!/bin/sh
# Part of run.sh: what a list costs a resolver, with our module, with Unbound's
# own local zones and response policy zones, and without any list.
#
# The module holds the whole list; the others hold BENCH_PEER_NAMES names of it,
# because with millions they take minutes and gigabytes.
set -eu
build=$(cd "$1" && pwd) unbound=$2 bin=$3 work=$(cd "$4" && pwd)
peers=${BENCH_PEER_NAMES:-500000}
rounds=${BENCH_ROUNDS:-9} seconds=1.2
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

start_upstream
on_core="taskset -c $server_core $unbound/unbound"
export FRAUDSINK_DB="$work/exact.fsdb"
for i in 1 2 3 4 5; do # quick enough to be started several times
	start_unbound plain $((port + 1)) "$probe" passed $on_core
	start_unbound module $((port + 2)) "$probe" blocked $on_core
	for name in plain module; do
		cat "$here/$name.ready" >>"$here/$name.starts"
		[ $i = 5 ] || stop_unbound $name
	done
done
for name in local rpz; do
	n=3
	[ $name = local ] || n=4
	start_unbound $name $((port + n)) "$probe" blocked $on_core
	cp "$here/$name.ready" "$here/$name.starts"
done
for name in plain module local rpz; do
	megabytes $name >"$here/$name.mb"
done

# Processor time of a server so far, all threads, in nanoseconds.
used() { # NAME
	cat /proc/"$(cat "$here/$1.pid")"/task/*/schedstat |
		awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

# Asks for SECONDS as fast as it answers; appends microseconds of the server's
# time a query to NAME.SET.
load() { # NAME PORT SET SECONDS
	before=$(used "$1")
	taskset -c $client_core dnsperf -s 127.0.0.1 -p "$2" -d "$here/$3" \
		-l "$4" -c 1 -T 1 >"$here/dnsperf.log" 2>&1 ||
		{ cat "$here/dnsperf.log" >&2; exit 1; }
	after=$(used "$1")
	awk -v ns=$((after - before)) '
		/Queries completed:/ { n = $3 }
		/Response codes:/ { codes = $0; sub(/.*codes: */, "", codes) }
		END { printf "%.4f %s\n", ns / n / 1000, codes }' \
		"$here/dnsperf.log" >>"$here/$1.$3"
}

sets="plain:1:legit module:2:legit local:3:legit rpz:4:legit
	module:2:blocked local:3:blocked rpz:4:blocked"
for set in $sets; do # warm
	IFS=: read -r name n queries <<-END
	$set
	END
	load "$name" $((port + n)) "$queries" $seconds
	rm "$here/$name.$queries"
done
for round in $(seq "$rounds"); do
	for set in $sets; do
		IFS=: read -r name n queries <<-END
		$set
		END
		load "$name" $((port + n)) "$queries" $seconds
	done
done

# Only what was meant to be measured was measured.
for f in "$here"/*.legit "$here"/*.blocked; do
	want=NOERROR
	[ "${f##*.}" = legit ] || want=NXDOMAIN
	awk -v want=$want '$2 != want || $4 != "(100.00%)" { bad = 1 }
		END { exit bad }' "$f" ||
		{ echo "bench: wrong answers:" >&2; cat "$f" >&2; exit 1; }
done

median() { # FILE
	sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}
# The median of the rounds' ratios to a cached answer of the plain server.
ratio() { # FILE
	paste "$1" "$here/plain.legit" | awk -F'\t' '{
		split($1, a, " "); split($2, b, " "); print a[1] / b[1] }' \
		>"$here/ratios"
	median "$here/ratios"
}
row() { # NAME WHAT NAMES
	legit=$(median "$here/$1.legit") legit_ratio=$(ratio "$here/$1.legit")
	blocked=- blocked_ratio=-
	if [ -f "$here/$1.blocked" ]; then
		blocked=$(median "$here/$1.blocked")
		blocked_ratio=$(ratio "$here/$1.blocked")
	fi
	printf '| %-34s | %7s | %7s | %7s | %6.2f | %5.3f | %7s | %7s |\n' \
		"$2" "$3" "$(median "$here/$1.starts")" \
		"$(cat "$here/$1.mb")" "$legit" "$legit_ratio" "$blocked" \
		"$blocked_ratio"
}
echo
echo "### Unbound, one worker on one processor, medians of $rounds rounds"
echo
echo "ready: seconds from exec to the first right answer; us: processor time of"
echo "the server a query; to plain: to a cached answer of the plain server"
echo
echo "|                                    |   names | ready s |      MB | legit us | to plain | blocked us | to plain |"
echo "|---|---|---|---|---|---|---|---|"
row plain "without a list" 0
row module "fraudsink.so" "$entries"
row local "local-zone always_nxdomain" "$peers"
row rpz "RPZ, name and wildcard" "$peers"

target() { # WHAT IS MOST
	awk -v what="$1" -v is="$2" -v most="$3" 'BEGIN {
		printf "| %-44s | %6.3f | %6.3f | %s |\n", what, is, most,
			is <= most ? "met" : "MISSED" }'
}
minus() { awk -v a="$1" -v b="$2" 'BEGIN { print a - b }'; }
echo
echo "| fraudsink.so | is | target | |"
echo "|---|---|---|---|"
target "legit cached, to plain cached" "$(ratio "$here/module.legit")" 1.02
target "blocked, to plain cached" "$(ratio "$here/module.blocked")" 1.10
target "ready after plain, s" "$(minus "$(median "$here/module.starts")" \
	"$(median "$here/plain.starts")")" 0.3
size=$(awk -v n="$(stat -c %s "$FRAUDSINK_DB")" 'BEGIN { print n / 1048576 }')
target "memory over plain less the file's size, MB" "$(minus \
	"$(minus "$(cat "$here/module.mb")" "$(cat "$here/plain.mb")")" "$size")" 5
