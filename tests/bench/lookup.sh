#!/bin/sh
# Part of run.sh: look-ups against other structures, time and instructions.
set -eu
build=$1 bin=$3 work=$4

"$build/fraudsink-feeds" build -q --secret -o "$work/secret.fsdb" \
	"$work/listed.txt"
taskset -c "$(($(nproc) - 1))" "$bin/lookup" "$work" "$work/legit.csv"

# Counted, not timed: the same on every machine of a kind.
mkdir "$work/counts"
valgrind -q --tool=callgrind --instr-atstart=no \
	--callgrind-out-file="$work/counts/out" \
	"$bin/lookup" --count "$work" "$work/legit.csv" \
	>"$work/counts/log" 2>&1 || { cat "$work/counts/log" >&2; exit 1; }
echo
echo "### Instructions a look-up, front end included (callgrind)"
echo
awk -F': *' '
	/^desc: Trigger: Client Request/ { split($0, what, ":"); load = what[4]
		kind = what[5]; n = what[6]; sub(/^ /, "", load) }
	/^totals/ { count[kind, load] = $2 / n
		if (!(kind in seen)) { seen[kind] = 1; order[++kinds] = kind } }
	function row(kind, load, most) {
		printf "| fraudsink, %-8s | %5d | %5d | %s |\n", load,
			count[kind, load], most,
			count[kind, load] <= most ? "met" : "MISSED" }
	END {
		printf "| %-18s | popular | unique | listed |\n", ""
		print "|--------------------|---------|--------|--------|"
		for (i = 1; i <= kinds; i++) printf "| %-18s | %7d | %6d | %6d |\n",
			order[i], count[order[i], "popular"],
			count[order[i], "unique"], count[order[i], "listed"]
		print "\n|                     |    is | target | |"
		print "|---------------------|-------|-------|---|"
		row("fraudsink", "popular", 550)
		row("fraudsink", "unique", 550)
		row("fraudsink", "listed", 1400)
		row("fraudsink, secret", "listed", 900)
	}' $(printf '%s\n' "$work"/counts/out.* | sort -t. -k2 -V)
rm -f "$work/secret.fsdb" "$work"/list.cdb "$work"/list.lmdb
