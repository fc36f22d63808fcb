#!/bin/sh
# Part of run.sh: questions about a year of made-up counts in SQLite.
set -eu
build=$1 bin=$3 work=$4
rounds=3

objects=
for o in "$build"/stats/*.o; do
	case $o in
	*/main.o) ;;
	*) objects="$objects $o" ;;
	esac
done
# shellcheck disable=SC2086,SC2046
${CC:-cc} -std=c11 -O2 -g -Wall -Wextra -I. -D_GNU_SOURCE -o "$bin/year" \
	tests/bench/year.c $objects "$build/libfraudsink.a" \
	$(pkg-config --libs libconfuse sqlite3 libcurl libmaxminddb \
		libmicrohttpd jansson libcrypto) -lm -pthread
cat >"$work/stats.conf" <<EOF
database = "$(realpath "$work")/stats.db"
rings = { "$(realpath "$work")/ring" }
key-file = "$(realpath "$work")/key"
feeds-state = "$(realpath "$work")/feeds"
EOF
# The largest number of keys a day that is told apart (day-keys), a month of it.
sed 's/stats\.db/most.db/' "$work/stats.conf" >"$work/most.conf"
rm -f "$work"/stats.db* "$work"/most.db*
"$bin/year" "$work/stats.conf"
"$bin/year" "$work/most.conf" days=31 keys=20000 hours=1

echo
echo "### Questions, a year in SQLite ($(du -m "$work/stats.db" | cut -f1) MB, 5000 keys and names a day), best of $rounds"
echo
echo "| question | ms | target | |"
echo "|---|---|---|---|"
# Milliseconds of a run of the question.
ask() {
	begin=$(date +%s%N)
	# shellcheck disable=SC2086
	"$build/fraudsink-stats" $1 -c "$work/$2.conf" >/dev/null
	end=$(date +%s%N)
	echo $(((end - begin) / 1000000))
}
while read -r target store question; do
	best=
	for round in $(seq $rounds); do
		ms=$(ask "$question" "$store")
		if [ -z "$best" ] || [ "$ms" -lt "$best" ]; then best=$ms; fi
	done
	verdict=
	[ "$target" = - ] || { [ "$best" -lt "$target" ] && verdict=met || verdict=MISSED; }
	keys=
	[ "$store" = stats ] || keys=", 20000 keys a day"
	echo "| $question$keys | $best | $target | $verdict |"
done <<EOF
1000 stats top names --since 30d
1000 stats top feeds --since 30d
1000 stats top categories --since 30d
1000 stats top countries --since 30d
1000 stats top networks --since 30d
1000 stats top groups --since 30d
1000 stats top actions --since 30d
1000 stats top severities --since 30d
1000 stats top countries --since 30d --by feed
1000 most top networks --since 30d
1000 most top countries --since 30d --by feed
- stats top names --since 365d
- stats series --since 365d
- stats feeds --since 30d
- stats report
1000 stats top names --since 30d --role researcher
EOF
rm -f "$work"/stats.db* "$work"/most.db*
