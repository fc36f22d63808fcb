#!/bin/sh
# Part of run.sh: what a policy costs, with 100 groups of 1,000 prefixes and
# 1,000 rules: a match, a verdict, and a query to a resolver with two workers.
set -eu
build=$(cd "$1" && pwd) unbound=$2 bin=$3 work=$(cd "$4" && pwd)
names=${BENCH_POLICY_NAMES:-500000}
rounds=${BENCH_ROUNDS:-3} seconds=0.8 sockets=8 # so that both workers are met
. tests/bench/servers.sh

# Names that all variants block; prefixes, a quarter of them of IPv6.
awk 'length($0) < 200' "$work/listed.txt" |
	shuf --random-source="$work/listed.txt" -n "$names" >"$here/candidates"
awk -v here="$here" 'BEGIN {
	for (g = 0; g < 100; g++) {
		file = sprintf("%s/group%d", here, g)
		for (i = 0; i < 1000; i++) {
			n = g * 1000 + i
			if (i % 4 == 0)
				printf "2001:db8:%x:%x::/64\n", n / 65536, n % 65536 >file
			else
				printf "%d.%d.%d.0/24\n", 11 + n % 83, n / 256 % 256,
					n % 256 >file
		}
		close(file)
		file = sprintf("%s/own%d", here, g)
		for (i = 0; i < 10; i++)
			printf "name%d.group%d.example\n", i, g >file
		close(file)
	} }'
cat "$here"/group* >"$here/prefixes"

# The same list without a policy, with rules and groups, and with groups that
# have lists of their own.  The client of the measurement is in a group, too.
feeds_conf() { # plain|policy|lists
	mkdir -p "$here/$1"
	cat <<-END
	database = "$here/$1/list.fsdb"
	state = "$here/$1/state"
	feed "list" { url = "$here/candidates" format = domains max-bad = 100 }
	END
	[ "$1" != plain ] || return 0
	echo 'policy {'
	awk 'NR > 1000 { exit }
		{ printf "rule \"r%d\" { names = {\"%s\"} ttl = %d }\n", NR, $0, 1000 + NR }' \
		"$here/candidates"
	awk -v here="$here" -v own="$([ "$1" = policy ] || echo 1)" 'BEGIN {
		for (g = 0; g < 100; g++) {
			block = own ? sprintf("block-files = {\"%s/own%d\"}", here, g) : ""
			printf "group \"g%d\" { prefix-files = {\"%s/group%d\"} ttl = %d %s }\n",
				g, here, g, 60 + g, block } }'
	echo 'group "here" { prefixes = {"127.0.0.0/8"} ttl = 30 } }'
}
for kind in plain policy lists; do
	feeds_conf $kind >"$here/$kind.feeds"
	"$build/fraudsink-feeds" sync -q --no-hooks -c "$here/$kind.feeds"
done
"$build/fraudsink-feeds" dump -d "$here/plain/list.fsdb" | grep -v '^[=*@]' \
	>"$here/listed"
taskset -c $client_core "$bin/policy" "$work/legit.csv" "$here/listed" \
	"$here/prefixes" "without a policy=$here/plain/list.fsdb" \
	"1,000 rules and groups=$here/policy/list.fsdb" \
	"groups with own lists=$here/lists/list.fsdb" 3>>"$work/targets"

# ---- a resolver with two workers ----

module=$build/fraudsink.so
if [ ! -f "$module" ]; then
	echo "skipped: no '$module'"
	exit
fi
awk 'NR <= 2000 { print $0, "A" }' "$here/listed" >"$here/blocked"
sed 's/^[^,]*,//; s/\r$//' "$work/legit.csv" | awk '/\./ { print $0, "A"; n++ }
	n == 2000 { exit }' >"$here/legit"
probe=$(awk '{ print $1; exit }' "$here/blocked")
{ echo server:; echo "  num-threads: 2"; } >"$here/two"
configure bare $((port + 1)) iterator <"$here/two"
n=2
for kind in plain policy lists; do
	{
		cat "$here/two"
		printf 'dynlib:\n  dynlib-file: "%s"\n' "$module"
	} | configure $kind $((port + n)) "dynlib iterator"
	n=$((n + 1))
done

# All in turn, with bare before, between and after.
rounds_of() { # ROUNDS...
	for round in "$@"; do
		n=2
		for kind in plain policy lists; do
			load bare $((port + 1)) legit
			for set in legit blocked; do
				load $kind $((port + n)) $set
			done
			n=$((n + 1))
		done
	done
	load bare $((port + 1)) legit
}

# Where a process happens to lie in memory makes a difference of its own, so
# they are started several times.  The workers share a processor.  What telling
# costs ring.sh measures.
export FRAUDSINK_RING=
start_upstream
on_core="taskset -c $server_core $unbound/unbound"
: >"$here/loads"
for i in 1 2 3; do
	start_unbound bare $((port + 1)) "$probe" passed $on_core
	n=2
	for kind in plain policy lists; do
		FRAUDSINK_DB="$here/$kind/list.fsdb" start_unbound $kind \
			$((port + n)) "$probe" blocked $on_core
		n=$((n + 1))
	done
	cp "$here/loads" "$here/loads.before"
	rounds_of warm
	mv "$here/loads.before" "$here/loads"
	rounds_of $(seq "$rounds")
	for kind in bare plain policy lists; do
		stop_unbound $kind
	done
done
check_loads
# The median ratio to the module without a policy, in the same round.
to_plain() { # NAME SET
	awk -v name="$1" -v set="$2" '
		$1 == "plain" && $2 == set { plain = $3 }
		$1 == name && $2 == set { printf "%.3f\n", $3 / plain }' \
		"$here/loads" >"$here/ratios"
	median "$here/ratios"
}
row() { # NAME WHAT
	printf "| %-22s | %8.2f | %7s | %9s | %10.2f | %7s | %9s |\n" "$2" \
		"$(us_of $1 legit)" "$(ratio_to bare $1 legit)" "$(to_plain $1 legit)" \
		"$(us_of $1 blocked)" "$(ratio_to bare $1 blocked)" "$(to_plain $1 blocked)"
}
echo
echo "### Unbound with two workers, medians of 3 starts of $rounds rounds"
echo
echo "us: processor time of the server a query; to bare: to a cached answer of"
echo "the server without the module; to module: to the module with the same list"
echo "and no policy"
echo
echo "|                        | legit us | to bare | to module | blocked us | to bare | to module |"
echo "|---|---|---|---|---|---|---|"
printf "| %-22s | %8.2f |       1 |         - |          - |       - |         - |\n" \
	"without the module" "$(us_of bare legit)"
row plain "module, no policy"
row policy "1,000 rules and groups"
row lists "groups with own lists"
for set in legit blocked; do
	most=1.10 what=blocked
	[ $set = blocked ] || { most=1.02 what="legitimate cached"; }
	target "CPU to plain cached, policy, $what" "$(ratio_to bare policy $set)" $most
	target "the same, own lists, $what" "$(ratio_to bare lists $set)" $most
done
