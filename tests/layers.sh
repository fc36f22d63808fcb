#!/bin/sh
# The folders' promises: who may include what.  One third-party library, one
# file a folder that includes it.
set -u

bad=0

# Includes of a folder that are not in a list: FOLDER, regular expression.
only() {
	grep -nE '^#[[:space:]]*include' "$1"/*.[ch] | grep -vE "$2" |
		while read -r line; do
			echo "$line: $1/ may not include this"
		done
}

libc='<(arpa/inet|assert|ctype|dirent|errno|fcntl|getopt|inttypes|langinfo|limits|locale|math|netdb|poll|pthread|sched|signal|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|string|strings|sys/(file|sendfile|ioctl|mman|random|resource|socket|stat|syscall|time|types|un|wait)|termios|time|unistd|emmintrin)\.h>'
out=$(
	only lib "$libc|\"lib/|lib/checksum\.c:.*<xxhash\.h>"
	only module "$libc|\"(lib|module)/|^module/unbound\.h:|^module/places\.c:.*<maxminddb\.h>"
	only feeds "$libc|\"(lib|feeds)/|<(bzlib|cdb|confuse|csv|curl/curl|idn2|jansson|ldns/ldns|libpsl|lzma|yaml|zip|zlib|zstd)\.h>"
	only stats "$libc|<(langinfo|locale|sys/ioctl|termios)\.h>|\"(lib|stats)/|<(confuse|curl/curl|jansson|maxminddb|microhttpd|openssl/[a-z]+|sqlite3)\.h>"
	# Third-party headers: in one file a folder (JSON is read and written
	# in two).
	for folder in lib module feeds stats; do
		# Two of its parts talk to servers, and have nothing in common.
		curl=curl/curl
		[ "$folder" != stats ] || curl=
		for h in $curl bzlib cdb confuse csv idn2 ldns/ldns libpsl lzma maxminddb microhttpd openssl/.* sqlite3 yaml zip zlib zstd xxhash; do
			files=$(grep -lE "^#include <$h\.h>" "$folder"/*.[ch])
			[ "$(echo "$files" | wc -w)" -le 1 ] || echo "$files" | tr '\n' ' ' | sed "s|\$|: more than one file includes <$h.h>|"
		done
	done
	grep -nE '^#include "(tests|contrib)/' lib/*.[ch] module/*.[ch] feeds/*.[ch] stats/*.[ch] | sed 's/$/: nothing includes tests or contrib/'
	# The library never prints and never ends the process.
	grep -nE '(^|[^a-z_])(printf|fprintf|puts|putchar|perror|exit|abort|syslog)\(' lib/*.[ch] | sed 's/$/: lib\/ never prints or exits/'
)
if [ -n "$out" ]; then
	echo "$out"
	bad=1
fi
exit $bad
