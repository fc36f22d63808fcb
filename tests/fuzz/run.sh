#!/bin/sh
# Fuzzes with clang: tests/fuzz/run.sh SECONDS LIBRARIES FUZZER...
# The kept inputs are the seeds; new ones go to build/fuzz/.
set -eu

seconds=$1
libs=$2
shift 2
sources=$(ls lib/*.c feeds/*.c | grep -v '^feeds/main\.c$')
for fuzzer in "$@"; do
	mkdir -p "build/fuzz/$fuzzer"
	clang -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -I. -D_GNU_SOURCE \
		-DFRAUDSINK_VERSION='"fuzz"' -o "build/fuzz/run_$fuzzer" "tests/fuzz/$fuzzer.c" $sources $libs -pthread
	echo "== $fuzzer for $seconds s"
	"build/fuzz/run_$fuzzer" -max_total_time="$seconds" -max_len=65536 -print_final_stats=0 \
		-artifact_prefix="build/fuzz/$fuzzer-" "build/fuzz/$fuzzer" "tests/fuzz/corpus/$fuzzer" 2>&1 | tail -n 3
done
