#!/bin/sh
# Part of run.sh: look-ups against other structures, time and instructions.
set -eu
build=$1 bin=$3 work=$4

"$build/fraudsink-feeds" build -q --secret -o "$work/secret.fsdb" \
	"$work/listed.txt"
taskset -c "$(($(nproc) - 1))" "$bin/lookup" "$work" "$work/legit.csv" \
	3>>"$work/targets"

# Counted, not timed: the same on every machine of a kind.
mkdir "$work/counts"
valgrind -q --tool=callgrind --instr-atstart=no \
	--callgrind-out-file="$work/counts/out" \
	"$bin/lookup" --count "$work" "$work/legit.csv" \
	>"$work/counts/log" 2>&1 || { cat "$work/counts/log" >&2; exit 1; }
echo
echo "### Instructions a look-up, front end included (callgrind)"
echo
awk -v targets="$work/targets" '
	/^desc: Trigger: Client Request/ {
		split($0, what, /: */); load = what[4]; kind = what[5]
		n = what[6] }
	/^totals/ { count[kind, load] = $2 / n
		if (!(kind in seen)) { seen[kind] = 1; order[++kinds] = kind } }
	function target(kind, load, most) {
		printf "instructions, %s, %s\t%d\t%d\n", kind, load,
			count[kind, load], most >>targets }
	END {
		printf "| %-19s | popular | unique | listed |\n", ""
		print "|---------------------|---------|--------|--------|"
		for (i = 1; i <= kinds; i++) printf "| %-19s | %7d | %6d | %6d |\n",
			order[i], count[order[i], "popular"],
			count[order[i], "unique"], count[order[i], "listed"]
		target("fraudsink", "popular", 550)
		target("fraudsink", "unique", 550)
		target("fraudsink", "listed", 700)
		target("fraudsink, secret", "listed", 700)
	}' $(printf '%s\n' "$work"/counts/out.* | sort -t. -k2 -V)
rm -rf "$work/secret.fsdb" "$work/list.cdb" "$work"/list.lmdb* "$work/counts"
