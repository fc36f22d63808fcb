/* SPDX-License-Identifier: BSD-3-Clause */
/* A policy: whatever its section holds, it is an error or it can be asked, and
 * what it answers is in range; so are the verdicts of a database that has it.
 * In an input of even length the checksums of its lists fit. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/checksum.h"
#include "lib/db_layout.h"
#include "lib/db_write.h"
#include "lib/ede.h"
#include "lib/policy.h"
#include "lib/policy_layout.h"
#include "lib/verdict.h"

#define ANSWERS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* That of the lists in the kept inputs. */
static const uint8_t key[FSK_KEY_LEN] = { 0xc2, 0xde, 0xdc, 0xe7, 0x4d, 0x71,
	0xe5, 0x45, 0xb5, 0xc5, 0x33, 0x41, 0x1f, 0xce, 0x59, 0xa3 };

/* A database without a policy; `room` octets fit behind it. */
static struct {
	uint8_t *bytes;
	size_t len, room;
} base;

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

/* ---- the database around it ---- */

static void
must(int rc)
{
	if (rc != FSK_OK)
		abort();
}

/* Makes BASE: evil.test with all answers' actions but one, good.evil.test
 * allowed. */
static void
make_base(void)
{
	static const struct fsk_writer_options options = { .mode = FSK_NAMES,
		.threads = 1,
		.memory = FSK_MEMORY_MIN,
		.created = 1,
		.key = key };
	static const enum fsk_action actions[ANSWERS] = { FSK_NXDOMAIN,
		FSK_NODATA, FSK_LOG, FSK_PASSTHRU };
	static const struct {
		const char *name;
		bool allow;
	} entry[] = { { "evil.test", false }, { "good.evil.test", true } };
	char path[] = "/tmp/fuzz_policy.XXXXXX";
	int fd = mkstemp(path);
	struct fsk_writer_result result;
	struct fsk_writer *w;
	struct fsk_lane *lane;
	struct fsk_error err;
	struct fsk_name name;
	uint32_t claim[2];
	struct stat st;
	unsigned row;

	if (fd == -1)
		abort();
	close(fd);
	must(fsk_writer_open(&w, path, &options, &err));
	for (unsigned i = 0; i < ANSWERS; i++)
		must(fsk_writer_answer(w,
		    &(struct fsk_answer){
			.action = actions[i], .ttl = 60, .ede = FSK_EDE_NONE },
		    &row, &err));
	for (unsigned i = 0; i < 2; i++)
		must(fsk_writer_claim(w,
		    &(struct fsk_claim){ .feed = "f",
			.category = "fraud",
			.severity = FSK_RED,
			.allow = entry[i].allow },
		    &claim[i], &err));
	must(fsk_writer_lane(w, &lane, &err));
	for (unsigned i = 0; i < 2; i++) {
		if (fsk_name_from_text(
			&name, entry[i].name, strlen(entry[i].name)) != NULL)
			abort();
		must(fsk_lane_add(lane, &name, FSK_SUBTREE, claim[i], &err));
	}
	must(fsk_writer_publish(w, &result, &err));
	fsk_writer_close(w);

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1)
		abort();
	base.len = (size_t)st.st_size;
	base.room = (base.len + 63) / 64 * 64;
	base.bytes = calloc(1, base.room);
	if (base.bytes == NULL ||
	    read(fd, base.bytes, base.len) != (ssize_t)base.len)
		abort();
	close(fd);
	unlink(path);
}

/* BASE with the policy of SIZE octets at P, for free(). */
static uint8_t *
with_policy(const uint8_t *p, size_t size, size_t *len)
{
	void *memory;
	uint8_t *b, *row;
	uint32_t n;

	*len = base.room + size;
	if (posix_memalign(&memory, 64, *len) != 0)
		return NULL;
	b = memory;
	memcpy(b, base.bytes, base.room);
	memcpy(b + base.room, p, size);
	n = fsk_get32(b + FSK_H_SECTIONS);
	row = b + FSK_H_TABLE + n * FSK_SECTION_LEN;
	fsk_put32(b + FSK_H_SECTIONS, n + 1);
	fsk_put32(row + FSK_S_TYPE, FSK_SEC_POLICY);
	fsk_put64(row + FSK_S_OFFSET, base.room);
	fsk_put64(row + FSK_S_LENGTH, size);
	fsk_put64(row + FSK_S_CHECKSUM, fsk_checksum(p, size));
	fsk_put64(b + FSK_H_FILE_LEN, *len);
	fsk_put64(b + FSK_H_CHECKSUM, fsk_checksum(b, FSK_H_CHECKSUM));
	return b;
}

