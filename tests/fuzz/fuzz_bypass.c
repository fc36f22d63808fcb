/* SPDX-License-Identifier: BSD-3-Clause */
/* The file of bypasses: whatever it holds, it is an error or it can be asked.
 * In an input of even length the checksum fits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/bypass.h"
#include "lib/bytes.h"
#include "lib/checksum.h"

#define HEAD_LEN 64
#define SUM      16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
ask(const struct fsk_bypasses *b)
{
	static const uint8_t name[] = "\3www\4evil\4test";
	uint8_t raw[FSK_KEY_LEN] = { 1 }, addr[FSK_ADDR_LEN], *again;
	char text[FSK_TEXT_MAX], prefix[FSK_PREFIX_KEY];
	struct fsk_query q;
	struct fsk_key k;
	size_t len;

	fsk_key_init(&k, raw);
	fsk_query_init(&q, &k, name, sizeof(name));
	if (!fsk_addr_read("10.1.2.3", addr))
		abort();
	fsk_bypass_find(b, &q, "kids", addr, 1790000000);
	fsk_bypass_find(b, &q, "", NULL, INT64_MAX);
	fsk_bypasses_differ(b);
	for (size_t i = 0; i < b->n; i++) {
		const struct fsk_bypass *at = &b->at[i];

		if (at->kind == FSK_BYPASS_NAME)
			fsk_name_to_text(at->name.wire, text);
		fsk_prefix_key("ip", at->addr, at->bits, prefix);
		if (strlen(at->group) >= FSK_BYPASS_TEXT ||
		    strlen(at->by) >= FSK_BYPASS_TEXT ||
		    strlen(at->why) >= FSK_BYPASS_TEXT)
			abort();
	}
	again = fsk_bypasses_pack(b, &len);
	free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("bypass", 0);
	struct fsk_bypasses b;
	struct fsk_error err;
	uint8_t *copy = malloc(size + 1);
	char path[64];

	if (fd == -1 || copy == NULL)
		abort();
	if (size > 0)
		memcpy(copy, data, size);
	if (size >= HEAD_LEN && size % 2 == 0)
		fsk_put64(
		    copy + SUM, fsk_checksum(copy + HEAD_LEN, size - HEAD_LEN));
	if (write(fd, copy, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fsk_bypasses_read(&b, path, &err) == FSK_OK)
		ask(&b);
	else if (b.n != 0)
		abort();
	fsk_bypasses_fini(&b);
	close(fd);
	free(copy);
	return 0;
}
