/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/store_sqlite.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stats/ring_state.h"

#define UPSERT " ON CONFLICT DO UPDATE SET "

#define NAME_UPDATE \
	"feedset = excluded.feedset, category = excluded.category, " \
	"severity = excluded.severity, hits = hits + excluded.hits, " \
	"would = would + excluded.would, error = max(error, excluded.error)"

/* The same statement by minute, hour and day. */
#define STEPS(before, after) \
	before "minute" after, before "hour" after, before "day" after

static const char *const texts[STATEMENTS] = {
	STEPS("INSERT INTO fact_",
	    " VALUES (?,?,?,?,?,?,?,?,?,?,?)" UPSERT
	    "hits = hits + excluded.hits"),
	STEPS("INSERT INTO counter_",
	    " VALUES (?,?,?,?,?)" UPSERT "value = value + excluded.value"),
	STEPS("INSERT INTO sketch_",
	    " VALUES (?,?,?,?,?,?)" UPSERT
	    "sketch = sketch_union(sketch, excluded.sketch)"),
	[PUT_NAME +
	    1] = "INSERT INTO name_hour VALUES (?,?,?,?,?,?,?,?,?)" UPSERT
	    NAME_UPDATE,
	[PUT_NAME + 2] =
	    "INSERT INTO name_day VALUES (?,?,?,?,?,?,?,?,?,?,?)" UPSERT
		NAME_UPDATE ", sketch = sketch_union(sketch, excluded.sketch), "
	    "would_sketch = sketch_union(would_sketch, excluded.would_sketch)",
	[DROP_NAME] = STEPS(
	    "DELETE FROM name_", " WHERE time = ? AND host = ? AND name = ?"),
	[PUT_REST] = "INSERT INTO name_rest VALUES (?,?,?,?,?,?,0)" UPSERT
		     "hits = hits + excluded.hits, "
		     "would = would + excluded.would, "
		     "most = max(most, excluded.most), closed = 0",
	[PUT_NETWORK] = "INSERT INTO network VALUES (?,?)" UPSERT
			"organisation = excluded.organisation",
	[PUT_EVENT] = "INSERT INTO event VALUES "
		      "(NULL,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
	[PUT_RING] = "REPLACE INTO ring VALUES (?,?,?,?,?,?,?)",
	[GET_LABEL] = "SELECT id FROM label WHERE kind = ? AND text = ?",
	[PUT_LABEL] = "INSERT INTO label (kind, text) VALUES (?,?) "
		      "RETURNING id",
	[GET_SET] = "SELECT id FROM feedset WHERE feeds = ?",
	[PUT_SET] = "INSERT INTO feedset (feeds) VALUES (?) RETURNING id",
	[PUT_MEMBER] = "INSERT OR IGNORE INTO feedset_feed VALUES (?,?)",
};

static struct sqlite *
sqlite(struct store *s)
{
	return (struct sqlite *)(void *)s;
}

const char *
step_word(enum store_step step)
{
	static const char *const words[] = { "minute", "hour", "day" };

	return words[step_index(step)];
}

/* ---- statements; after a failure they do nothing ---- */

/* The statement, ready for its parameters; NULL after a failure. */
static struct sql_stmt *
statement(struct sqlite *s, unsigned which)
{
	if (s->failed)
		return NULL;
	if (s->st[which] == NULL)
		s->st[which] = sql_prepare(s->db, texts[which], &s->why);
	s->failed = s->st[which] == NULL;
	return s->st[which];
}

static void
run(struct sqlite *s, struct sql_stmt *st)
{
	if (sql_step(st, &s->why) < 0)
		s->failed = true;
}

/* The id in the row that ST gives; 0 if it gives none. */
static int64_t
run_for_id(struct sqlite *s, struct sql_stmt *st)
{
	int rc = sql_step(st, &s->why);
	int64_t id = rc == 1 ? sql_get_int(st, 0) : 0;

	/* With RETURNING, what is done is done after the last step. */
	while (rc == 1)
		rc = sql_step(st, &s->why);
	s->failed |= rc < 0;
	return id;
}

/* The id of a text, found by GET or made by PUT; KIND below 0: they have none.
 */
static int64_t
make_id(
    struct sqlite *s, unsigned get, unsigned put, int kind, const char *text)
{
	int64_t id = 0;

	for (unsigned which = get; id == 0; which = put) {
		struct sql_stmt *st = statement(s, which);

		if (st == NULL)
			return 0;
		if (kind >= 0)
			sql_int(st, 1, kind);
		sql_text(st, kind >= 0 ? 2 : 1, text);
		id = run_for_id(s, st);
		if (which == put)
			break;
	}
	return id;
}

