#!/bin/sh
# make demo: a list, compiled and blocked in a real Unbound on 127.0.0.1:5335.
#
#   tests/demo/demo.sh BUILD-FOLDER UNBOUND-TREE
#
# ONCE=1       show the answers and what was counted, and exit: 0, or 1 if some of
#              it is wrong
# LIST=FILE    block FILE (plain names or hosts; plain, gzip, xz or zstd)
# UPSTREAM=IP  where names that are not listed are asked; without it a local NSD
#              answers 192.0.2.1 for every name, and no internet is needed
# DATA=FOLDER  where real feeds may lie
# CLICKHOUSE=URL  a server for what is counted; it is asked, too (database
#              fraudsink_demo, made anew)
set -eu

build=$1
unbound=$2
port=5335
upstream_port=5336
run=build/demo
feeds=$build/fraudsink-feeds
stats=$build/fraudsink-stats

mkdir -p "$run"
run=$(cd "$run" && pwd)
module=$(cd "$build" && pwd)/fraudsink.so
pids=
stop() {
	for p in $pids; do
		kill "$p" 2>/dev/null || true
		wait "$p" 2>/dev/null || true
	done
	pids=
}
trap stop EXIT
trap 'stop; trap - INT; exit 0' INT TERM

fail() {
	echo "demo: $*" >&2
	exit 1
}

ask() { # SERVER-PORT NAME: rcode, addresses
	dig +time=1 +tries=1 @127.0.0.1 -p "$1" "$2" A 2>/dev/null |
		sed -n 's/.*status: \([A-Z]*\).*/\1/p; s/^[^;].*[[:space:]]A[[:space:]]\(.*\)$/\1/p; s/^; \(EDE: .*\)/(\1)/p' |
		tr '\n' ' '
}

wait_for() { # PORT WHAT LOG
	tries=0
	until [ -n "$(ask "$1" readiness.invalid)" ]; do
		tries=$((tries + 1))
		if [ $tries -gt 50 ] || ! kill -0 "${pids##* }" 2>/dev/null; then
			tail -n 5 "$3" >&2
			fail "$2 does not answer on 127.0.0.1 port $1"
		fi
	done
}

# Another server on the port would share the queries with ours.
free() { # PORT
	[ -z "$(ask "$1" readiness.invalid)" ] || fail "something answers on 127.0.0.1 port $1 already, perhaps another demo; end it first"
}
free $port
[ -n "${UPSTREAM-}" ] || free $upstream_port

# ---- the list ----

list=${LIST-}
if [ -z "$list" ]; then
	for f in "${DATA:-none}"/feeds/domains/UT1__phishing*.zst tests/demo/sample.txt; do
		[ -f "$f" ] && list=$f && break
	done
fi
[ -f "$list" ] || fail "no list '$list'"
echo "== compile $list"
"$feeds" build -o "$run/blocklist.fsdb" --category phishing "$list"

# What the list says of NAME: NXDOMAIN (listed), NOERROR, or "" (no name).
says() {
	rc=0
	"$feeds" lookup -d "$run/blocklist.fsdb" "$1" >/dev/null 2>&1 || rc=$?
	case $rc in
	0) echo NXDOMAIN ;;
	1) echo NOERROR ;;
	esac
}

