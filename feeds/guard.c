/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/guard.h"

#include <stdlib.h>
#include <string.h>

#include "feeds/guard_names.h"
#include "feeds/host.h"
#include "feeds/lines.h"
#include "feeds/nameset.h"
#include "feeds/psl.h"
#include "lib/prefix.h"

const char GUARD_AGREE[] = "popular or shared: more feeds must agree";

struct guard {
	struct psl *psl;
	/* Names that must stay reachable, with their rank (0: never blocked),
	 * and all names above them with the best rank below. */
	struct nameset itself, above;
	struct nameset shared, shared_above; /* hosts, and names above them */
	struct nameset special;              /* with all that is below */
	uint32_t rank_never;                 /* up to here nobody may block */
	unsigned agree; /* feeds that must agree beyond it */
};

/* Adds NAME with VALUE to SET, and to ABOVE (if given) all that is above it. */
static int
add(struct nameset *set, struct nameset *above, const struct fsk_name *name,
    uint32_t value, struct fsk_error *err)
{
	struct fsk_query q;
	bool good;

	nameset_query(set, &q, name);
	good = nameset_add(set, &q, q.labels, value);
	if (above != NULL) {
		nameset_query(above, &q, name);
		for (unsigned k = 1; k < q.labels && good; k++)
			good = nameset_add(above, &q, k, value);
	}
	return good ? FSK_OK : fsk_fail(err, FSK_ENOMEM, "out of memory");
}

static int
add_text(struct nameset *set, struct nameset *above, const char *text,
    uint32_t value, struct fsk_error *err)
{
	struct fsk_name name;
	const char *wrong = host_name(&name, text, strlen(text));

	if (wrong != NULL)
		return fsk_fail(
		    err, FSK_ENAME, "'%s' is no name: %s", text, wrong);
	return add(set, above, &name, value, err);
}

/* ---- lists of names ---- */

struct list_reader {
	struct nameset *set, *above;
	uint32_t n;  /* names so far */
	bool ranked; /* the value is the rank, else 0 */
};

/* The rank that the LEN octets at TEXT are; 0: none. */
static uint32_t
read_rank(const char *text, size_t len)
{
	uint32_t rank = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || i == 9)
			return 0;
		rank = 10 * rank + (uint32_t)(text[i] - '0');
	}
	return rank;
}

/* A line: "name", "*.name" or "rank,name"; what is none is passed over, these
 * lists are other people's too.  Without a rank its place is the name's. */
static int
take_line(void *arg, const char *text, size_t len, struct fsk_error *err)
{
	struct list_reader *r = arg;
	const char *comma;
	struct fsk_name name;
	uint32_t rank = 0;

	parse_trim(&text, &len);
	comma = memchr(text, ',', len);
	if (comma != NULL) {
		rank = read_rank(text, (size_t)(comma - text));
		len -= (size_t)(comma + 1 - text);
		text = comma + 1;
	}
	if (len > 2 && text[0] == '*' && text[1] == '.') {
		text += 2;
		len -= 2;
	}
	if (len == 0 || host_name(&name, text, len) != NULL)
		return FSK_OK;
	r->n++;
	if (rank == 0)
		rank = r->n;
	return add(r->set, r->above, &name, r->ranked ? rank : 0, err);
}

/* Reads the files L.  One of which nothing is understood protects nothing,
 * which must not pass unnoticed. */
static int
read_lists(
    struct list_reader *r, const struct option_texts *l, struct fsk_error *err)
{
	int rc = FSK_OK;

	for (size_t i = 0; i < l->n && rc == FSK_OK; i++) {
		r->n = 0;
		rc = lines_read(l->at[i], take_line, r, err);
		if (rc == FSK_OK && r->n == 0)
			rc = fsk_fail(err, FSK_EFORMAT,
			    "'%s' lists no names (\"name\" or \"rank,name\")",
			    l->at[i]);
	}
	return rc;
}

/* ---- making it ---- */

int
guard_never(struct guard *g, const char *host, struct fsk_error *err)
{
	return add_text(&g->itself, &g->above, host, 0, err);
}

/* The alias that A answers with leads nowhere if it is blocked itself. */
static int
never_target(
    struct guard *g, const struct conf_answer *a, struct fsk_error *err)
{
	return a->cname != NULL ? guard_never(g, a->cname, err) : FSK_OK;
}

static int
never_parts(
    struct guard *g, const struct section_list *l, struct fsk_error *err)
{
	const struct conf_part *part = l->at;
	int rc = FSK_OK;

	for (size_t i = 0; i < l->n && rc == FSK_OK; i++)
		rc = never_target(g, &part[i].answer, err);
	return rc;
}