static int64_t
label(struct sqlite *s, int kind, const char *text)
{
	const size_t len = strlen(text);
	char key[2 + 256];
	int64_t *id, n;
	bool fresh;

	if (*text == '\0')
		return 0;
	if (len > 255)
		return make_id(s, GET_LABEL, PUT_LABEL, kind, text);
	key[0] = (char)kind;
	memcpy(key + 1, text, len);
	id = table_get(&s->labels, key, len + 1);
	if (id != NULL)
		return *id;
	n = make_id(s, GET_LABEL, PUT_LABEL, kind, text);
	id = n != 0 ? table_put(&s->labels, key, len + 1, &fresh) : NULL;
	if (id != NULL)
		*id = n;
	return n;
}

/* Notes which feeds the set ID has. */
static void
put_members(struct sqlite *s, int64_t set, const char *feeds)
{
	while (*feeds != '\0') {
		size_t len = strcspn(feeds, (char[]){ STORE_BETWEEN, '\0' });
		char *feed = strndup(feeds, len);
		int64_t id = feed != NULL ? label(s, FSK_LABEL_FEED, feed) : 0;
		struct sql_stmt *st = statement(s, PUT_MEMBER);

		free(feed);
		if (st == NULL)
			return;
		sql_int(st, 1, id);
		sql_int(st, 2, set);
		run(s, st);
		feeds += len + (feeds[len] != '\0');
	}
}

static int64_t
feedset(struct sqlite *s, const char *feeds)
{
	const size_t len = strlen(feeds);
	int64_t *id, n;
	bool fresh;

	if (len == 0)
		return 0;
	id = table_get(&s->sets, feeds, len);
	if (id != NULL)
		return *id;
	n = make_id(s, GET_SET, PUT_SET, -1, feeds);
	put_members(s, n, feeds);
	id = n != 0 && !s->failed ? table_put(&s->sets, feeds, len, &fresh)
				  : NULL;
	if (id != NULL)
		*id = n;
	return n;
}

/* ---- batches ---- */

static void
forget(struct sqlite *s)
{
	/* Ids that were made and not committed are none. */
	table_clear(&s->labels);
	table_clear(&s->sets);
}

static int
begin(struct store *store, const char *host, struct fsk_error *err)
{
	struct sqlite *s = sqlite(store);
	int rc = sql_run(s->db, "BEGIN IMMEDIATE", err);

	s->failed = false;
	if (rc != FSK_OK)
		return rc;
	s->host = label(s, LABEL_HOST, host);
	if (!s->failed)
		return FSK_OK;
	store_rollback(store);
	return fsk_fail(err, (enum fsk_result)s->why.code, "%s", s->why.text);
}

static void
rollback(struct store *store)
{
	struct sqlite *s = sqlite(store);

	if (sql_in_transaction(s->db))
		sql_run(s->db, "ROLLBACK", NULL);
	forget(s);
	s->failed = false;
}

static int
commit(struct store *store, struct fsk_error *err)
{
	struct sqlite *s = sqlite(store);

	if (s->failed)
		return fsk_fail(
		    err, (enum fsk_result)s->why.code, "%s", s->why.text);
	return sql_run(s->db, "COMMIT", err);
}

/* ---- what is put ---- */

static void
put_fact(struct store *store, enum store_step step, const struct store_fact *f)
{
	struct sqlite *s = sqlite(store);
	const int64_t set = feedset(s, f->feeds);
	const int64_t category = label(s, FSK_LABEL_CATEGORY, f->category);
	const int64_t group = label(s, FSK_LABEL_GROUP, f->group);
	struct sql_stmt *st = statement(s, PUT_FACT + step_index(step));

	if (st == NULL)
		return;
	sql_int(st, 1, f->time);
	sql_int(st, 2, s->host);
	sql_int(st, 3, set);
	sql_int(st, 4, category);
	sql_int(st, 5, f->severity);
	sql_int(st, 6, f->action);
	sql_int(st, 7, group);
	sql_text(st, 8, f->country);
	sql_int(st, 9, f->asn);
	sql_int(st, 10, f->would);
	sql_int(st, 11, (int64_t)f->hits);
	run(s, st);
}

/* Binds SKETCH, packed to the room WHERE; NULL if it is that. */
static void
bind_sketch(struct sqlite *s, struct sql_stmt *st, int i, int where,
    struct sketch *sketch)
{
	if (sketch != NULL)
		sql_blob(st, i, s->packed[where],
		    sketch_pack(sketch, s->packed[where]));
	else
		sql_null(st, i);
}

