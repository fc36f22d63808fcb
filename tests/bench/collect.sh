#!/bin/sh
# Part of run.sh: events a second into SQLite, and what they take there.
set -eu
build=$1 bin=$3 work=$(realpath "$4")
rate=200000

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
echo "### Collecting, $rate events a second"
echo
echo "| ring | s | events | dropped | of a processor | events / s of it | MB of memory | MB a million |"
echo "|---|---|---|---|---|---|---|---|"
while read -r room events seconds; do
	rm -rf "$work/collect"
	mkdir "$work/collect"
	row=$("$bin/collect" "$build/fraudsink-stats" "$work/collect" "$ring" \
		"$room" $rate "$seconds" "$country" "events = $events" \
		2>"$work/collect.log") || {
		cat "$work/collect.log" >&2
		exit 1
	}
	echo "$room $events $seconds $row"
done >"$work/collect.rows" <<EOF
8192 no 30
16384 no 10
8192 yes 10
EOF
awk -v targets="$work/targets" '{
	kept = $2 == "yes"
	printf "| 4 x %d%s | %d | %d | %d | %.0f %% | %d | %d | %.1f |\n", $1,
		(kept ? ", events kept" : ""), $3, $4, $5, 100 * $7 / $8,
		$6 / $7, $10 / 1024, $9 / $6
	if (NR == 1) {
		printf "collecting, events dropped of %d\t%d\t0\n", $4, $5 >>targets
		printf "collecting, %% of a processor\t%.0f\t100\n", 100 * $7 / $8 >>targets
	} }' "$work/collect.rows"
