/* SPDX-License-Identifier: BSD-3-Clause */
/* A policy: whatever its section holds, it is an error or it can be asked, and
 * what it answers is in range.  The key is that of the list of all groups, if
 * there is one; in an input of even length the checksums of lists fit. */
#include <stdlib.h>
#include <string.h>

#include "lib/checksum.h"
#include "lib/db_layout.h"
#include "lib/policy.h"
#include "lib/policy_layout.h"

#define ANSWERS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where the part I of the policy lies; NULL if it is not whole. */
static uint8_t *
part(uint8_t *p, size_t size, unsigned i, size_t *len)
{
	const uint8_t *row = p + POLICY_TABLE + 16 * i;
	const uint64_t at = fsk_get64(row), n = fsk_get64(row + 8);

	if (at > size || n > size - at)
		return NULL;
	*len = n;
	return p + at;
}

/* Where the list lies that ROW names; NULL if none does. */
static uint8_t *
list_of(uint8_t *p, size_t size, const uint8_t *row, size_t *len)
{
	const uint64_t at = fsk_get64(row), n = fsk_get64(row + 8);
	size_t all;
	uint8_t *lists = part(p, size, POLICY_LISTS, &all);

	if (lists == NULL || at > all || n > all - at || n < FSK_HEADER_LEN)
		return NULL;
	*len = n;
	return lists + at;
}

static void
fix_checksums(uint8_t *p, size_t size)
{
	const uint32_t n = fsk_get32(p + FSK_H_SECTIONS);

	for (uint32_t i = 0; i < n && i < FSK_SECTIONS_MAX; i++) {
		uint8_t *row = p + FSK_H_TABLE + i * FSK_SECTION_LEN;
		const uint64_t at = fsk_get64(row + FSK_S_OFFSET);
		const uint64_t len = fsk_get64(row + FSK_S_LENGTH);

		if (at <= size && len <= size - at)
			fsk_put64(
			    row + FSK_S_CHECKSUM, fsk_checksum(p + at, len));
	}
	fsk_put64(p + FSK_H_CHECKSUM, fsk_checksum(p, FSK_H_CHECKSUM));
}

static void
fix_lists(uint8_t *p, size_t size)
{
	size_t len, n;
	uint8_t *groups = part(p, size, POLICY_GROUPS, &len);
	uint8_t *list = list_of(p, size, p + POLICY_ANY, &n);

	if (list != NULL)
		fix_checksums(list, n);
	for (size_t at = 0; groups != NULL && at + POLICY_GROUP_LEN <= len;
	     at += POLICY_GROUP_LEN) {
		list = list_of(p, size, groups + at + POLICY_G_LIST, &n);
		if (list != NULL)
			fix_checksums(list, n);
	}
}

static void
find(const struct fsk_db *db)
{
	static const uint8_t name[] = "\3www\4evil\4test";
	struct fsk_found found;
	struct fsk_query q;
	struct fsk_attr a;

	if (db == NULL)
		return;
	fsk_db_query(db, &q, name, sizeof(name));
	fsk_db_find(db, &q, &found);
	if (found.covered)
		fsk_db_attr(db, found.attr, &a);
}

static void
ask(const struct fsk_policy *p)
{
	static const char *const addrs[] = { "0.0.0.0", "10.1.2.3",
		"192.0.2.255", "255.255.255.255", "::", "2001:db8::1",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" };
	static const int64_t times[] = { INT64_MIN, 0, 1790000000, INT64_MAX };
	const struct fsk_policy_settings *s = fsk_policy_settings(p);
	size_t sum = strlen(s->country_db) + strlen(s->asn_db) +
	    strlen(s->contact) + strlen(s->organisation) + strlen(s->incidents);

	for (size_t i = 0; i < sizeof(addrs) / sizeof(*addrs); i++) {
		uint8_t addr[FSK_ADDR_LEN];

		if (!fsk_addr_read(addrs[i], addr) ||
		    fsk_policy_address(p, addr) > 128 ||
		    fsk_policy_server(p, addr) > 128)
			abort();
		for (size_t t = 0; t < sizeof(times) / sizeof(*times); t++)
			if (fsk_policy_group(p, addr, times[t]) >=
			    fsk_policy_groups(p))
				abort();
	}
	for (unsigned g = 0; g < fsk_policy_groups(p) && g < 64; g++) {
		sum += strlen(fsk_policy_group_name(p, g));
		sum += fsk_policy_off(p, g);
		find(fsk_policy_list(p, g));
		for (unsigned k = 0; k < fsk_policy_classes(p); k++) {
			const uint16_t row = fsk_policy_answer(p, g, k);

			if (row >= ANSWERS && row != FSK_ANSWER_PASS)
				abort();
			if (fsk_policy_class(p, k)->ntypes >
			    FSK_POLICY_TYPES_MAX)
				abort();
		}
	}
	find(fsk_policy_any(p));
	(void)sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t none[FSK_KEY_LEN];
	const uint8_t *key = none, *list;
	struct fsk_policy *p;
	struct fsk_error err;
	uint8_t *copy;
	void *memory;
	size_t n;

	if (size == 0 || posix_memalign(&memory, 64, size) != 0)
		return 0;
	copy = memcpy(memory, data, size);
	if (size >= POLICY_HEAD_LEN) {
		if (size % 2 == 0)
			fix_lists(copy, size);
		list = list_of(copy, size, copy + POLICY_ANY, &n);
		if (list != NULL)
			key = list + FSK_H_KEY;
	}
	if (fsk_policy_open(&p, copy, size, key, ANSWERS, &err) == FSK_OK) {
		ask(p);
		fsk_policy_close(p);
	}
	free(memory);
	return 0;
}
