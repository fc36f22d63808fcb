/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Enters what the feeds list: several threads, each with the list of one feed
 * at a time.
 */
#include "feeds/merge_in.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/entry.h"
#include "lib/prefix.h"

/* ---- the entries ---- */

/* Notes that an entry is left out. */
static int
report(struct walker *t, const char *entry, const char *why)
{
	bool failed;

	pthread_mutex_lock(&t->m->lock);
	t->at->s->refused++;
	failed = fprintf(t->m->refused.to, "%s\t%s\t%s\n", t->at->f->head.title,
		     entry, why) < 0;
	pthread_mutex_unlock(&t->m->lock);
	return failed ? fsk_fail(&t->err, FSK_EIO,
			    "cannot write what is refused: %s", strerror(errno))
		      : FSK_OK;
}

static int
report_name(struct walker *t, const struct fsk_name *name,
    const struct known *k, const char *why)
{
	char text[FSK_TEXT_MAX], entry[FSK_TEXT_MAX + 2];

	snprintf(entry, sizeof(entry), "%s%s", entry_mark(k->match),
	    fsk_name_to_text(name->wire, text));
	return report(t, entry, why);
}

static int
each_entry(void *arg, const struct fsk_name *name, uint32_t attr)
{
	struct walker *t = arg;
	const struct known *k = &t->at->known[attr];
	const char *why = merge_left_out(t, name, k);

	if (why != NULL)
		return report_name(t, name, k, why);
	return fsk_lane_add(t->lane, name, k->match,
	    k->claim[!guard_is_target(t->m->r->g, name)], &t->err);
}

/* ---- URLs ---- */

/* The claim of the member at hand for what it lists since DAY. */
static bool
claim_of_day(const struct member *me, uint32_t day, uint32_t *claim)
{
	struct fsk_db_info info;

	fsk_db_info(me->db, &info);
	for (uint32_t i = 0; i < info.attrs; i++)
		if (me->known[i].since == day &&
		    me->known[i].allow == me->f->allow) {
			*claim = me->known[i].claim[1];
			return !me->known[i].expired;
		}
	return false;
}

/* Enters what is listed as "ip:PREFIX" or "nsip:PREFIX"; false: it is not for
 * this list. */
static int
add_prefix(struct walker *t, const char *prefix, bool servers, bool *listed)
{
	uint8_t addr[FSK_ADDR_LEN];
	const char *why;
	unsigned bits;

	*listed = false;
	if (!t->at->f->addresses ||
	    fsk_prefix_read(prefix, addr, &bits) != NULL)
		return FSK_OK;
	why = t->at->f->allow ? NULL : guard_refuses_prefix(addr, bits);
	if (why != NULL)
		return report(t, prefix, why);
	*listed = true;
	return policy_address(t->m->policy, addr, bits, servers)
	    ? FSK_OK
	    : fsk_fail(&t->err, FSK_ENOMEM, "out of memory");
}

static int
add_url(struct walker *t, const char *url, uint32_t claim)
{
	bool listed = !t->at->f->allow; /* URLs are blocked by nobody */
	int rc = FSK_OK;

	if (strncmp(url, "ip:", 3) == 0)
		rc = add_prefix(t, url + 3, false, &listed);
	else if (strncmp(url, "nsip:", 5) == 0)
		rc = add_prefix(t, url + 5, true, &listed);
	return rc == FSK_OK && listed
	    ? fsk_lane_add_url(t->lane, url, claim, &t->err)
	    : rc;
}

/* The day of the line before, and the claim that it led to. */
struct day {
	uint32_t last, claim;
	bool good;
};

/* Enters what LINE, of the file of URLs, says. */
static int
add_line(struct walker *t, char *line, struct day *d)
{
	char *url;
	const uint32_t day = (uint32_t)strtoul(line, &url, 10);

	if (*url != ' ')
		return FSK_OK; /* not ours */
	if (day != d->last) {
		d->good = claim_of_day(t->at, day, &d->claim);
		d->last = day;
	}
	url[strcspn(url, "\n")] = '\0';
	return d->good ? add_url(t, url + 1, d->claim) : FSK_OK;
}

static int
add_urls(struct walker *t)
{
	const struct conf *c = t->m->r->c;
	char *path = state_path(c->state, t->at->f->head.title, "urls");
	FILE *f = path != NULL ? fopen(path, "re") : NULL;
	struct day d = { .last = UINT32_MAX };
	char *line = NULL;
	size_t room = 0;
	int rc = FSK_OK;

	free(path);
	if (f == NULL)
		return FSK_OK;
	while (rc == FSK_OK && getline(&line, &room, f) != -1)
		rc = add_line(t, line, &d);
	free(line);
	fclose(f);
	return rc;
}

/* ---- the threads ---- */

static void *
walk(void *arg)
{
	struct walker *t = arg;
	struct merger *m = t->m;
	size_t i;

	while (t->err.code == FSK_OK &&
	    (i = atomic_fetch_add(&m->next, 1)) < m->n) {
		int rc;

		t->at = &m->members[i];
		if (t->at->db == NULL)
			continue;
		rc = fsk_db_each(t->at->db, each_entry, t, &t->err);
		if (rc == FSK_OK && (!t->at->f->allow || t->at->f->addresses))
			rc = add_urls(t);
		if (rc != FSK_OK) {
			pthread_mutex_lock(&m->lock);
			if (m->err.code == FSK_OK)
				m->err = t->err;
			pthread_mutex_unlock(&m->lock);
		}
	}
	return NULL;
}

int
merge_walk(struct merger *m, unsigned threads, struct fsk_error *err)
{
	struct walker *walkers = calloc(threads, sizeof(*walkers));
	unsigned started = 0;
	int rc = FSK_OK;

	if (walkers == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	for (unsigned i = 0; i < threads && rc == FSK_OK; i++) {
		walkers[i].m = m;
		rc = fsk_writer_lane(m->w, &walkers[i].lane, err);
	}
	if (rc == FSK_OK) {
		for (unsigned i = 1; i < threads; i++, started++)
			if (pthread_create(&walkers[i].thread, NULL, walk,
				&walkers[i]) != 0)
				break; /* the others do its work */
		walk(&walkers[0]);
		for (unsigned i = 1; i <= started; i++)
			pthread_join(walkers[i].thread, NULL);
	}
	free(walkers);
	if (rc == FSK_OK && m->err.code != FSK_OK) {
		rc = m->err.code;
		if (err != NULL)
			*err = m->err;
	}
	return rc;
}
