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
echo "| list               |    names | build s | sort -u s | build MB |"
echo "|--------------------|----------|---------|-----------|----------|"
for text in shuffled ten; do
	name="10 million made up"
	[ $text = ten ] || name="the list, shuffled"
	echo "$name" "$(wc -l <"$work/$text.txt")" \
		"$(median "$work/$text.build" 1)" \
		"$(median "$work/$text.sort" 1)" \
		"$(median "$work/$text.build" 2)"
done | awk -v targets="$work/targets" '{
	mb = $NF; sorted = $(NF - 1); made = $(NF - 2); n = $(NF - 3)
	name = $1; for (i = 2; i < NF - 3; i++) name = name " " $i
	printf "| %-18s | %8d | %7.2f | %9.2f | %8.0f |\n",
		name, n, made, sorted, mb
	printf "build to sort -u, %s\t%.2f\t0.70\n", name, made / sorted >>targets
	if (NR == 1) printf "build, %d names, s\t%.2f\t3\n", n, made >>targets
	else printf "build, %d names, MB\t%.0f\t256\n", n, mb >>targets }'
rm -f "$work/ten.txt" "$work/shuffled.txt" "$work/built.fsdb"
