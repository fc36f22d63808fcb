/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/merge.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "feeds/collect.h"
#include "feeds/merge_in.h"

/* ---- claims ---- */

/* Whether all feeds of the set ATTR are COLLECT_PATH. */
static bool
only_paths(const struct fsk_db *db, uint32_t attr, unsigned feeds)
{
	for (unsigned i = 0; i < feeds; i++)
		if (strcmp(fsk_db_attr_feed(db, attr, i), COLLECT_PATH) != 0)
			return false;
	return feeds > 0;
}

/* The claims of ME for what it lists since SINCE. */
static int
claims_of(const struct merger *m, const struct member *me, struct known *k,
    uint64_t severity, struct fsk_error *err)
{
	struct fsk_claim c = { .feed = me->f->head.title,
		.category = me->f->category,
		.severity = severity == 0 ? FSK_RED : FSK_YELLOW,
		.since = k->since,
		.case_number = me->f->case_number,
		.allow = k->allow };
	int rc = FSK_OK;

	for (unsigned i = 0; i < 2 && rc == FSK_OK; i++) {
		c.class = policy_feed_class(m->policy, me->number, i == 1);
		rc = fsk_writer_claim(m->w, &c, &k->claim[i], err);
	}
	return rc;
}

/* Tells who answers for the feed. */
static int
describe_feed(
    const struct merger *m, const struct conf_feed *f, struct fsk_error *err)
{
	const struct fsk_feed feed = {
		.name = f->head.title,
		.authority = f->authority != NULL ? f->authority : "",
		.legal_basis = f->legal_basis != NULL ? f->legal_basis : "",
		.contact = f->contact != NULL ? f->contact : "",
	};

	return fsk_writer_feed(m->w, &feed, err);
}