static void
put_name(struct store *store, enum store_step step, const struct store_name *n)
{
	struct sqlite *s = sqlite(store);
	const int64_t set = feedset(s, n->feeds);
	const int64_t category = label(s, FSK_LABEL_CATEGORY, n->category);
	struct sql_stmt *st = statement(s, PUT_NAME + step_index(step));

	if (st == NULL)
		return;
	sql_int(st, 1, n->time);
	sql_int(st, 2, s->host);
	sql_text(st, 3, n->name);
	sql_int(st, 4, set);
	sql_int(st, 5, category);
	sql_int(st, 6, n->severity);
	sql_int(st, 7, (int64_t)n->hits);
	sql_int(st, 8, (int64_t)n->would);
	sql_int(st, 9, (int64_t)n->error);
	for (int i = 0; step == STORE_DAY && i < 2; i++)
		bind_sketch(s, st, 10 + i, i, n->clients[i]);
	run(s, st);
}

static void
drop_name(
    struct store *store, enum store_step step, int64_t time, const char *name)
{
	struct sqlite *s = sqlite(store);
	struct sql_stmt *st = statement(s, DROP_NAME + step_index(step));

	if (st == NULL)
		return;
	sql_int(st, 1, time);
	sql_int(st, 2, s->host);
	sql_text(st, 3, name);
	run(s, st);
}

static void
put_rest(struct store *store, enum store_step step, const struct store_rest *r)
{
	struct sqlite *s = sqlite(store);
	struct sql_stmt *st = statement(s, PUT_REST);

	if (st == NULL)
		return;
	sql_int(st, 1, step);
	sql_int(st, 2, r->time);
	sql_int(st, 3, s->host);
	sql_int(st, 4, (int64_t)r->hits);
	sql_int(st, 5, (int64_t)r->would);
	sql_int(st, 6, (int64_t)r->most);
	run(s, st);
}

static void
put_sketch(
    struct store *store, enum store_step step, const struct store_sketch *k)
{
	struct sqlite *s = sqlite(store);
	struct sql_stmt *st = statement(s, PUT_SKETCH + step_index(step));

	if (st == NULL)
		return;
	sql_int(st, 1, k->time);
	sql_int(st, 2, s->host);
	sql_int(st, 3, k->kind);
	sql_int(st, 4, k->would);
	sql_text(st, 5, k->key);
	bind_sketch(s, st, 6, 0, k->sketch);
	run(s, st);
}

/* The kind of the label that a counter has. */
static int
label_kind(unsigned counter)
{
	if (counter == STORE_CATEGORY_HITS)
		return FSK_LABEL_CATEGORY;
	return counter == STORE_GROUP_HITS ? FSK_LABEL_GROUP : FSK_LABEL_FEED;
}

static void
put_counter(struct store *store, const struct store_counter *c)
{
	static const enum store_step steps[] = { STORE_MINUTE, STORE_HOUR,
		STORE_DAY };
	struct sqlite *s = sqlite(store);
	const int64_t id = label(s, label_kind(c->counter), c->label);

	for (unsigned i = 0; i < 3; i++) {
		struct sql_stmt *st = statement(s, PUT_COUNTER + i);

		if (st == NULL)
			return;
		sql_int(st, 1, c->time - c->time % steps[i]);
		sql_int(st, 2, s->host);
		sql_int(st, 3, c->counter);
		sql_int(st, 4, id);
		sql_int(st, 5, (int64_t)c->value);
		run(s, st);
	}
}

static void
put_network(struct store *store, uint32_t asn, const char *organisation)
{
	struct sqlite *s = sqlite(store);
	struct sql_stmt *st = statement(s, PUT_NETWORK);

	if (st == NULL)
		return;
	sql_int(st, 1, asn);
	sql_text(st, 2, organisation);
	run(s, st);
}

static void
put_event(struct store *store, const struct store_event *e)
{
	struct sqlite *s = sqlite(store);
	const int64_t set = feedset(s, e->feeds);
	const int64_t category = label(s, FSK_LABEL_CATEGORY, e->category);
	const int64_t group = label(s, FSK_LABEL_GROUP, e->group);
	struct sql_stmt *st = statement(s, PUT_EVENT);

	if (st == NULL)
		return;
	sql_int(st, 1, (int64_t)e->time);
	sql_int(st, 2, s->host);
	sql_text(st, 3, e->name);
	sql_int(st, 4, e->qtype);
	sql_int(st, 5, set);
	sql_int(st, 6, category);
	sql_int(st, 7, group);
	sql_int(st, 8, e->severity);
	sql_int(st, 9, e->action);
	sql_int(st, 10, e->transport);
	sql_int(st, 11, e->would);
	sql_text(st, 12, e->country);
	sql_int(st, 13, e->asn);
	if (e->client != NULL)
		sql_blob(st, 14, e->client, 16);
	else
		sql_null(st, 14);
	sql_text(st, 15, e->case_number);
	run(s, st);
}

/* ---- rings ---- */

