#!/bin/sh
# Measures look-ups, builds, the resolver, the swap of a list and the statistics.
#
#   tests/bench/run.sh BUILD UNBOUND [PART...]
#
# BUILD holds libfraudsink.a, fraudsink-feeds and fraudsink.so, UNBOUND a built
# tree of Unbound.  PART: lookup build feeds policy resolver swap ring collect ask
# (all of them if none is named).  Lists come from $FRAUDSINK_TEST_DATA, or are made
# up where there are none.  Absolute numbers mean little on a shared machine; the ratios do.
#
# Each part prints what it measured and adds to the file targets: what, value
# and the most that is allowed, parted by tabs.  They are printed at the end.
set -eu

[ $# -ge 2 ] || { echo "usage: run.sh BUILD UNBOUND [PART...]" >&2; exit 2; }
build=$1 unbound=$2
shift 2
[ $# -gt 0 ] || set -- lookup build feeds policy resolver swap ring collect ask
sh tests/deps.sh bench

bin=$build/tests/bench work=$build/bench
mkdir -p "$bin" "$work"
[ -n "${BENCH_KEEP-}" ] || trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

compile() { # PROGRAM SOURCE...
	program=$1
	shift
	${CC:-cc} -std=c11 -O2 -g -Wall -Wextra -I. -D_GNU_SOURCE \
		-o "$bin/$program" "$@" "$build/libfraudsink.a" \
		-lcdb -llmdb -lm -pthread
}
here=tests/bench
compile lookup $here/lookup.c $here/names.c $here/base_*.c
compile pick $here/pick.c $here/names.c
compile gen $here/gen.c $here/names.c
compile spend $here/spend.c
compile client $here/client.c $here/names.c
compile policy $here/policy.c $here/names.c
compile ring $here/ring.c $here/names.c
compile collect $here/collect.c

began=$(date +%s)
: >"$work/targets"

# The list, sorted and without what legitimate names end in, and those names.
data=${FRAUDSINK_TEST_DATA:-../shared/data}
list=$data/big/union-5.3M.domains.txt.zst
legit=$data/legit/umbrella_top-sites-100000_ranked.csv.zst
if [ -f "$list" ] && [ -f "$legit" ]; then
	zstd -dcq --long=27 "$list" >"$work/all.txt"
	zstd -dcq "$legit" >"$work/legit.csv"
else
	echo "no lists in '$data': names are made up"
	"$bin/gen" list 2500000 | LC_ALL=C sort -u >"$work/all.txt"
	"$bin/gen" ranked 100000 >"$work/legit.csv"
fi
"$bin/pick" "$work/all.txt" "$work/legit.csv" >"$work/listed.txt"
"$build/fraudsink-feeds" build -q -o "$work/exact.fsdb" "$work/listed.txt"

for part in "$@"; do
	sh tests/bench/"$part".sh "$build" "$unbound" "$bin" "$work"
done

echo
echo "### Targets, met and missed ($(date -u +%Y-%m-%d), $(nproc) processors, load $(
	cut -d' ' -f1 /proc/loadavg), $(($(date +%s) - began)) s)"
echo
awk -F'\t' '
	BEGIN {
		printf "| %-47s | %9s | %9s | |\n", "", "is", "at most"
		print "|---|---|---|---|" }
	{ missed += !($2 + 0 <= $3 + 0)
	  printf "| %-47s | %9s | %9s | %s |\n", $1, $2, $3,
		$2 + 0 <= $3 + 0 ? "met" : "MISSED" }
	END { printf "\n%d of %d met\n", NR - missed, NR }' "$work/targets"
