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
