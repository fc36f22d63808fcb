#!/bin/sh
# Part of run.sh: events a second into SQLite, and what they take there.
set -eu
build=$1 bin=$3 work=$4
rate=200000 seconds=10

# Rings lie in memory.
ring=$(mktemp -d /dev/shm/fraudsink-bench-XXXXXX)
trap 'rm -rf "$ring"' EXIT
country=
mmdb=${FRAUDSINK_TEST_DATA:-../shared/data}/mmdb/real/iptoasn-country.mmdb.zst
if [ -f "$mmdb" ]; then
	zstd -dqf "$mmdb" -o "$work/country.mmdb"
	country="country-db = \"$work/country.mmdb\""
fi

echo
echo "### Collecting, $rate events a second for $seconds s"
echo
echo "| ring | events | dropped | s of a processor | events / s of it | target | | MB a million |"
echo "|---|---|---|---|---|---|---|---|"
for room in 16384 65536; do
	for events in no yes; do
		rm -rf "$work/collect"
		mkdir "$work/collect"
		echo "$room $events $("$bin/collect" "$build/fraudsink-stats" \
			"$work/collect" "$ring" $room $rate $seconds \
			"$country" "events = $events" 2>"$work/collect.log")" || {
			cat "$work/collect.log" >&2
			exit 1
		}
	done
done | awk '{
	each = $5 / $6
	kept = $2 == "yes"
	verdict = each >= 200000 ? "met" : "MISSED"
	printf "| 4 x %d%s | %d | %d | %.2f | %d | %s | %s | %.1f |\n", $1,
		(kept ? ", events kept" : ""), $5, $4, $6, each,
		(kept ? "-" : "200000"), (kept ? "" : verdict), $8 / $5 }'
