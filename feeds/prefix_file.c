/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/prefix_file.h"

#include <stdlib.h>
#include <string.h>

#include "feeds/lines.h"
#include "feeds/parse.h"
#include "lib/prefix.h"

struct reader {
	const char *path;
	uint64_t line;
	bool (*take)(void *arg, const uint8_t *addr, unsigned bits);
	void *arg;
};

static int
take_line(void *arg, const char *text, size_t len, struct fsk_error *err)
{
	struct reader *r = arg;
	uint8_t addr[FSK_ADDR_LEN];
	char one[64];
	const char *wrong;
	unsigned bits;

	r->line++;
	parse_trim(&text, &len);
	if (len == 0)
		return FSK_OK;
	if (len >= sizeof(one)) {
		wrong = "too long";
	} else {
		memcpy(one, text, len);
		one[len] = '\0';
		wrong = fsk_prefix_read(one, addr, &bits);
	}
	if (wrong != NULL)
		return fsk_fail(err, FSK_EFORMAT, "%s:%llu: no prefix: %s",
		    r->path, (unsigned long long)r->line, wrong);
	return r->take(r->arg, addr, bits)
	    ? FSK_OK
	    : fsk_fail(err, FSK_ENOMEM, "out of memory");
}

int
prefix_file_read(const char *path,
    bool (*take)(void *arg, const uint8_t *addr, unsigned bits), void *arg,
    struct fsk_error *err)
{
	struct reader r = { path, 0, take, arg };

	return lines_read(path, take_line, &r, err);
}
