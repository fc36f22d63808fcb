#!/bin/sh
# Part of run.sh: what it costs a worker to tell of blocked queries, and what
# that is of a blocked query's processor time.
set -eu
build=$(cd "$1" && pwd) unbound=$2 bin=$3 work=$(cd "$4" && pwd)
rounds=${BENCH_ROUNDS:-21}
. tests/bench/servers.sh

# Shared memory where there is some, as /run is.
ring=$here/ring
[ ! -w /dev/shm ] || ring=$(mktemp -u /dev/shm/fraudsink-bench.XXXXXX)
trap 'stop_servers; rm -f "$ring"' EXIT

echo
echo "### Telling of blocked queries, one worker"
echo
echo "| nanoseconds                        |      is | target | |"
echo "|---|---|---|---|"
taskset -c $client_core "$bin/ring" time "$ring"
rm -f "$ring"

module=$build/fraudsink.so
if [ ! -f "$module" ]; then
	echo "skipped: no '$module'"
	exit
fi
awk 'length($0) < 200 && NR <= 2000 { print $0, "A" }' "$work/listed.txt" \
	>"$here/blocked"
probe=$(awk '{ print $1; exit }' "$here/blocked")
export FRAUDSINK_DB="$work/exact.fsdb"
start_upstream
for name in silent told; do
	configure $name $((port + 1)) "dynlib iterator" <<-END
	dynlib:
	  dynlib-file: "$module"
	END
done

ask() { # SECONDS
	taskset -c $client_core dnsperf -s 127.0.0.1 -p $((port + 1)) \
		-d "$here/blocked" -l "$1" -c 1 -T 1 >"$here/dnsperf.log" 2>&1 &&
		grep -q 'NXDOMAIN .*(100\.00%)' "$here/dnsperf.log" ||
		{ cat "$here/dnsperf.log" >&2; exit 1; }
}
# Appends microseconds of the server's time a blocked query to NAME.us.  Each
# time with a new server, whose memory lies elsewhere: that alone makes more
# of a difference than the events.
measure() { # silent|told
	FRAUDSINK_RING=
	[ "$1" = silent ] || FRAUDSINK_RING=$ring
	export FRAUDSINK_RING
	start_unbound "$1" $((port + 1)) "$probe" blocked \
		taskset -c $server_core "$unbound/unbound"
	if [ "$1" = told ]; then
		taskset -c $client_core "$bin/ring" drain "$ring" \
			>>"$here/drained" &
		drainer=$!
		pids="$pids $drainer"
	fi
	ask 0.3
	before=$(used "$1")
	ask 1
	after=$(used "$1")
	awk -v ns=$((after - before)) '/Queries completed:/ {
		printf "%.4f\n", ns / $3 / 1000 }' "$here/dnsperf.log" \
		>>"$here/$1.us"
	stop_unbound "$1"
	if [ "$1" = told ]; then
		kill $drainer
		wait $drainer || true
	fi
}
measure told
rm "$here/told.us"
for round in $(seq "$rounds"); do
	if [ $((round % 2)) = 0 ]; then
		measure silent
		measure told
	else
		measure told
		measure silent
	fi
done

echo
echo "| a blocked query, medians of $rounds starts |      is | target | |"
echo "|---|---|---|---|"
silent=$(median "$here/silent.us") told=$(median "$here/told.us")
printf '| %-38s | %7.2f |        | |\n' "us of the server, silent" "$silent"
printf '| %-38s | %7.2f |        | |\n' "us of the server, events told" "$told"
awk -v told="$told" -v silent="$silent" 'BEGIN {
	printf "| %-38s | %7.3f | %6.2f | %s |\n", "told to silent", told / silent,
		1.03, told / silent <= 1.03 ? "met" : "MISSED" }'