# An entry to show, with nothing else listed around it: one that stands for its
# subtree, or else '*.x' or '=x'.
listed=
for kind in '' '[*]\.' '='; do
	for entry in $("$feeds" dump -d "$run/blocklist.fsdb" | grep -m 100 -E "^$kind[a-z0-9_][a-z0-9._-]*\$" | sed 's/^[*]/below/'); do
		itself=NXDOMAIN
		below=NXDOMAIN
		name=$entry
		case $kind in
		'[*]\.') itself=NOERROR name=${entry#below.} ;;
		'=') below=NOERROR name=${entry#=} ;;
		esac
		[ "$(says "$name") $(says "www.$name")" = "$itself $below" ] || continue
		[ "$(says "not$name")" != NXDOMAIN ] || continue
		listed=$name
		break 2
	done
done
[ -n "$listed" ] || fail "the list has no plain name to show"

# ---- an upstream ----

if [ -z "${UPSTREAM-}" ]; then
	cat >"$run/root.zone" <<-ZONE
		. 3600 IN SOA localhost. nobody.invalid. 1 3600 1200 604800 60
		. 3600 IN NS localhost.
		* 60 IN A 192.0.2.1
	ZONE
	cat >"$run/nsd.conf" <<-CONF
		server:
			ip-address: 127.0.0.1@$upstream_port
			username: ""
			chroot: ""
			database: ""
			zonesdir: "$run"
			zonelistfile: "$run/nsd-zones"
			xfrdfile: "$run/nsd-xfrd"
			pidfile: "$run/nsd.pid"
			server-count: 1
		remote-control:
			control-enable: no
		zone:
			name: "."
			zonefile: "root.zone"
	CONF
	PATH=$PATH:/usr/sbin nsd -d -c "$run/nsd.conf" >"$run/nsd.log" 2>&1 &
	pids="$pids $!"
	wait_for $upstream_port "the upstream NSD" "$run/nsd.log"
	upstream="127.0.0.1@$upstream_port"
else
	upstream=$UPSTREAM
fi

# ---- the resolver ----

cat >"$run/unbound.conf" <<CONF
server:
	interface: 127.0.0.1@$port
	access-control: 127.0.0.0/8 allow
	username: ""
	chroot: ""
	directory: "$run"
	pidfile: "$run/unbound.pid"
	use-syslog: no
	logfile: ""
	do-not-query-localhost: no
	domain-insecure: "."
	local-zone: "example." nodefault
	local-zone: "invalid." nodefault
	local-zone: "test." nodefault
	module-config: "dynlib iterator"
dynlib:
	dynlib-file: "$module"
remote-control:
	control-enable: no
forward-zone:
	name: "."
	forward-addr: $upstream
CONF
echo "== start Unbound $(sh module/unbound.sh --describe "$unbound" | cut -d ' ' -f 1) with fraudsink.so on 127.0.0.1 port $port"
rm -f "$run/ring" "$run"/stats.db* "$run"/journal* # what an earlier demo counted
FRAUDSINK_DB=$run/blocklist.fsdb FRAUDSINK_RING=$run/ring "$unbound/unbound" -d -c "$run/unbound.conf" >"$run/unbound.log" 2>&1 &
pids="$pids $!"
wait_for $port "Unbound" "$run/unbound.log"
grep 'is in force' "$run/unbound.log" | sed 's/.*fraudsink: /   /'

# ---- the answers ----

wrong=0
show() { # NAME WHAT EXPECTED-RCODE
	answer=$(ask $port "$1")
	verdict=ok
	case $answer in
	"$3 "*) ;;
	"NXDOMAIN "*Blocked*) verdict="WRONG, expected $3"; wrong=1 ;;
	"NXDOMAIN "*) # who has an upstream may learn that there is no such name
		[ -n "${UPSTREAM-}" ] || { verdict="WRONG, expected $3"; wrong=1; } ;;
	*) verdict="WRONG, expected $3"; wrong=1 ;;
	esac
	printf '   %-44s %-16s %s[%s]\n' "$1" "$2" "$answer" "$verdict"
}
echo "== ask it"
[ $itself = NXDOMAIN ] && what="listed" || what="not itself"
show "$listed" "$what" $itself
show "www.$listed" "below it" $below
for name in "not$listed" www.not-listed-anywhere.org; do
	[ "$(says "$name")" != NOERROR ] || show "$name" "not listed" NOERROR
done
echo "== why"
"$feeds" lookup -d "$run/blocklist.fsdb" "$listed" "www.$listed" | sed 's/^/   /' || true


# ---- what was counted ----

cat >"$run/stats.conf" <<CONF
rings = { "$run/ring" }
host = "demo"
interval = 1s
database = "$run/stats.db"
journal = "$run/journal"
key-file = "$run/stats.key"
feeds-state = "$run/feeds"
CONF
where=
if [ -n "${CLICKHOUSE-}" ]; then
	where=" (in ClickHouse)"
	cat >>"$run/stats.conf" <<-CONF
	store = clickhouse
	clickhouse {
		url = "$CLICKHOUSE"
		database = "fraudsink_demo"
	}
	CONF
	curl -sf "$CLICKHOUSE" --data-binary 'DROP DATABASE IF EXISTS fraudsink_demo' ||
		fail "no ClickHouse answers at $CLICKHOUSE"
	"$stats" init -c "$run/stats.conf"
fi
echo "== count it$where"
"$stats" collect --once -c "$run/stats.conf"
"$stats" top names -c "$run/stats.conf" | sed 's/^./   &/'
"$stats" top names --csv --limit 0 -c "$run/stats.conf" 2>/dev/null | grep -q "^$listed," || {
	echo "   WRONG, '$listed' is not counted"
	wrong=1
}

if [ -n "${ONCE-}" ]; then
	stop
	exit $wrong
fi
"$stats" collect -c "$run/stats.conf" >"$run/collect.log" 2>&1 &
pids="$pids $!"
cat <<TEXT
== try it
   dig @127.0.0.1 -p $port $listed
   $stats top names -c build/demo/stats.conf   (a second later; also: series, feeds, live)
   $feeds lookup -d build/demo/blocklist.fsdb NAME
   $feeds build -o build/demo/blocklist.fsdb OTHER-LIST   (taken up at once)
Ctrl-C ends it.
TEXT
# Whichever ends first, Ctrl-C or a server.
wait
