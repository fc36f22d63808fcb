#!/bin/sh
# Runs all tests and ends with their totals.
#
#   tests/run.sh BUILD-FOLDER CHECK-PROGRAM... -- REPLAY-PROGRAM...
set -u

build=$1
shift
failed=0
totals=$(mktemp)
log=$(mktemp)
trap 'rm -f "$totals" "$log"' EXIT
trap 'exit 130' INT TERM

# The thread sanitizer of some compilers cannot live with much randomness in
# addresses; setarch is part of every Debian.
plain=
case $build in
*-santhread*) plain="setarch $(uname -m) -R" ;;
esac

step() { # NAME COMMAND...
	name=$1
	shift
	if ! "$@" >"$log" 2>&1; then
		echo "FAILED: $name"
		tail -n 60 "$log"
		failed=1
		return 1
	fi
	echo "ok: $name"
}

step "includes" sh tests/layers.sh
step "exports" sh tests/exports.sh "$build/fraudsink.so"

# Move the check programs behind the replay programs.
checks=0
for program in "$@"; do
	shift
	[ "$program" = -- ] && break
	set -- "$@" "$program"
	checks=$((checks + 1))
done
replays=$(($# - checks))
i=0
for program in "$@"; do
	i=$((i + 1))
	[ $i -le $replays ] || break
	name=${program##*/replay_}
	step "replay of $name" $plain "$program" "tests/fuzz/corpus/$name"
done
i=0
for program in "$@"; do
	i=$((i + 1))
	[ $i -gt $replays ] || continue
	CK_VERBOSITY=normal $plain "$program" >"$log" 2>&1
	rc=$?
	line=$(grep -E '^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+$' "$log" | tail -n 1)
	grep '^skipped:' "$log"
	[ "${FRAUDSINK_TEST_LONG:-0}" != 1 ] || grep '^counted:' "$log"
	if [ $rc -ne 0 ] || [ -z "$line" ]; then
		echo "FAILED: $program (exit status $rc)"
		tail -n 60 "$log"
		failed=1
	fi
	printf '%s %s\n' "${program#"$build"/tests/}" "${line:-no totals}" >>"$totals"
done
echo
awk '{ print }
	/Checks:/ { for (i = 1; i < NF; i++) { if ($i == "Checks:") c += $(i + 1); if ($i == "Failures:") f += $(i + 1); if ($i == "Errors:") e += $(i + 1) } }
	END { printf "%d%%: Checks: %d, Failures: %d, Errors: %d\n", c ? int(100 * (c - f - e) / c) : 0, c, f, e; exit c == 0 }' "$totals" || failed=1
exit $failed