/* The same for all answers of C. */
static int
never_targets(struct guard *g, const struct conf *c, struct fsk_error *err)
{
	const struct conf_policy *p = &c->policy;
	const struct conf_rule *rule = p->rules.at;
	const struct conf_group *group = p->groups.at;
	int rc = never_target(g, &p->answer, err);

	if (rc == FSK_OK)
		rc = never_parts(g, &p->categories, err);
	if (rc == FSK_OK)
		rc = never_parts(g, &p->severities, err);
	for (size_t i = 0; i < c->nfeeds && rc == FSK_OK; i++)
		rc = never_target(g, &c->feeds[i].answer, err);
	for (size_t i = 0; i < p->rules.n && rc == FSK_OK; i++)
		rc = never_target(g, &rule[i].answer, err);
	for (size_t i = 0; i < p->groups.n && rc == FSK_OK; i++) {
		rc = never_target(g, &group[i].answer, err);
		if (rc == FSK_OK)
			rc = never_parts(g, &group[i].categories, err);
		if (rc == FSK_OK)
			rc = never_parts(g, &group[i].severities, err);
		if (rc == FSK_OK)
			rc = never_parts(g, &group[i].feeds, err);
	}
	return rc;
}

static int
fill(struct guard *g, const struct conf *c, struct fsk_error *err)
{
	struct list_reader popular = { &g->itself, &g->above, 0, true };
	struct list_reader shared = { &g->shared, &g->shared_above, 0, false };
	int rc = FSK_OK;

	for (size_t i = 0; guard_core[i] != NULL && rc == FSK_OK; i++)
		rc = guard_never(g, guard_core[i], err);
	for (size_t i = 0; guard_shared_core[i] != NULL && rc == FSK_OK; i++)
		rc = add_text(
		    &g->shared, &g->shared_above, guard_shared_core[i], 0, err);
	for (size_t i = 0; guard_special[i] != NULL && rc == FSK_OK; i++)
		rc = add_text(&g->special, NULL, guard_special[i], 0, err);
	for (size_t i = 0; i < c->own_names.n && rc == FSK_OK; i++) {
		rc = guard_never(g, c->own_names.at[i], err);
		/* The operator's own domains, with all that is in them. */
		if (rc == FSK_OK)
			rc = add_text(
			    &g->special, NULL, c->own_names.at[i], 1, err);
	}
	for (size_t i = 0; i < c->good.n && rc == FSK_OK; i++)
		rc = guard_never(g, c->good.at[i], err);
	if (rc == FSK_OK)
		rc = never_targets(g, c, err);
	if (rc == FSK_OK)
		rc = read_lists(&popular, &c->protected_files, err);
	if (rc == FSK_OK)
		rc = read_lists(&shared, &c->shared_files, err);
	return rc;
}