/* Opens the list of ME and enters its claims. */
static int
open_member(struct merger *m, struct member *me, struct fsk_error *err)
{
	const struct conf_answer a = conf_answer_of(m->r->c, me->f, NULL, NULL);
	char *path = state_path(m->r->c->state, me->f->head.title, "list.fsdb");
	struct fsk_db_info info;
	int rc;

	if (path == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	me->minimum = (unsigned)a.minimum_feeds;
	if (me->f->trust == TRUST_LOW && me->minimum < 2)
		me->minimum = 2;
	if (access(path, F_OK) == -1) {
		free(path);
		return FSK_OK; /* nothing yet */
	}
	rc = fsk_db_open(&me->db, path, FSK_DB_MAP, err);
	free(path);
	if (rc == FSK_OK)
		rc = describe_feed(m, me->f, err);
	if (rc != FSK_OK)
		return rc;
	fsk_db_info(me->db, &info);
	me->known = calloc(info.attrs + 1u, sizeof(*me->known));
	if (me->known == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	for (uint32_t i = 0; i < info.attrs && rc == FSK_OK; i++) {
		struct known *k = &me->known[i];
		struct fsk_attr attr;

		fsk_db_attr(me->db, i, &attr);
		k->since = attr.since;
		k->match = attr.match;
		k->allow = attr.allow || me->f->allow;
		k->path_only = only_paths(me->db, i, attr.feeds);
		k->expired = me->f->max_age > 0 &&
		    (uint64_t)attr.since + me->f->max_age / 86400 < m->r->today;
		rc = claims_of(m, me, k, a.severity, err);
	}
	return rc;
}

/* ---- allow sections that say `subtree` ---- */

static int
each_allowed(void *arg, const struct fsk_name *name, uint32_t attr)
{
	struct merger *m = arg;
	struct fsk_query q;

	/* Of the member that was opened last. */
	if (m->members[m->n - 1].known[attr].expired)
		return 0;
	nameset_query(&m->allowed, &q, name);
	return nameset_add(&m->allowed, &q, q.labels, 0) ? 0 : FSK_ENOMEM;
}

static int
open_members(struct merger *m, struct fsk_error *err)
{
	const struct conf *c = m->r->c;
	int rc = FSK_OK;

	for (size_t i = 0; i < c->nfeeds && rc == FSK_OK; i++) {
		struct member *me = &m->members[m->n];

		if (!c->feeds[i].enabled)
			continue;
		me->f = &c->feeds[i];
		me->number = i;
		me->s = &m->r->states[i];
		me->s->refused = me->s->unique = me->s->entries = 0;
		rc = open_member(m, me, err);
		m->n++;
		if (rc == FSK_OK && me->db != NULL && me->f->allow &&
		    me->f->subtree)
			rc = fsk_db_each(me->db, each_allowed, m, err);
	}
	return rc;
}

/* ---- afterwards: what each feed contributed ---- */

static int
count_members(struct merger *m, struct fsk_error *err)
{
	struct fsk_db_info info;
	struct fsk_db *db;
	uint64_t *count;
	int rc = fsk_db_open(&db, m->r->to, FSK_DB_MAP, err);

	if (rc != FSK_OK)
		return rc;
	fsk_db_info(db, &info);
	count = calloc(info.attrs + 1u, sizeof(*count));
	if (count == NULL) {
		fsk_db_close(db);
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	}
	fsk_db_count(db, count);
	for (uint32_t i = 0; i < info.attrs; i++) {
		struct fsk_attr a;

		fsk_db_attr(db, i, &a);
		for (unsigned j = 0; j < a.feeds; j++)
			for (size_t k = 0; k < m->n; k++) {
				struct member *me = &m->members[k];

				if (strcmp(me->f->head.title,
					fsk_db_attr_feed(db, i, j)) != 0)
					continue;
				me->s->entries += count[i];
				if (a.feeds == 1)
					me->s->unique += count[i];
			}
	}
	free(count);
	fsk_db_close(db);
	return FSK_OK;
}

/* The database's key, which the lists of groups share. */
static int
draw_key(uint8_t key[static FSK_KEY_LEN], struct fsk_error *err)
{
	return getrandom(key, FSK_KEY_LEN, 0) == FSK_KEY_LEN
	    ? FSK_OK
	    : fsk_fail(err, FSK_EIO, "cannot draw a key");
}

int
merge(const struct merge_request *r, struct fsk_writer_result *result,
    struct fsk_error *err)
{
	const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	const unsigned threads = r->c->threads != 0 ? (unsigned)r->c->threads
	    : cpus > 0                              ? (unsigned)cpus
						    : 1;
	uint8_t key[FSK_KEY_LEN];
	const struct fsk_writer_options options = {
		.mode = r->c->secret ? FSK_SECRET : FSK_NAMES,
		.threads = threads,
		.memory = r->c->memory,
		.serial = r->serial,
		.created = r->now,
		.key = key,
	};
	struct merger m = { .r = r, .lock = PTHREAD_MUTEX_INITIALIZER };
	int rc;

	nameset_init(&m.allowed);
	nameset_init(&m.ruled);
	nameset_init(&m.ruled_below);
	m.members = calloc(r->c->nfeeds + 1, sizeof(*m.members));
	rc = m.members != NULL ? state_file_open(&m.refused, r->refused, err)
			       : fsk_fail(err, FSK_ENOMEM, "out of memory");
	if (rc == FSK_OK)
		rc = draw_key(key, err);
	if (rc == FSK_OK)
		rc = fsk_writer_open(&m.w, r->to, &options, err);
	if (rc == FSK_OK)
		rc = policy_open(&m.policy, r->c, m.w, key, r->now, err);
	if (rc == FSK_OK)
		rc = merge_rules(&m, err);
	if (rc == FSK_OK)
		rc = open_members(&m, err);
	if (rc == FSK_OK)
		rc = merge_walk(&m, threads, err);
	if (rc == FSK_OK)
		rc = policy_finish(m.policy, m.w, err);
	if (rc == FSK_OK)
		rc = fsk_writer_publish(m.w, result, err);
	if (rc == FSK_OK)
		rc = count_members(&m, err);
	if (rc == FSK_OK)
		rc = dates_finish(m.dates, err);
	if (rc == FSK_OK)
		rc = state_file_replace(&m.refused, err);
	dates_close(m.dates);
	fsk_writer_close(m.w);
	policy_close(m.policy);
	for (size_t i = 0; i < m.n; i++) {
		fsk_db_close(m.members[i].db);
		free(m.members[i].known);
	}
	state_file_close(&m.refused);
	free(m.members);
	nameset_fini(&m.allowed);
	nameset_fini(&m.ruled);
	nameset_fini(&m.ruled_below);
	return rc;
}
