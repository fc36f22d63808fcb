#!/bin/sh
# Part of run.sh: reading feeds of each format, and rounds over many feeds.
set -eu
build=$1 bin=$3 work=$(realpath "$4")
rounds=3 names=1000000 feeds=10

head -n $names "$work/listed.txt" >"$work/part.txt"
names=$(wc -l <"$work/part.txt")

as() { # FORMAT: the names in it
	case $1 in
	domains) cat ;;
	wildcard) sed 's/^/*./' ;;
	hosts) sed 's/^/0.0.0.0 /' ;;
	adblock) sed 's/.*/||&^/' ;;
	dnsmasq) sed 's/.*/address=\/&\//' ;;
	unbound) sed 's/.*/local-zone: "&." always_nxdomain/' ;;
	rpz) awk '{ print $1, "CNAME .\n*." $1, "CNAME ." }' ;;
	urls) sed 's/.*/http:\/\/&\/a?b/' ;;
	csv) awk 'BEGIN { print "id,url" } { print NR ",http://" $1 "/" }' ;;
	ndjson) sed 's/.*/{"domain":"&"}/' ;;
	json) awk 'BEGIN { print "[" } { printf "%s\"%s\"\n", sep, $1; sep = "," }
		END { print "]" }' ;;
	esac
}

# The middle of the numbers in column COLUMN of FILE.
median() {
	sort -n -k "$2,$2" "$1" | awk -v column="$2" '{ v[NR] = $column }
		END { print v[int((NR + 1) / 2)] }'
}

formats="domains wildcard hosts adblock dnsmasq unbound rpz urls csv ndjson json"
for format in $formats; do
	as "$format" <"$work/part.txt" >"$work/feed.$format"
done
for round in $(seq $rounds); do
	for format in $formats; do
		"$bin/spend" "$build/fraudsink-feeds" build -q --threads 1 \
			--format "$format" -o "$work/feed.fsdb" \
			"$work/feed.$format" 3>>"$work/feed.$format.spent"
	done
done
echo
echo "### Reading $names names, one parsing thread, with the whole build, medians of $rounds"
echo
echo "| format | lines | CPU s | million lines a CPU second | target | | MB |"
echo "|---|---|---|---|---|---|---|"
for format in $formats; do
	echo "$format" "$(wc -l <"$work/feed.$format")" \
		"$(median "$work/feed.$format.spent" 3)" \
		"$(median "$work/feed.$format.spent" 2)"
done | awk '{
	target = ""
	if ($1 ~ /^(domains|hosts|wildcard)$/)
		target = 1
	else if ($1 ~ /^(adblock|rpz)$/)
		target = 0.4
	speed = $2 / $3 / 1e6
	met = target == "" ? "" : (speed < target ? "MISSED" : "met")
	printf "| %s | %d | %.2f | %.2f | %s | %s | %.0f |\n",
		$1, $2, $3, speed, target, met, $4 }'

# ---- rounds ----

{
	echo "state = \"$work/state\""
	echo "database = \"$work/sync.fsdb\""
	for i in $(seq $feeds); do
		awk -v i="$i" -v n=$feeds 'NR % n == i - 1 || NR % 97 == 0' \
			"$work/part.txt" >"$work/sync.$i"
		echo "feed \"f$i\" { url = \"$work/sync.$i\" }"
	done
} >"$work/feeds.conf"
sync() { # WHAT
	"$bin/spend" "$build/fraudsink-feeds" sync -q -c "$work/feeds.conf" \
		3>>"$work/sync.$1.spent"
}
for round in $(seq $rounds); do
	rm -rf "$work/state"
	sync first
	sync nothing
	echo "changed-$round.example" >>"$work/sync.1"
	sync one
done
echo
echo "### Rounds over $feeds feeds of $names names together, medians of $rounds"
echo
echo "| round | s | of the first | MB |"
echo "|---|---|---|---|"
for what in first nothing one; do
	echo $what "$(median "$work/sync.$what.spent" 1)" \
		"$(median "$work/sync.$what.spent" 2)"
done | awk '{
	if (NR == 1) first = $2
	name["first"] = "the first"
	name["nothing"] = "nothing changed"
	name["one"] = "one feed changed"
	printf "| %s | %.2f | %.2f | %.0f |\n", name[$1], $2, $2 / first, $3 }'
rm -rf "$work/state" "$work"/feed.* "$work"/sync.*