static void
put_ring(struct store *store, const struct store_ring *r)
{
	struct sqlite *s = sqlite(store);
	struct sql_stmt *st = statement(s, PUT_RING);
	uint8_t *state = malloc(RING_STATE_MAX);

	if (st != NULL && state == NULL) {
		s->failed = true;
		fsk_fail(&s->why, FSK_ENOMEM, "out of memory");
	} else if (st != NULL) {
		sql_blob(st, 1, r->id, sizeof(r->id));
		sql_int(st, 2, s->host);
		sql_int(st, 3, r->seen);
		sql_int(st, 4, (int64_t)r->serial);
		sql_int(st, 5, (int64_t)r->created);
		sql_int(st, 6, (int64_t)r->entries);
		sql_blob(st, 7, state, ring_state_pack(r, state));
		run(s, st);
	}
	free(state);
}

static int
get_ring(struct store *store, const uint8_t *id, struct store_ring *r,
    struct fsk_error *err)
{
	struct sqlite *s = sqlite(store);
	struct sql_stmt *st = sql_prepare(s->db,
	    "SELECT seen, serial, created, entries, state FROM ring "
	    "WHERE id = ?",
	    err);
	const uint8_t *state;
	size_t len;
	int rc;

	*r = (struct store_ring){ .host = "" };
	memcpy(r->id, id, sizeof(r->id));
	if (st == NULL)
		return err != NULL ? err->code : FSK_EIO;
	sql_blob(st, 1, id, sizeof(r->id));
	rc = sql_step(st, err);
	if (rc == 1) {
		r->seen = sql_get_int(st, 0);
		r->serial = (uint64_t)sql_get_int(st, 1);
		r->created = (uint64_t)sql_get_int(st, 2);
		r->entries = (uint64_t)sql_get_int(st, 3);
		state = sql_get_blob(st, 4, &len);
		rc = ring_state_unpack(r, state, len)
		    ? FSK_OK
		    : fsk_fail(err, FSK_ECORRUPT,
			  "'%s' is damaged: the state of a ring cannot be read",
			  s->c->database);
	}
	sql_free(st);
	return rc;
}

/* ---- opening and closing ---- */

static void
close_store(struct store *store)
{
	struct sqlite *s = sqlite(store);

	for (unsigned i = 0; i < STATEMENTS; i++)
		sql_free(s->st[i]);
	sql_close(s->db);
	table_fini(&s->labels);
	table_fini(&s->sets);
	free(s);
}

static void
deadline(struct store *store, int64_t ms)
{
	sql_deadline(sqlite(store)->db, ms);
}

static const struct store_ops ops = {
	.close = close_store,
	.deadline = deadline,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.put_fact = put_fact,
	.put_name = put_name,
	.drop_name = drop_name,
	.put_rest = put_rest,
	.put_sketch = put_sketch,
	.put_counter = put_counter,
	.put_network = put_network,
	.put_event = put_event,
	.put_ring = put_ring,
	.ring = get_ring,
	.maintain = sqlite_maintain,
	.facts = sqlite_facts,
	.names = sqlite_names,
	.rests = sqlite_rests,
	.sketches = sqlite_sketches,
	.counters = sqlite_counters,
	.rings = sqlite_rings,
	.networks = sqlite_networks,
};

/* A commit is not synced to the disk: after a power failure the last ones may
 * be missing as a whole, as is the ring, but the database is never damaged. */
static const char settings[] =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = NORMAL;"
    "PRAGMA wal_autocheckpoint = 8192;"      /* pages */
    "PRAGMA journal_size_limit = 134217728;" /* octets */
    "PRAGMA cache_size = -131072;"           /* KB */
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA secure_delete = ON;"; /* what is gone is not there to be read */

int
store_sqlite_open(struct store **out, const struct conf *c, enum store_use use,
    struct fsk_error *err)
{
	struct sqlite *s = calloc(1, sizeof(*s));
	int rc;

	*out = NULL;
	if (s == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	s->store.ops = &ops;
	s->c = c;
	table_init(&s->labels, sizeof(int64_t));
	table_init(&s->sets, sizeof(int64_t));
	rc = sql_open(&s->db, c->database, use == STORE_WRITE, err);
	/* It must be said before there is any table. */
	if (rc == FSK_OK && use == STORE_WRITE)
		rc = sql_run(s->db, "PRAGMA auto_vacuum = INCREMENTAL", err);
	if (rc == FSK_OK)
		rc = sqlite_schema(s->db, c->database, use == STORE_WRITE, err);
	if (rc == FSK_OK && use == STORE_WRITE)
		rc = sql_run(s->db, settings, err);
	if (rc != FSK_OK) {
		close_store(&s->store);
		return rc;
	}
	*out = &s->store;
	return FSK_OK;
}
