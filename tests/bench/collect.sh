#!/bin/sh
# Part of run.sh: events a second into SQLite, and what they take there; and
# into ClickHouse (by way of SQLite), if there is a server.
set -eu
build=$1 bin=$3 work=$(realpath "$4")
rate=200000

# Rings lie in memory.
ring=$(mktemp -d /dev/shm/fraudsink-bench-XXXXXX)
server=
trap 'rm -rf "$ring"; [ -z "$server" ] || kill "$server" && wait "$server" || true' EXIT
trap 'exit 130' INT TERM
country=
mmdb=${FRAUDSINK_TEST_DATA:-../shared/data}/mmdb/real/iptoasn-country.mmdb.zst
if [ -f "$mmdb" ]; then
	zstd -dqf "$mmdb" -o "$work/country.mmdb"
	country="country-db = \"$work/country.mmdb\""
fi

# ---- ClickHouse ----

http=${BENCH_CLICKHOUSE_PORT:-25390}
clickhouse=
start_clickhouse() {
	rm -rf "$work/clickhouse"
	mkdir -p "$work/clickhouse/data" "$work/clickhouse/tmp"
	cd "$work/clickhouse"
	cat >config.xml <<-END
	<yandex><logger><level>warning</level><log>$PWD/log</log>
	<errorlog>$PWD/err</errorlog></logger>
	<http_port>$http</http_port><tcp_port>$((http + 1))</tcp_port>
	<listen_host>127.0.0.1</listen_host><path>$PWD/data/</path>
	<tmp_path>$PWD/tmp/</tmp_path><mark_cache_size>67108864</mark_cache_size>
	<users_config>users.xml</users_config>
	<default_profile>default</default_profile>
	<default_database>default</default_database></yandex>
	END
	cat >users.xml <<-END
	<yandex><profiles><default/></profiles><users><default><password/>
	<networks><ip>127.0.0.1</ip></networks><profile>default</profile>
	<quota>default</quota></default></users><quotas><default/></quotas></yandex>
	END
	clickhouse-server --config-file=config.xml >out 2>&1 &
	server=$!
	cd - >/dev/null
	tries=0
	until curl -sf "http://127.0.0.1:$http/ping" >/dev/null; do
		tries=$((tries + 1))
		if [ $tries -gt 300 ] || ! kill -0 $server 2>/dev/null; then
			tail -n 5 "$work/clickhouse/out" >&2
			echo "bench: ClickHouse did not start" >&2
			exit 1
		fi
		sleep 0.1
	done
	clickhouse="store = clickhouse
clickhouse { url = \"http://127.0.0.1:$http\" }"
	cat >"$work/init.conf" <<-END
	database = "$work/init.db"
	key-file = "$work/init.key"
	$clickhouse
	END
	"$build/fraudsink-stats" init -c "$work/init.conf"
}
PATH=$PATH:/usr/sbin
if command -v clickhouse-server >/dev/null; then
	start_clickhouse
else
	echo "skipped: there is no clickhouse-server"
fi
# Hits that have arrived there.
arrived() {
	"$build/fraudsink-stats" top groups --limit 0 --csv \
		-c "$work/collect/stats.conf" 2>/dev/null |
		awk -F, 'NR > 1 { n += $2 } END { print n + 0 }'
}

# ---- measuring ----

echo
echo "### Collecting, $rate events a second"
echo
echo "| store, ring | s | events | dropped | of a processor | events / s of it | MB of memory | MB a million |"
echo "|---|---|---|---|---|---|---|---|"
while read -r store room events seconds; do
	more=
	if [ "$store" = ClickHouse ]; then
		[ -n "$clickhouse" ] || continue
		more=$clickhouse
	fi
	rm -rf "$work/collect"
	mkdir "$work/collect"
	row=$("$bin/collect" "$build/fraudsink-stats" "$work/collect" "$ring" \
		"$room" $rate "$seconds" "$country" "events = $events" "$more" \
		2>"$work/collect.log") || {
		cat "$work/collect.log" >&2
		exit 1
	}
	if [ -n "$more" ]; then
		all=$(arrived) stored=${row#* * }
		[ "$all" = "${stored%% *}" ] || {
			echo "bench: of ${stored%% *} events $all are in ClickHouse" >&2
			exit 1
		}
	fi
	echo "$store $room $events $seconds $row"
done >"$work/collect.rows" <<EOF
SQLite 8192 no 30
SQLite 16384 no 10
SQLite 8192 yes 10
ClickHouse 8192 no 20
EOF
awk -v targets="$work/targets" '{
	kept = $3 == "yes"
	printf "| %s, 4 x %d%s | %d | %d | %d | %.0f %% | %d | %d | %.1f |\n", $1,
		$2, (kept ? ", events kept" : ""), $4, $5, $6, 100 * $8 / $9,
		$7 / $8, $11 / 1024, $10 / $7
	if (NR == 1) {
		printf "collecting, events dropped of %d\t%d\t0\n", $5, $6 >>targets
		printf "collecting, %% of a processor\t%.0f\t100\n", 100 * $8 / $9 >>targets
	}
	if ($1 == "ClickHouse")
		printf "into ClickHouse, us of a processor an event\t%.2f\t5\n", 1e6 * $8 / $7 >>targets
	}' "$work/collect.rows"