int
guard_open(struct guard **out, const struct conf *c, struct fsk_error *err)
{
	struct guard *g = calloc(1, sizeof(*g));
	int rc;

	*out = NULL;
	if (g == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	nameset_init(&g->itself);
	nameset_init(&g->above);
	nameset_init(&g->shared);
	nameset_init(&g->shared_above);
	nameset_init(&g->special);
	g->rank_never = (uint32_t)c->protected_rank;
	g->agree = (unsigned)c->protected_feeds;
	g->psl = psl_open();
	rc = g->psl == NULL ? fsk_fail(err, FSK_EIO,
				  "there is no public suffix list: without it "
				  "a feed could block a whole 'co.uk'")
			    : fill(g, c, err);
	if (rc != FSK_OK) {
		guard_close(g);
		return rc;
	}
	*out = g;
	return FSK_OK;
}

void
guard_close(struct guard *g)
{
	if (g == NULL)
		return;
	psl_close(g->psl);
	nameset_fini(&g->itself);
	nameset_fini(&g->above);
	nameset_fini(&g->shared);
	nameset_fini(&g->shared_above);
	nameset_fini(&g->special);
	free(g);
}

/* ---- judging ---- */

/* Whether NAME or something above it is in SET; *VALUE as of the first. */
static bool
at_or_below(
    const struct nameset *set, const struct fsk_name *name, uint32_t *value)
{
	struct fsk_query q;

	nameset_query(set, &q, name);
	for (unsigned k = q.labels; k > 0; k--)
		if (nameset_find(set, &q, k, value))
			return true;
	return false;
}

/* The best rank of what an entry covers: of NAME itself, and where it covers
 * more than that, of all below.  "*.x" is as bad as x: what hangs on x has its
 * hosts below it; and "www.x" is x for most.  UINT32_MAX: none. */
static uint32_t
rank_of(const struct guard *g, const struct fsk_name *name,
    enum fsk_match_kind match)
{
	static const uint8_t www[4] = { 3, 'w', 'w', 'w' };
	uint32_t rank = UINT32_MAX, value;
	struct fsk_query q;

	nameset_query(&g->itself, &q, name);
	if (nameset_find(&g->itself, &q, q.labels, &value))
		rank = value;
	if (memcmp(name->wire, www, sizeof(www)) == 0 &&
	    nameset_find(&g->itself, &q, q.labels - 1, &value) && value < rank)
		rank = value;
	nameset_query(&g->above, &q, name);
	if (match != FSK_EXACT &&
	    nameset_find(&g->above, &q, q.labels, &value) && value < rank)
		rank = value;
	return rank;
}

/* Whether NAME is that of a protected host with a protected domain behind it,
 * such as www.example.com.cdn.example: the host's alias there. */
static bool
is_alias(const struct guard *g, const struct fsk_name *name)
{
	struct fsk_query q;
	uint32_t value;

	nameset_query(&g->itself, &q, name);
	for (unsigned k = 1; k + 1 < q.labels; k++) {
		struct fsk_name host = { .len = 0 };
		const size_t len = fsk_query_at(&q, k);

		if (!nameset_find(&g->itself, &q, k, &value) || value != 0)
			continue;
		memcpy(host.wire, q.wire, len);
		host.wire[len] = 0;
		host.len = (uint8_t)(len + 1);
		if (at_or_below(&g->itself, &host, &value) && value == 0)
			return true;
	}
	return false;
}

/* Whether an entry covers a whole host that many share. */
static bool
covers_shared(const struct guard *g, const struct fsk_name *name,
    enum fsk_match_kind match)
{
	struct fsk_query q;
	uint32_t value;

	nameset_query(&g->shared, &q, name);
	if (nameset_find(&g->shared, &q, q.labels, &value))
		return true;
	nameset_query(&g->shared_above, &q, name);
	return match != FSK_EXACT &&
	    nameset_find(&g->shared_above, &q, q.labels, &value);
}

const char *
guard_refuses(const struct guard *g, const struct fsk_name *name,
    enum fsk_match_kind match, enum conf_trust trust, unsigned *agree)
{
	uint32_t rank, value;

	*agree = 1;
	if (name->len < 2)
		return "the root";
	if (fsk_name_labels(name->wire) < 2)
		return "a top-level domain";
	if (at_or_below(&g->special, name, &value))
		return value == 0 ? "a special-use name (RFC 6761)"
				  : "the operator's own";
	switch (psl_kind(g->psl, name)) {
	case PSL_ICANN:
		return "a public suffix";
	case PSL_PRIVATE:
		/* One exact host of a company is not all its customers. */
		if (match != FSK_EXACT)
			return "a private suffix, under which others live";
		break;
	case PSL_NONE:
		if (match != FSK_EXACT && psl_is_above(g->psl, name))
			return "above a public suffix, under which others live";
		break;
	}
	rank = rank_of(g, name, match);
	if (rank == 0)
		return "protected";
	if (is_alias(g, name))
		return "the alias of a protected name";
	if (rank == UINT32_MAX && !covers_shared(g, name, match))
		return NULL;
	if (rank <= g->rank_never)
		return "popular";
	if (trust == TRUST_HIGH)
		return NULL;
	*agree = g->agree;
	return *agree > 1 ? GUARD_AGREE : NULL;
}

const char *
guard_refuses_prefix(const uint8_t *addr, unsigned bits)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	const bool v4 = bits >= 96 && memcmp(addr, mapped, 12) == 0;

	if (bits < (v4 ? 96 + 16 : 32))
		return "too many addresses";
	for (size_t i = 0; guard_prefixes[i] != NULL; i++) {
		uint8_t other[FSK_ADDR_LEN];
		unsigned most;

		fsk_prefix_read(guard_prefixes[i], other, &most);
		if ((!v4 || most > 96) &&
		    fsk_prefix_holds(other, bits < most ? bits : most, addr))
			return "special-purpose addresses (RFC 6890)";
	}
	return NULL;
}

bool
guard_is_target(const struct guard *g, const struct fsk_name *name)
{
	uint32_t value;

	return at_or_below(&g->itself, name, &value);
}

/* Whether the last LABELS labels of Q are a private suffix. */
static bool
is_private(const struct guard *g, const struct fsk_query *q, unsigned labels)
{
	const size_t at = fsk_query_at(q, labels);
	struct fsk_name name = { .len = (uint8_t)(q->len - at) };

	memcpy(name.wire, q->wire + at, name.len);
	return psl_kind(g->psl, &name) == PSL_PRIVATE;
}

bool
guard_shared(const struct guard *g, const struct fsk_name *name)
{
	struct fsk_query q;
	uint32_t value;

	if (psl_kind(g->psl, name) != PSL_NONE)
		return true;
	nameset_query(&g->shared, &q, name);
	for (unsigned k = q.labels; k > 0; k--) {
		/* What lies below a private suffix is one customer's. */
		if (k < q.labels && is_private(g, &q, k))
			break;
		if (nameset_find(&g->shared, &q, k, &value))
			return true;
	}
	nameset_query(&g->itself, &q, name);
	return nameset_find(&g->itself, &q, q.labels, &value);
}