/* ---- asking ---- */

static const char *const addrs[] = { "0.0.0.0", "10.1.2.3", "192.0.2.255",
	"255.255.255.255", "::", "2001:db8::1",
	"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" };
#define ADDRS (sizeof(addrs) / sizeof(*addrs))
static const int64_t times[] = { INT64_MIN, 0, 1790000000, INT64_MAX };
#define TIMES (sizeof(times) / sizeof(*times))

static void
check(const struct fsk_db *db, const struct fsk_verdict *v)
{
	char text[FSK_EDE_JSON_MAX];
	struct fsk_attr a;

	if (v->group >= fsk_policy_groups(fsk_db_policy(db)) ||
	    (v->block && v->would) ||
	    (v->block || v->would) != (v->answer != NULL) ||
	    (v->answer != NULL && v->reason != FSK_LISTED))
		abort();
	if (v->found.covered)
		fsk_db_attr(v->db, v->found.attr, &a);
	if (v->answer != NULL &&
	    (fsk_ede_text(db, v, text) > FSK_EDE_TEXT_MAX ||
		fsk_ede_json(db, v, text) > FSK_EDE_JSON_MAX))
		abort();
}

static void
judge(const struct fsk_db *db)
{
	static const struct {
		const uint8_t *wire;
		size_t len;
	} names[] = {
		{ (const uint8_t *)"\3www\4evil\4test", 15 },
		{ (const uint8_t *)"\4good\4evil\4test", 16 },
		{ (const uint8_t *)"\4good\4test", 11 },
		{ (const uint8_t *)"", 1 },
	};

	for (size_t i = 0; i < ADDRS * TIMES * 4; i++) {
		uint8_t addr[FSK_ADDR_LEN];
		struct fsk_question q = { .qtype = i & 1 ? 28 : 1,
			.client = addr,
			.now = times[i / ADDRS % TIMES] };
		struct fsk_verdict v;

		if (!fsk_addr_read(addrs[i % ADDRS], addr))
			abort();
		fsk_db_query(db, &q.q, names[i / ADDRS / TIMES].wire,
		    names[i / ADDRS / TIMES].len);
		fsk_verdict(db, NULL, &q, &v);
		check(db, &v);
		fsk_verdict_alias(db, NULL, &q, &v);
		check(db, &v);
		if (v.found.covered) {
			fsk_verdict_attr(db, NULL, &q, v.found.attr, &v);
			check(db, &v);
		}
	}
}

static void
ask(const struct fsk_policy *p)
{
	const struct fsk_policy_settings *s = fsk_policy_settings(p);
	size_t sum = strlen(s->country_db) + strlen(s->asn_db) +
	    strlen(s->contact) + strlen(s->organisation) + strlen(s->incidents);

	for (size_t i = 0; i < ADDRS; i++) {
		uint8_t addr[FSK_ADDR_LEN];

		if (!fsk_addr_read(addrs[i], addr) ||
		    fsk_policy_address(p, addr) > 128 ||
		    fsk_policy_server(p, addr) > 128)
			abort();
		for (size_t t = 0; t < TIMES; t++)
			if (fsk_policy_group(p, addr, times[t]) >=
			    fsk_policy_groups(p))
				abort();
	}
	for (unsigned g = 0; g < fsk_policy_groups(p) && g < 64; g++) {
		sum += strlen(fsk_policy_group_name(p, g));
		sum += fsk_policy_off(p, g);
		for (unsigned k = 0; k < fsk_policy_classes(p); k++) {
			const uint16_t row = fsk_policy_answer(p, g, k);

			if (row >= ANSWERS && row != FSK_ANSWER_PASS)
				abort();
			if (fsk_policy_class(p, k)->ntypes >
			    FSK_POLICY_TYPES_MAX)
				abort();
		}
	}
	(void)sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fsk_error err;
	uint8_t *copy, *bytes;
	struct fsk_db *db;
	void *memory;
	size_t len;

	if (base.bytes == NULL)
		make_base();
	if (size == 0 || posix_memalign(&memory, 64, size) != 0)
		return 0;
	copy = memcpy(memory, data, size);
	if (size >= POLICY_HEAD_LEN && size % 2 == 0)
		fix_lists(copy, size);
	bytes = with_policy(copy, size, &len);
	free(copy);
	if (bytes == NULL)
		return 0;
	if (fsk_db_open_memory(&db, bytes, len, &err) == FSK_OK) {
		ask(fsk_db_policy(db));
		judge(db);
		fsk_db_close(db);
	}
	free(bytes);
	return 0;
}
