#!/bin/sh
# Part of run.sh: building a database against sorting the same text.
set -eu
build=$1 bin=$3 work=$4
rounds=3

"$bin/gen" list 10000000 >"$work/ten.txt"
shuf --random-source="$work/all.txt" "$work/all.txt" >"$work/shuffled.txt"
for round in $(seq $rounds); do
	for text in shuffled ten; do
		"$bin/spend" env LC_ALL=C sort -u -T "$work" -o /dev/null \
			"$work/$text.txt" 3>>"$work/$text.sort"
		"$bin/spend" "$build/fraudsink-feeds" build -q --memory 256 \
			-o "$work/built.fsdb" "$work/$text.txt" \
			3>>"$work/$text.build"
	done
done

# The middle of the numbers in column COLUMN of FILE.
median() {
	sort -n -k "$2,$2" "$1" | awk -v column="$2" '{ v[NR] = $column }
		END { print v[int((NR + 1) / 2)] }'
}
echo
echo "### Building, $(nproc) processors, --memory 256, medians of $rounds"
echo
echo "| list | names | build s | sort -u s | ratio | target | | MB | target | |"
echo "|---|---|---|---|---|---|---|---|---|---|"
for text in shuffled ten; do
	name="10 million made up"
	[ $text = ten ] || name="the list, shuffled"
	echo "$name" "$(wc -l <"$work/$text.txt")" \
		"$(median "$work/$text.build" 1)" \
		"$(median "$work/$text.sort" 1)" \
		"$(median "$work/$text.build" 2)"
done | awk '{
	mb = $NF; sorted = $(NF - 1); made = $(NF - 2); n = $(NF - 3)
	name = $1; for (i = 2; i < NF - 3; i++) name = name " " $i
	ratio = made / sorted
	printf "| %s | %d | %.2f | %.2f | %.2f | 0.70 | %s | %.0f | 256 | %s |\n",
		name, n, made, sorted, ratio, ratio <= 0.70 ? "met" : "MISSED",
		mb, mb <= 256 ? "met" : "MISSED" }'
rm -f "$work/ten.txt" "$work/shuffled.txt" "$work/built.fsdb"
