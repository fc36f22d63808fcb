/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The thread that sends what has changed, so that the collector never waits for
 * the server.  After a failure it waits for longer and longer, up to a minute.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "stats/store_clickhouse.h"

#define PAUSE_MS      500 /* after a failure, at first */
#define PAUSE_MOST_MS 60000
#define LAST_MS       5000 /* for what is left at the end */
#define EXPIRE_S      86400
#define TELL_S        600 /* again that the server is away */

struct sender {
	const struct conf *c;
	struct clickhouse *h;
	struct outbox outbox;
	pthread_t thread;
	bool started, checked;
	_Atomic bool stopped; /* what runs is to end */
	int64_t expired;      /* when */
	uint64_t lost;
	/* Behind the lock. */
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool woken, ending, failing, news;
	int64_t told;
	struct fsk_error trouble;
};

static struct timespec
after_ms(int64_t ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	}
	return t;
}

/* ---- one round ---- */

static int
send_table(struct sender *s, unsigned i, struct fsk_error *err)
{
	struct parcel p = { .rows = { .at = NULL } };
	unsigned n = 0;
	int rc;

	do {
		int64_t last = 0;

		rc = outbox_next(&s->outbox, i, &p, &n, &last, err);
		if (rc == FSK_OK && n != 0 && p.rows.len != 0) {
			char columns[512];

			snprintf(columns, sizeof(columns),
			    "%s, origin, version", p.columns);
			rc = clickhouse_insert(
			    s->h, p.table, columns, &p.rows, err);
		}
		if (rc == FSK_OK && n != 0)
			rc = outbox_sent(&s->outbox, i, last, err);
	} while (rc == FSK_OK && n != 0);
	free(p.rows.at);
	return rc;
}

static int
send_all(struct sender *s, struct fsk_error *err)
{
	const int64_t now = time(NULL);
	int rc = FSK_OK;

	if (!s->checked)
		rc = clickhouse_check_schema(s->h, s->c, err);
	s->checked = rc == FSK_OK;
	for (unsigned i = 0; rc == FSK_OK && i < OUTBOX_TABLES; i++)
		rc = send_table(s, i, err);
	if (rc == FSK_OK && now - s->expired >= EXPIRE_S) {
		rc = clickhouse_expire(s->h, s->c, now, err);
		s->expired = now;
	}
	return rc;
}

/* Keeps the trouble for who asks: at first, and now and then. */
static void
note(struct sender *s, int rc, struct fsk_error *err)
{
	const uint64_t before = s->lost;
	const int64_t waiting = rc != FSK_OK ? outbox_waiting(&s->outbox) : 0;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	s->checked &= rc == FSK_OK;
	if (rc != FSK_OK)
		outbox_bound(
		    &s->outbox, s->c->clickhouse.backlog, &s->lost, NULL);
	pthread_mutex_lock(&s->lock);
	if (rc == FSK_OK && s->failing) {
		fsk_fail(&s->trouble, FSK_EIO,
		    "ClickHouse at '%s' is there again; all is sent",
		    s->c->clickhouse.url);
		s->news = true;
	} else if (rc != FSK_OK &&
	    (!s->failing || s->lost != before ||
		now.tv_sec - s->told >= TELL_S)) {
		fsk_fail(&s->trouble, FSK_EIO,
		    "%.300s; rows that wait: %" PRId64
		    ", dropped since the start: %" PRIu64,
		    err->text, waiting, s->lost);
		s->news = true;
		s->told = now.tv_sec;
	}
	s->failing = rc != FSK_OK;
	pthread_mutex_unlock(&s->lock);
}

static void *
work(void *arg)
{
	struct sender *s = arg;
	int64_t pause = PAUSE_MS;
	bool ending = false;

	while (!ending) {
		struct fsk_error err;
		struct timespec until = after_ms(pause);
		int rc;

		pthread_mutex_lock(&s->lock);
		while (!s->ending && (s->failing || !s->woken))
			if (!s->failing)
				pthread_cond_wait(&s->cond, &s->lock);
			else if (pthread_cond_timedwait(
				     &s->cond, &s->lock, &until) != 0)
				break;
		ending = s->ending;
		s->woken = false;
		pthread_mutex_unlock(&s->lock);
		rc = send_all(s, &err);
		note(s, rc, &err);
		pause = rc == FSK_OK ? PAUSE_MS : 2 * pause;
		if (pause > PAUSE_MOST_MS)
			pause = PAUSE_MOST_MS;
	}
	pthread_mutex_lock(&s->lock);
	s->started = false;
	pthread_cond_broadcast(&s->cond);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* ---- from outside ---- */

static void
free_sender(struct sender *s)
{
	outbox_close(&s->outbox);
	clickhouse_close(s->h);
	pthread_cond_destroy(&s->cond);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

int
sender_start(struct sender **out, const struct conf *c, struct fsk_error *err)
{
	struct sender *s = calloc(1, sizeof(*s));
	pthread_condattr_t attr;
	int rc;

	*out = NULL;
	if (s == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	s->c = c;
	s->woken = true; /* what is left from before */
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->cond, &attr);
	pthread_condattr_destroy(&attr);
	rc = outbox_open(&s->outbox, c->database, err);
	if (rc == FSK_OK)
		rc = clickhouse_open(&s->h, c, err);
	if (rc == FSK_OK) {
		clickhouse_stop_at(s->h, &s->stopped);
		s->started = true;
		if (pthread_create(&s->thread, NULL, work, s) != 0)
			rc = fsk_fail(err, FSK_ENOMEM, "cannot start a thread");
	}
	if (rc != FSK_OK) {
		free_sender(s);
		return rc;
	}
	*out = s;
	return FSK_OK;
}

void
sender_wake(struct sender *s)
{
	pthread_mutex_lock(&s->lock);
	s->woken = true;
	if (!s->failing)
		pthread_cond_broadcast(&s->cond);
	pthread_mutex_unlock(&s->lock);
}

bool
sender_trouble(struct sender *s, struct fsk_error *err)
{
	bool news;

	pthread_mutex_lock(&s->lock);
	news = s->news;
	s->news = false;
	if (news)
		fsk_fail(err, FSK_EIO, "%s", s->trouble.text);
	pthread_mutex_unlock(&s->lock);
	return news;
}

void
sender_stop(struct sender *s)
{
	const struct timespec until = after_ms(LAST_MS);

	if (s == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	s->ending = true;
	pthread_cond_broadcast(&s->cond);
	while (s->started)
		if (pthread_cond_timedwait(&s->cond, &s->lock, &until) != 0)
			break;
	pthread_mutex_unlock(&s->lock);
	s->stopped = true;
	pthread_join(s->thread, NULL);
	free_sender(s);
}
