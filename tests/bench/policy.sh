#!/bin/sh
# Part of run.sh: what a policy costs, with 100 groups of 1,000 prefixes and
# 1,000 rules: a verdict, and a query to a resolver with two workers.
set -eu
build=$(cd "$1" && pwd) unbound=$2 bin=$3 work=$(cd "$4" && pwd)
names=${BENCH_POLICY_NAMES:-200000}
rounds=${BENCH_ROUNDS:-3} seconds=1
. tests/bench/servers.sh

# Names without those that a guard keeps out of a list.
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
				printf "%d.%d.%d.0/%d\n", 11 + n % 83, n / 256 % 256,
					n % 256, 24 >file
		}
		close(file)
	}
}'
cat "$here"/group* >"$here/prefixes"

feeds_conf() { # FOLDER
	mkdir -p "$here/$1"
	cat <<-END
	database = "$here/$1/list.fsdb"
	state = "$here/$1/state"
	feed "list" { url = "$here/candidates" format = domains max-bad = 100 }
	END
}
feeds_conf plain >"$here/plain.feeds"
{
	feeds_conf policy
	echo 'policy {'
	head -n 1000 "$here/candidates" |
		awk '{ printf "rule \"r%d\" { names = {\"%s\"} case = \"%d\" }\n", NR, $0, NR }'
	awk -v here="$here" 'BEGIN { for (g = 0; g < 100; g++)
		printf "group \"g%d\" { prefix-files = {\"%s/group%d\"} ttl = %d }\n",
			g, here, g, 60 + g }'
	# The client of the measurement is in one, too.
	echo 'group "here" { prefixes = {"127.0.0.0/8"} ttl = 30 } }'
} >"$here/policy.feeds"
for kind in plain policy; do
	"$build/fraudsink-feeds" sync -q --no-hooks -c "$here/$kind.feeds"
done
plain=$here/plain/list.fsdb policy=$here/policy/list.fsdb
"$build/fraudsink-feeds" dump -d "$plain" | grep -v '^[=*@]' >"$here/listed"

"$bin/policy" "$plain" "$policy" "$work/legit.csv" "$here/listed" \
	"$here/prefixes" 3>>"$work/targets"

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
for kind in bare plain policy; do
	n=1 modules="dynlib iterator"
	[ $kind != bare ] || { n=0 modules=iterator; }
	[ $kind != policy ] || n=2
	{
		printf 'server:\n  num-threads: 2\n'
		[ $kind = bare ] || printf 'dynlib:\n  dynlib-file: "%s"\n' "$module"
	} | configure $kind $((port + 1 + n)) "$modules"
done

# Processor time of a server so far, all threads, in nanoseconds.
used() { # NAME
	cat /proc/"$(cat "$here/$1.pid")"/task/*/schedstat |
		awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}
load() { # NAME PORT SET
	before=$(used "$1")
	dnsperf -s 127.0.0.1 -p "$2" -d "$here/$3" -l $seconds -c 8 -T 1 \
		>"$here/dnsperf.log" 2>&1 || { cat "$here/dnsperf.log" >&2; exit 1; }
	after=$(used "$1")
	awk -v ns=$((after - before)) -v what="$1 $3" '
		/Queries completed:/ { n = $3 }
		/Response codes:/ { codes = $0; sub(/.*codes: */, "", codes) }
		END { printf "%s %.4f %s\n", what, ns / n / 1000, codes }' \
		"$here/dnsperf.log" >>"$here/loads"
}
start_upstream
FRAUDSINK_DB= start_unbound bare $((port + 1)) "$probe" passed "$unbound/unbound"
for kind in plain policy; do
	n=2
	[ $kind = plain ] || n=3
	FRAUDSINK_DB="$here/$kind/list.fsdb" start_unbound $kind $((port + n)) \
		"$probe" blocked "$unbound/unbound"
done
for round in warm $(seq $((3 * rounds))); do
	load bare $((port + 1)) legit
	for set in legit blocked; do
		load plain $((port + 2)) $set
		load policy $((port + 3)) $set
	done
	[ "$round" != warm ] || : >"$here/loads"
done
awk '$4 != ($2 == "legit" ? "NOERROR" : "NXDOMAIN") || $6 != "(100.00%)" {
		bad = 1 }
	END { exit bad }' "$here/loads" ||
	{ echo "bench: wrong answers:" >&2; cat "$here/loads" >&2; exit 1; }

# The median of NAME's times with SET, and of their ratios to bare's of the
# same round.
median_of() { # NAME SET us|ratio
	awk -v name="$1" -v set="$2" -v what="$3" '
		$1 == "bare" { bare = $3 }
		$1 == name && $2 == set { print what == "us" ? $3 : $3 / bare }' \
		"$here/loads" | sort -n |
		awk '{ v[NR] = $1 } END { printf "%.3f\n", v[int((NR + 1) / 2)] }'
}
echo
echo "### Unbound with two workers: processor time a query"
echo
echo "| | legit us | to bare | blocked us | to bare |"
echo "|---|---|---|---|---|"
printf '| without the module | %s | 1 | - | - |\n' "$(median_of bare legit us)"
for kind in plain policy; do
	printf '| list, %s policy | %s | %s | %s | %s |\n' \
		"$([ $kind = plain ] && echo without || echo with)" \
		"$(median_of $kind legit us)" "$(median_of $kind legit ratio)" \
		"$(median_of $kind blocked us)" "$(median_of $kind blocked ratio)"
done
printf 'CPU with a policy to plain cached, legitimate\t%s\t1.02\n' \
	"$(median_of policy legit ratio)" >>"$work/targets"
printf 'CPU with a policy to plain cached, blocked\t%s\t1.10\n' \
	"$(median_of policy blocked ratio)" >>"$work/targets"
