#!/bin/sh
# Part of run.sh: what clients see while the list is replaced under load.
set -eu
build=$(cd "$1" && pwd) unbound=$2 bin=$3 work=$(cd "$4" && pwd)
. tests/bench/servers.sh

module=$build/fraudsink.so
if [ ! -f "$module" ]; then
	echo "skipped: no '$module'"
	exit
fi

listed=swapped-name.example
echo $listed >"$here/extra.txt"
live=$here/live.fsdb
make_db="$build/fraudsink-feeds build -q"
$make_db -o "$here/on.fsdb" "$work/listed.txt" "$here/extra.txt"
cp "$work/exact.fsdb" "$here/off.fsdb"
ln "$here/off.fsdb" "$live"
awk '/\./' "$work/legit.csv" | head -n 2000 >"$here/legit"

start_upstream
configure swap $((port + 2)) "dynlib iterator" <<END
dynlib:
  dynlib-file: "$module"
END
export FRAUDSINK_DB="$live"
start_unbound swap $((port + 2)) "$(head -n 1 "$work/listed.txt")" blocked \
	"$unbound/unbound"

# The files are ready and only renamed; and built in place, which takes
# processor time from the server and the client.
publish() { echo "ln -f '$1' '$here/next' && mv -f '$here/next' '$live'"; }
in_place="taskset -c $client_core nice -n 19 $make_db --threads 1 -o '$live' '$work/listed.txt'"
run() { # TIMES COMMAND-ON COMMAND-OFF
	taskset -c $client_core "$bin/client" swap $((port + 2)) "$here/legit" \
		$listed "$live" "$1" "$2" "$3"
}
echo
echo "### Swap of the list under 10,000 queries a second"
echo
run 12 "$(publish "$here/on.fsdb")" "$(publish "$here/off.fsdb")" >"$here/renamed"
run 4 "$in_place '$here/extra.txt'" "$in_place" >"$here/built"
awk -v targets="$work/targets" '
	function row(what, unit, i) {
		printf "| %-46s | %12s | %14s |\n", what, a[1, i] unit, a[2, i] unit }
	function target(what, is, most) {
		print what "\t" is "\t" most >>targets }
	{ for (i = 1; i <= NF; i++) a[NR, i] = $i }
	END {
		printf "| %-46s | %12s | %14s |\n", "", "renamed", "built in place"
		print "|---|---|---|"
		row("answers", "", 1)
		row("lost while a list was taken up", "", 2)
		row("lost in quiet time", "", 19)
		row("wrong", "", 3)
		row("rename to first blocked answer, median", " ms", 10)
		row("  worst", " ms", 11)
		row("rename to all names below it blocked, median", " ms", 12)
		row("  worst", " ms", 13)
		row("rename to all resolved again, median", " ms", 16)
		row("  worst", " ms", 17)
		row("longest wait of the client itself", " ms", 18)
		row("answer in quiet time, median", " us", 4)
		row("  p99.9", " us", 5)
		row("  slowest", " us", 6)
		row("answer while a list is taken up, median", " us", 7)
		row("  p99.9", " us", 8)
		row("  slowest", " us", 9)
		target("swap: answers lost", a[1, 2] + a[2, 2], 0)
		target("swap: answers wrong", a[1, 3] + a[2, 3], 0)
		target("swap: worst time to the first blocked one, ms",
			a[1, 11] > a[2, 11] ? a[1, 11] : a[2, 11], 2000)
		target("swap: p99.9 to p99.9 in quiet time",
			sprintf("%.2f", a[1, 8] / a[1, 5]), 2)
	}' "$here/renamed" "$here/built"
