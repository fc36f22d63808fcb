/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/lib/kit.h"

#include <check.h>
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/hash.h"

/* ---- a folder ---- */

char kit_dir[64];

void
kit_setup(void)
{
	strcpy(kit_dir, "/tmp/fraudsink-check-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(kit_dir));
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
kit_teardown(void)
{
	nftw(kit_dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *
kit_path(const char *name)
{
	static char path[4][512];
	static unsigned turn;
	char *out = path[turn++ % 4];

	snprintf(out, sizeof(path[0]), "%s/%s", kit_dir, name);
	return out;
}

unsigned
kit_files(void)
{
	DIR *d = opendir(kit_dir);
	unsigned n = 0;

	ck_assert_ptr_nonnull(d);
	for (struct dirent *e; (e = readdir(d)) != NULL;)
		n += strcmp(e->d_name, ".") != 0 &&
		    strcmp(e->d_name, "..") != 0;
	closedir(d);
	return n;
}

uint8_t *
kit_read(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	uint8_t *bytes;

	ck_assert_msg(f != NULL, "%s", path);
	ck_assert_int_eq(fstat(fileno(f), &st), 0);
	*len = (size_t)st.st_size;
	/* Aligned as a mapping would be. */
	bytes = aligned_alloc(64, (*len + 64) / 64 * 64);
	ck_assert_ptr_nonnull(bytes);
	ck_assert_uint_eq(fread(bytes, 1, *len, f), *len);
	fclose(f);
	return bytes;
}

void
kit_write(const char *path, const void *bytes, size_t len)
{
	FILE *f = fopen(path, "wb");

	ck_assert_msg(f != NULL, "%s", path);
	ck_assert_uint_eq(fwrite(bytes, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
}

/* ---- random: splitmix64 ---- */

static uint64_t state;

void
kit_seed(uint64_t seed)
{
	state = seed;
}

uint64_t
kit_random(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

unsigned
kit_below(unsigned n)
{
	return (unsigned)(kit_random() % n);
}

/* ---- names ---- */

struct fsk_name
kit_name(const char *text)
{
	struct fsk_name name;
	const char *wrong = fsk_name_from_text(&name, text, strlen(text));

	ck_assert_msg(wrong == NULL, "%s: %s", text, wrong);
	return name;
}

struct fsk_name
kit_any_name(unsigned len)
{
	uint8_t wire[FSK_NAME_MAX];
	struct fsk_name name;
	unsigned at = 0;

	while (at < len - 1) {
		unsigned left = len - 1 - at; /* octets but the root label */
		unsigned n = 1 + kit_below(FSK_LABEL_MAX);

		if (n + 1 > left)
			n = left - 1;
		if (left - n - 1 == 1) /* no room for another label */
			n = n < FSK_LABEL_MAX ? n + 1 : n - 1;
		wire[at++] = (uint8_t)n;
		while (n-- > 0)
			wire[at++] = (uint8_t)kit_random();
	}
	wire[at] = 0;
	ck_assert(fsk_name_from_wire(&name, wire, len));
	return name;
}

/* ---- lists ---- */

const struct fsk_claim kit_claims[KIT_CLAIMS] = {
	[RED_A] = { .feed = "alpha",
	    .category = "phishing",
	    .severity = FSK_RED,
	    .since = 20000 },
	[YELLOW_B] = { .feed = "beta",
	    .category = "malware",
	    .severity = FSK_YELLOW,
	    .since = 19000,
	    .class = 1 },
	[RED_C] = { .feed = "gamma",
	    .category = "scam",
	    .severity = FSK_RED,
	    .since = 21000,
	    .class = 2 },
	[RED_A2] = { .feed = "alpha",
	    .category = "fraud",
	    .severity = FSK_RED,
	    .since = 20500,
	    .class = 1 },
	[ALLOW_D] = { .feed = "delta",
	    .category = "trusted",
	    .severity = FSK_YELLOW,
	    .since = 18500,
	    .allow = true },
	[ALLOW_E] = { .feed = "epsilon",
	    .category = "bank",
	    .severity = FSK_RED,
	    .since = 18000,
	    .allow = true },
	[YELLOW_F] = { .feed = "zeta",
	    .category = "parked",
	    .severity = FSK_YELLOW,
	    .since = 17000,
	    .class = 2 },
	[RED_G] = { .feed = "eta",
	    .category = "malware",
	    .severity = FSK_RED,
	    .since = 20000 },
};

const struct fsk_answer kit_answers[KIT_ANSWERS] = {
	{ .action = FSK_NXDOMAIN, .ttl = 60, .ede = FSK_EDE_BLOCKED },
	{ .action = FSK_NODATA, .ttl = 300, .ede = FSK_EDE_BLOCKED },
	{ .action = FSK_SINKHOLE,
	    .ttl = 5,
	    .ede = FSK_EDE_BLOCKED,
	    .count4 = 1,
	    .count6 = 1,
	    .addr4 = { { 192, 0, 2, 1 } },
	    .addr6 = { { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } } },
};

static unsigned
hash_of(const uint8_t *wire)
{
	uint32_t h = 2166136261u;

	for (; *wire != 0; wire++)
		h = (h ^ *wire) * 16777619u;
	return h >> 16 & 4095;
}

static bool
same_wire(const uint8_t *a, const uint8_t *b)
{
	for (; *a == *b && *a != 0; a += *a + 1u, b += *b + 1u)
		if (memcmp(a + 1, b + 1, *a) != 0)
			return false;
	return *a == *b;
}

void
kit_free(struct kit_list *l)
{
	free(l->entry);
	memset(l, 0, sizeof(*l));
}

void
kit_add(struct kit_list *l, const struct fsk_name *name,
    enum fsk_match_kind match, unsigned claim)
{
	uint32_t *head = &l->head[hash_of(name->wire)];
	const bool allow = kit_claims[claim].allow;
	struct kit_entry *e;

	for (uint32_t i = *head; i != 0; i = e->next) {
		e = &l->entry[i - 1];
		if (e->match == match && e->allow == allow &&
		    same_wire(e->name.wire, name->wire)) {
			e->claims |= 1u << claim;
			return;
		}
	}
	if (l->n == l->room) {
		l->room = l->room * 2 + 64;
		l->entry = realloc(l->entry, l->room * sizeof(*l->entry));
		ck_assert_ptr_nonnull(l->entry);
	}
	e = &l->entry[l->n++];
	*e = (struct kit_entry){ *name, match, allow, 1u << claim, *head };
	*head = (uint32_t)l->n;
}

void
kit_add_text(struct kit_list *l, const char *text, enum fsk_match_kind match,
    unsigned claim)
{
	struct fsk_name name = kit_name(text);

	kit_add(l, &name, match, claim);
}

/* Few labels to choose from, and fewer the further right. */
static struct fsk_name
nested_name(void)
{
	static const char *const label[] = { "a", "b", "ab", "ba", "c", "a-b",
		"\\000", "_a" };
	char text[64] = "";

	for (unsigned left = 1 + kit_below(6); left > 0; left--) {
		strcat(text, label[kit_below(left == 1 ? 2 : left + 2)]);
		strcat(text, ".");
	}
	return kit_name(text);
}

void
kit_add_nested(struct kit_list *l, unsigned n)
{
	while (n-- > 0) {
		struct fsk_name name = nested_name();
		/* Mostly two claims, so that a cover often says the same. */
		unsigned claim = kit_below(4) != 0 ? kit_below(2) * ALLOW_D
						   : kit_below(KIT_CLAIMS);

		kit_add(l, &name, (enum fsk_match_kind)kit_below(3), claim);
	}
}

struct fsk_name
kit_question(const struct kit_list *l)
{
	struct fsk_name name, out;
	unsigned how = kit_below(4), labels;

	if (how == 0 || l->n == 0)
		return nested_name();
	name = l->entry[kit_below((unsigned)l->n)].name;
	labels = fsk_name_labels(name.wire);
	if (how == 1 && labels > 1) { /* above */
		const uint8_t *p = fsk_name_parent(
		    name.wire, 1 + kit_below(labels - 1));

		out.len = (uint8_t)(name.wire + name.len - p);
		memcpy(out.wire, p, out.len);
		return out;
	}
	if (how == 2 && name.len < 250) { /* below */
		out.len = (uint8_t)(name.len + 3);
		out.wire[0] = 2;
		out.wire[1] = 'a';
		out.wire[2] = (uint8_t)('a' + kit_below(3));
		memcpy(out.wire + 3, name.wire, name.len);
		return out;
	}
	return name;
}

const struct kit_entry *
kit_find(const struct kit_list *l, const uint8_t *wire)
{
	for (const uint8_t *p = wire; *p != 0; p += *p + 1u) {
		const struct kit_entry *best = NULL;
		int best_rank = -1;

		for (uint32_t i = l->head[hash_of(p)]; i != 0;
		     i = l->entry[i - 1].next) {
			const struct kit_entry *e = &l->entry[i - 1];
			/* Allow first, then exact, then subtree, then below. */
			int rank = (e->allow ? 4 : 0) +
			    (e->match == FSK_EXACT            ? 2
				    : e->match == FSK_SUBTREE ? 1
							      : 0);

			if (!same_wire(e->name.wire, p) ||
			    e->match == (p == wire ? FSK_BELOW : FSK_EXACT))
				continue;
			if (rank > best_rank) {
				best = e;
				best_rank = rank;
			}
		}
		if (best != NULL)
			return best;
	}
	return NULL;
}

size_t
kit_pruned(const struct kit_list *l)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->n; i++) {
		const uint8_t *wire = l->entry[i].name.wire;
		uint8_t child[FSK_NAME_MAX + 2] = { 1, 'a' };
		const struct kit_entry *cover = NULL;
		bool same = true;

		/* What decides about another child of the parent? */
		for (const uint8_t *up = wire + *wire + 1u;
		     *up != 0 && cover == NULL; up += *up + 1u) {
			size_t len = l->entry[i].name.len - (size_t)(up - wire);

			memcpy(child + 2, up, len);
			/* A child that is not listed itself. */
			for (child[1] = 1; child[1] < 255; child[1]++) {
				cover = kit_find(l, child);
				if (cover == NULL ||
				    !same_wire(cover->name.wire, child))
					break;
			}
			break;
		}
		for (uint32_t j = l->head[hash_of(wire)]; j != 0;
		     j = l->entry[j - 1].next)
			if (same_wire(l->entry[j - 1].name.wire, wire) &&
			    (cover == NULL ||
				l->entry[j - 1].claims != cover->claims))
				same = false;
		kept += !same;
	}
	return kept;
}

/* ---- databases ---- */

const char *
kit_url(unsigned i)
{
	static char text[64];

	snprintf(text, sizeof(text), "host%u.example/a/%u?b=%u", i % 10, i, i);
	return text;
}

const uint8_t kit_key[FSK_KEY_LEN] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
	13, 14, 15, 16 };

int
kit_publish(const struct kit_list *l, const char *path,
    const struct kit_build *b, struct fsk_writer_result *result,
    struct fsk_error *err)
{
	const struct fsk_writer_options opt = {
		.mode = b->mode,
		.threads = b->threads != 0 ? b->threads : 1,
		.memory = b->memory != 0 ? b->memory : FSK_MEMORY_MIN,
		.prune = b->prune,
		.serial = 7,
		.created = 1000000000,
		.key = kit_key,
	};
	struct fsk_writer_result unused;
	uint32_t *order = malloc((l->n + 1) * sizeof(*order));
	struct fsk_lane *lane[16];
	struct fsk_writer *w;
	unsigned row, lanes = b->lanes != 0 ? b->lanes : 1;
	int rc = fsk_writer_open(&w, path, &opt, err);

	ck_assert_ptr_nonnull(order);
	for (unsigned i = 0; i < KIT_ANSWERS && rc == FSK_OK; i++) {
		rc = fsk_writer_answer(w, &kit_answers[i], &row, err);
		ck_assert(rc != FSK_OK || row == i);
	}
	for (uint32_t i = 0, n; i < KIT_CLAIMS && rc == FSK_OK; i++) {
		rc = fsk_writer_claim(w, &kit_claims[i], &n, err);
		ck_assert(rc != FSK_OK || n == i);
	}
	for (unsigned i = 0; i < lanes && rc == FSK_OK; i++)
		rc = fsk_writer_lane(w, &lane[i], err);
	for (uint32_t i = 0; i < l->n; i++) {
		uint32_t j = b->shuffle ? kit_below(i + 1) : i;

		order[i] = order[j];
		order[j] = i;
	}
	for (size_t i = 0; i < l->n && rc == FSK_OK; i++) {
		const struct kit_entry *e = &l->entry[order[i]];

		for (uint32_t c = 0; c < KIT_CLAIMS && rc == FSK_OK; c++) {
			/* From either end: their order must not matter. */
			uint32_t claim = i % 2 ? c : KIT_CLAIMS - 1 - c;

			if (e->claims >> claim & 1)
				rc = fsk_lane_add(lane[i % lanes], &e->name,
				    e->match, claim, err);
		}
	}
	free(order);
	for (unsigned i = 0; i < b->urls && rc == FSK_OK; i++) {
		const char *url = kit_url(i);

		rc = fsk_lane_add_url(lane[i % lanes], url, i % 3, err);
		if (rc == FSK_OK && i % 2 == 0)
			rc = fsk_lane_add_url(
			    lane[(i + 1) % lanes], url, RED_G, err);
	}
	if (rc == FSK_OK && b->expression != NULL)
		rc = fsk_lane_add_url(lane[0], b->expression, RED_C, err);
	if (rc == FSK_OK && b->policy != NULL)
		fsk_writer_policy(w, b->policy, b->policy_len);
	if (rc == FSK_OK)
		rc = fsk_writer_publish(
		    w, result != NULL ? result : &unused, err);
	fsk_writer_close(w);
	return rc;
}

struct fsk_db *
kit_open(const struct kit_list *l, const struct kit_build *b)
{
	const char *path = kit_path("kit.fsdb");
	struct fsk_error err = { 0 };
	struct fsk_db *db;

	ck_assert_msg(
	    kit_publish(l, path, b, NULL, &err) == FSK_OK, "%s", err.text);
	ck_assert_msg(
	    fsk_db_open(&db, path, FSK_DB_MAP, &err) == FSK_OK, "%s", err.text);
	return db;
}

void
kit_lookup(const struct fsk_db *db, const uint8_t *wire, size_t len,
    struct fsk_found *found)
{
	struct fsk_query q;

	fsk_query_init(&q, fsk_db_key(db), wire, len);
	fsk_db_find(db, &q, found);
}

struct fsk_found
kit_ask(const struct fsk_db *db, const char *text)
{
	struct fsk_name name = kit_name(text);
	struct fsk_found found;

	kit_lookup(db, name.wire, name.len, &found);
	return found;
}

/* Whether FEED is one of those that ATTR names. */
static bool
has_feed(const struct fsk_db *db, uint32_t attr, unsigned n, const char *feed)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(fsk_db_attr_feed(db, attr, i), feed) == 0)
			return true;
	return false;
}

void
kit_same(const struct fsk_db *db, const struct fsk_found *found,
    const struct kit_entry *e, const uint8_t *wire)
{
	const struct fsk_claim *lead = NULL;
	uint32_t since = UINT32_MAX;
	unsigned feeds = 0;
	char text[FSK_TEXT_MAX];
	struct fsk_attr a;

	ck_assert_msg(found->covered == (e != NULL), "%s: covered %d",
	    fsk_name_to_text(wire, text), found->covered);
	if (e == NULL)
		return;
	ck_assert(found->touched || e->allow);
	fsk_db_attr(db, found->attr, &a);
	ck_assert_msg(found->labels == fsk_name_labels(e->name.wire) &&
		a.match == e->match && a.allow == e->allow,
	    "%s: %u labels, match %d, allow %d", fsk_name_to_text(wire, text),
	    found->labels, a.match, a.allow);
	for (unsigned i = 0; i < KIT_CLAIMS; i++) {
		const struct fsk_claim *c = &kit_claims[i];

		if (!(e->claims >> i & 1))
			continue;
		if (lead == NULL || c->severity > lead->severity)
			lead = c;
		if (c->since < since)
			since = c->since;
		ck_assert(has_feed(db, found->attr, a.feeds, c->feed));
		/* Feed alpha makes two claims and counts once. */
		feeds += i != RED_A2 || !(e->claims >> RED_A & 1);
	}
	ck_assert_ptr_nonnull(lead);
	ck_assert_uint_eq(a.feeds, feeds);
	ck_assert_int_eq(a.severity, lead->severity);
	ck_assert_str_eq(a.category, lead->category);
	ck_assert_uint_eq(a.since, since);
	ck_assert_int_eq(a.answer->action, kit_answers[lead->class].action);
	ck_assert_uint_eq(a.answer->ttl, kit_answers[lead->class].ttl);
}
