/* SPDX-License-Identifier: BSD-3-Clause */
/* What sources say: answers, feeds and claims, each kept once, and the names
 * that claims are made on, which go to the first step. */
#include <stdlib.h>
#include <string.h>

#include "lib/db_answer.h"
#include "lib/db_build.h"

int
text_string(struct text *t, const char *s, uint32_t *at, struct fsk_error *err)
{
	size_t len = strlen(s) + 1;

	for (size_t i = 0; i < t->len; i += strlen(t->at + i) + 1)
		if (strcmp(t->at + i, s) == 0) {
			*at = (uint32_t)i;
			return FSK_OK;
		}
	if (t->room - t->len < len) {
		size_t room = 2 * t->room + len + 256;
		char *p = realloc(t->at, room);

		if (p == NULL)
			return out_of_memory(err);
		t->at = p;
		t->room = room;
	}
	memcpy(t->at + t->len, s, len);
	*at = (uint32_t)t->len;
	t->len += len;
	return FSK_OK;
}

/* Adds the text of NAME to the strings and notes it at WHERE; none is "". */
static int
add_name(struct fsk_writer *w, const struct fsk_name *name, uint8_t *where,
    struct fsk_error *err)
{
	char text[FSK_TEXT_MAX] = "";
	uint32_t at;
	int rc;

	if (name->len != 0)
		fsk_name_to_text(name->wire, text);
	rc = text_string(&w->strings, text, &at, err);
	fsk_put32(where, at);
	return rc;
}

int
fsk_writer_answer(struct fsk_writer *w, const struct fsk_answer *answer,
    unsigned *row, struct fsk_error *err)
{
	uint8_t packed[FSK_ANSWER_LEN] = { 0 };
	uint32_t text;
	void *p;
	int rc;

	if (!answer_write(packed, answer))
		return fsk_fail(err, FSK_EINVAL, "impossible answer");
	rc = text_string(
	    &w->strings, answer->text != NULL ? answer->text : "", &text, err);
	fsk_put32(packed + FSK_N_TEXT, text);
	if (rc == FSK_OK)
		rc = add_name(w, &answer->cname, packed + FSK_N_CNAME, err);
	if (rc == FSK_OK)
		rc = add_name(w, &answer->mname, packed + FSK_N_MNAME, err);
	if (rc == FSK_OK)
		rc = add_name(w, &answer->rname, packed + FSK_N_RNAME, err);
	if (rc != FSK_OK)
		return rc;
	for (*row = 0; *row < w->nanswers; ++*row)
		if (memcmp(w->answers[*row], packed, sizeof(packed)) == 0)
			return FSK_OK;
	if (w->nanswers >= UINT16_MAX)
		return fsk_fail(err, FSK_EINVAL, "too many answers");
	p = realloc(w->answers, (w->nanswers + 1) * sizeof(*w->answers));
	if (p == NULL)
		return out_of_memory(err);
	w->answers = p;
	memcpy(w->answers[w->nanswers++], packed, sizeof(packed));
	return FSK_OK;
}

void
fsk_writer_policy(struct fsk_writer *w, const void *bytes, size_t len)
{
	w->policy = bytes;
	w->policy_len = len;
}

/* The row of the feed whose name is at NAME in the strings. */
static int
add_feed(
    struct fsk_writer *w, uint32_t name, uint32_t *row, struct fsk_error *err)
{
	struct feed *p;
	int rc;

	for (*row = 0; *row < w->nfeeds; ++*row)
		if (w->feeds[*row].name == name)
			return FSK_OK;
	if (w->nfeeds >= UINT16_MAX)
		return fsk_fail(err, FSK_EINVAL, "too many feeds");
	p = realloc(w->feeds, (w->nfeeds + 1) * sizeof(*p));
	if (p == NULL)
		return out_of_memory(err);
	w->feeds = p;
	p += w->nfeeds++;
	*p = (struct feed){ .name = name };
	rc = text_string(&w->strings, "", &p->authority, err);
	p->legal = p->contact = p->authority;
	return rc;
}

int
fsk_writer_feed(
    struct fsk_writer *w, const struct fsk_feed *feed, struct fsk_error *err)
{
	uint32_t name, row;
	int rc = text_string(&w->strings, feed->name, &name, err);

	if (rc == FSK_OK)
		rc = add_feed(w, name, &row, err);
	if (rc == FSK_OK)
		rc = text_string(&w->strings, feed->authority,
		    &w->feeds[row].authority, err);
	if (rc == FSK_OK)
		rc = text_string(
		    &w->strings, feed->legal_basis, &w->feeds[row].legal, err);
	if (rc == FSK_OK)
		rc = text_string(
		    &w->strings, feed->contact, &w->feeds[row].contact, err);
	return rc;
}

