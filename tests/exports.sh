#!/bin/sh
# The module exports its six entry points and nothing else: Unbound loads it
# into its own namespace.
set -eu

want="clear deinit get_mem inform_super init operate"
have=$(nm -D --defined-only "$1" | awk '{ print $3 }' | sort | tr '\n' ' ' | sed 's/ $//')
if [ "$have" != "$want" ]; then
	echo "'$1' exports: $have"
	echo "it should export: $want"
	exit 1
fi
