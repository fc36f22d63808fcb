# Sourced by resolver.sh, policy.sh, ring.sh and swap.sh: starts NSD and
# Unbound, stops them at the end.  Uses $bin and $work; ports from $BENCH_PORT on.
port=${BENCH_PORT:-25300}
here=$work/servers
rm -rf "$here"
mkdir -p "$here"
pids=
cores=$(nproc)
server_core=0 client_core=$((cores - 1))

stop_servers() {
	for pid in $pids; do
		kill "$pid" 2>/dev/null || true
	done
	wait
	pids=
}
trap stop_servers EXIT
trap 'exit 130' INT TERM

# Says why a server did not start, and ends.
no_start() { # LOG
	echo "bench: a server did not start:" >&2
	tail -n 5 "$1" >&2
	exit 1
}

# Every name in the world has an address here.
start_upstream() {
	cat >"$here/root.zone" <<-'END'
	. 86400 IN SOA ns.bench. hostmaster.bench. 1 3600 600 86400 60
	. 86400 IN NS ns.bench.
	ns.bench. 86400 IN A 127.0.0.1
	*. 86400 IN A 192.0.2.1
	END
	cat >"$here/nsd.conf" <<-END
	server:
	  ip-address: 127.0.0.1@$port
	  server-count: 1
	  username: ""
	  pidfile: ""
	  database: ""
	  zonesdir: "$here"
	  zonelistfile: "$here/zone.list"
	  xfrdfile: "$here/xfrd.state"
	  xfrdir: "$here"
	  rrl-ratelimit: 0
	remote-control:
	  control-enable: no
	zone:
	  name: "."
	  zonefile: "$here/root.zone"
	END
	taskset -c $client_core nsd -d -c "$here/nsd.conf" >"$here/nsd.log" 2>&1 &
	pids="$pids $!"
	"$bin/client" ready $port upstream.test "$(date +%s%N)" passed \
		>/dev/null || no_start "$here/nsd.log"
}

# One worker, no validation, the same caches for all.  More lines of
# configuration come from standard input.
configure() { # NAME PORT MODULES
	cat >"$here/$1.conf" <<-END
	server:
	  interface: 127.0.0.1
	  port: $2
	  num-threads: 1
	  do-daemonize: no
	  username: ""
	  chroot: ""
	  directory: "$here"
	  pidfile: ""
	  use-syslog: no
	  logfile: "$here/$1.log"
	  verbosity: 0
	  do-ip6: no
	  do-not-query-localhost: no
	  msg-cache-size: 32m
	  rrset-cache-size: 64m
	  so-rcvbuf: 4m
	  module-config: "$3"
	forward-zone:
	  name: "."
	  forward-addr: 127.0.0.1@$port
	remote-control:
	  control-enable: no
	END
	cat >>"$here/$1.conf"
}

# Prints the seconds from the start to the first right answer about the name
# PROBE; the process id is in $here/NAME.pid.
start_unbound() { # NAME PORT PROBE blocked|passed COMMAND...
	name=$1 probe_port=$2 probe=$3 want=$4
	shift 4
	since=$(date +%s%N)
	"$@" -c "$here/$name.conf" >>"$here/$name.log" 2>&1 &
	echo $! >"$here/$name.pid"
	pids="$pids $!"
	timeout 300 "$bin/client" ready "$probe_port" "$probe" "$since" "$want" \
		>"$here/$name.ready" || no_start "$here/$name.log"
}

stop_unbound() { # NAME
	kill "$(cat "$here/$1.pid")"
	wait "$(cat "$here/$1.pid")" || true
}

megabytes() { # NAME
	awk '/^VmRSS/ { printf "%.1f\n", $2 / 1024 }' \
		/proc/"$(cat "$here/$1.pid")"/status
}

# Processor time of a server so far, all threads, in nanoseconds.
used() { # NAME
	cat /proc/"$(cat "$here/$1.pid")"/task/*/schedstat |
		awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

# Asks for $seconds as fast as it answers, from $sockets; appends to the file
# loads: NAME, SET, microseconds of the server's time a query, the answers.
load() { # NAME PORT SET
	before=$(used "$1")
	taskset -c $client_core dnsperf -s 127.0.0.1 -p "$2" -d "$here/$3" \
		-l $seconds -c $sockets -T 1 >"$here/dnsperf.log" 2>&1 ||
		{ cat "$here/dnsperf.log" >&2; exit 1; }
	after=$(used "$1")
	awk -v ns=$((after - before)) -v what="$1 $3" '
		/Queries completed:/ { n = $3 }
		/Response codes:/ { codes = $0; sub(/.*codes: */, "", codes) }
		END { printf "%s %.4f %s\n", what, ns / n / 1000, codes }' \
		"$here/dnsperf.log" >>"$here/loads"
}

# Ends if anything else was measured than was meant to be.
check_loads() {
	awk '$4 != ($2 == "legit" ? "NOERROR" : "NXDOMAIN") || $6 != "(100.00%)" {
			bad = 1 }
		END { exit bad }' "$here/loads" ||
		{ echo "bench: wrong answers:" >&2; cat "$here/loads" >&2; exit 1; }
}

median() { # FILE
	sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

# The median time of NAME with SET.
us_of() { # NAME SET
	awk -v name="$1" -v set="$2" '$1 == name && $2 == set { print $3 }' \
		"$here/loads" >"$here/times"
	median "$here/times"
}

# The median ratio of NAME with SET to the server BASE just before and after.
ratio_to() { # BASE NAME SET
	awk -v base="$1" -v name="$2" -v set="$3" '
		$1 == base { for (i = 1; i <= n; i++)
				printf "%.3f\n", 2 * v[i] / (before + $3)
			before = $3; n = 0 }
		$1 == name && $2 == set { v[++n] = $3 }' "$here/loads" >"$here/ratios"
	median "$here/ratios"
}

target() { # WHAT IS MOST
	printf '%s\t%.3f\t%s\n' "$1" "$2" "$3" >>"$work/targets"
}