static bool
same_claim(const struct claim *a, const struct claim *b)
{
	return a->feed == b->feed && a->category == b->category &&
	    a->since == b->since && a->class == b->class &&
	    a->case_number == b->case_number && a->severity == b->severity &&
	    a->allow == b->allow && a->cancel == b->cancel;
}

int
fsk_writer_claim(struct fsk_writer *w, const struct fsk_claim *c,
    uint32_t *number, struct fsk_error *err)
{
	struct claim claim = { .since = c->since,
		.allow = c->allow,
		.cancel = c->cancel,
		.decides = c->decides };
	struct claim *p;
	uint32_t name;
	int rc;

	/* Whether the class exists is seen when all are known. */
	if (c->class > UINT16_MAX || c->severity < FSK_YELLOW ||
	    c->severity > FSK_RED)
		return fsk_fail(err, FSK_EINVAL, "impossible claim");
	claim.class = (uint16_t)c->class;
	claim.severity = (uint8_t)c->severity;
	pthread_mutex_lock(&w->lock);
	rc = text_string(&w->strings, c->feed, &name, err);
	if (rc == FSK_OK)
		rc = add_feed(w, name, &claim.feed, err);
	if (rc == FSK_OK)
		rc = text_string(
		    &w->strings, c->category, &claim.category, err);
	if (rc == FSK_OK)
		rc = text_string(&w->strings,
		    c->case_number != NULL ? c->case_number : "",
		    &claim.case_number, err);
	*number = 0;
	while (rc == FSK_OK && *number < w->nclaims &&
	    !same_claim(&w->claims[*number], &claim))
		++*number;
	if (rc == FSK_OK && *number == w->nclaims) {
		p = realloc(w->claims, (w->nclaims + 1) * sizeof(*p));
		if (p == NULL) {
			rc = out_of_memory(err);
		} else {
			w->claims = p;
			w->claims[w->nclaims++] = claim;
		}
	}
	pthread_mutex_unlock(&w->lock);
	return rc;
}

int
fsk_writer_lane(
    struct fsk_writer *w, struct fsk_lane **out, struct fsk_error *err)
{
	struct fsk_lane *lane = calloc(1, sizeof(*lane));
	int rc;

	*out = NULL;
	if (lane == NULL)
		return out_of_memory(err);
	lane->w = w;
	rc = fsk_spill_lane(w->in, &lane->spill, err);
	if (rc != FSK_OK) {
		free(lane);
		return rc;
	}
	pthread_mutex_lock(&w->lock);
	lane->next = w->lanes;
	w->lanes = lane;
	pthread_mutex_unlock(&w->lock);
	*out = lane;
	return FSK_OK;
}

int
fsk_lane_add(struct fsk_lane *lane, const struct fsk_name *name,
    enum fsk_match_kind match, uint32_t claim, struct fsk_error *err)
{
	struct fsk_writer *w = lane->w;
	uint8_t rec[REC_MAX + 16];
	const uint8_t *tld, *p;
	uint64_t loc;

	if (name->len < 2 || match > FSK_BELOW || claim >= w->nclaims)
		return fsk_fail(err, FSK_EINVAL, "impossible entry");
	rec[REC_LEN] = (uint8_t)(name->len - 1);
	rec[REC_KIND] = (uint8_t)(match |
	    (w->claims[claim].allow ? REC_ALLOW : 0));
	fsk_put32(rec + REC_NUMBER, claim);
	memcpy(rec + REC_HEAD, name->wire, name->len);
	memset(rec + REC_HEAD + name->len, 0, 16);
	/* The last two labels say where it belongs. */
	p = tld = NULL;
	for (const uint8_t *at = rec + REC_HEAD; *at != 0; at += *at + 1u) {
		p = tld;
		tld = at;
	}
	loc = fsk_locate_label(&w->key, w->key.start, tld);
	if (p != NULL)
		loc = fsk_locate_label(&w->key, loc, p);
	lane->claims++;
	return fsk_spill_add(lane->spill, fsk_part_of(loc, FSK_PART_BITS_MAX),
	    rec, REC_HEAD + rec[REC_LEN], err);
}

int
fsk_lane_add_url(struct fsk_lane *lane, const char *expression, uint32_t claim,
    struct fsk_error *err)
{
	const struct fsk_writer *w = lane->w;

	if (claim >= w->nclaims)
		return fsk_fail(err, FSK_EINVAL, "impossible URL");
	lane->claims++;
	return urls_add(&lane->urls,
	    fsk_siphash(
		w->key.sip, (const uint8_t *)expression, strlen(expression)),
	    claim, err);
}
