#!/bin/sh
# Makes C of files: embed.sh FILE... writes what web.h declares.
set -eu

echo '#include "stats/web.h"'
i=0
for file in "$@"; do
	echo "static const unsigned char file$i[] = {"
	od -An -v -tu1 "$file" | sed 's/[0-9][0-9]*/&,/g'
	echo "};"
	i=$((i + 1))
done
echo "const struct web_file web_files[] = {"
i=0
for file in "$@"; do
	path=/${file##*/}
	case $path in
	/index.html) path=/ type="text/html; charset=utf-8" ;;
	*.css) type="text/css; charset=utf-8" ;;
	*.js) type="text/javascript; charset=utf-8" ;;
	*.svg) type="image/svg+xml" ;;
	*) echo "embed.sh: what is '$file'?" >&2; exit 1 ;;
	esac
	echo "{ \"$path\", \"$type\", file$i, sizeof(file$i) },"
	i=$((i + 1))
done
echo "{ 0, 0, 0, 0 } };"
