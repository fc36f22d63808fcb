/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/group_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feeds/answer.h"
#include "feeds/host.h"
#include "feeds/ingest.h"
#include "feeds/state.h"
#include "lib/db_write.h"

#define MEMORY ((size_t)64 << 20) /* such lists are small */

/* A list on its way. */
struct maker {
	struct fsk_writer *w;
	struct fsk_lane *lane;
	uint64_t names;
};

/* The claim of what is listed for G. */
static int
claim_of(const struct conf *c, const struct conf_group *g, bool allow,
    struct fsk_writer *w, int64_t now, uint32_t *claim, struct fsk_error *err)
{
	/* As a rule with the group's own answer. */
	const struct conf_rule rule = { .category = (char *)(uintptr_t) "group",
		.answer = g->answer };
	const struct conf_answer a = conf_answer_of(c, NULL, &rule, g);
	struct fsk_answer answer;
	struct fsk_claim k = { .category = "group",
		.severity = a.severity == 0 ? FSK_RED : FSK_YELLOW,
		.since = (uint32_t)(now / 86400),
		.allow = allow };
	char feed[128], why[128];
	int rc;

	snprintf(feed, sizeof(feed), "group %s", g->head.title);
	k.feed = feed;
	if (!answer_make(&a, &answer, why))
		return fsk_fail(err, FSK_EINVAL, "%s", why);
	rc = fsk_writer_answer(w, &answer, &k.class, err);
	return rc == FSK_OK ? fsk_writer_claim(w, &k, claim, err) : rc;
}

static int
add_names(struct maker *m, const struct option_texts *names, uint32_t claim,
    struct fsk_error *err)
{
	int rc = FSK_OK;

	for (size_t i = 0; i < names->n && rc == FSK_OK; i++) {
		enum fsk_match_kind match;
		struct fsk_name name;

		if (host_entry(&name, &match, FSK_SUBTREE, names->at[i],
			strlen(names->at[i])) != NULL)
			continue; /* conf_read() has told */
		rc = fsk_lane_add(m->lane, &name, match, claim, err);
		m->names++;
	}
	return rc;
}

static int
take(const struct ingest_input *in, struct fsk_lane *lane,
    const struct parse_entry *e, struct fsk_error *err)
{
	if (e->url != NULL || e->kind != PARSE_LIST)
		return FSK_OK;
	return fsk_lane_add(
	    lane, &e->name, e->match, *(const uint32_t *)in->arg, err);
}

static int
add_files(struct maker *m, const struct option_texts *files, uint32_t claim,
    struct fsk_error *err)
{
	const struct ingest_options options = { .threads = 1, .strict = true };
	int rc = FSK_OK;

	for (size_t i = 0; i < files->n && rc == FSK_OK; i++) {
		struct ingest_input in = { .path = files->at[i],
			.match = FSK_SUBTREE,
			.take = take,
			.arg = &claim };

		rc = ingest(&in, 1, m->w, &options, err);
		m->names += in.names;
	}
	return rc;
}

static int
add_group(struct maker *m, const struct conf *c, const struct conf_group *g,
    bool with_allowed, int64_t now, struct fsk_error *err)
{
	uint32_t block, allow;
	int rc = claim_of(c, g, false, m->w, now, &block, err);

	if (rc == FSK_OK)
		rc = claim_of(c, g, true, m->w, now, &allow, err);
	if (rc == FSK_OK)
		rc = fsk_writer_lane(m->w, &m->lane, err);
	if (rc == FSK_OK)
		rc = add_names(m, &g->block, block, err);
	if (rc == FSK_OK)
		rc = add_files(m, &g->block_files, block, err);
	if (rc == FSK_OK && with_allowed)
		rc = add_names(m, &g->allow, allow, err);
	if (rc == FSK_OK && with_allowed)
		rc = add_files(m, &g->allow_files, allow, err);
	return rc;
}

/* Publishes M's list to PATH, reads it and removes it. */
static int
finish(struct maker *m, const char *path, void **list, size_t *len,
    struct fsk_error *err)
{
	struct fsk_writer_result result;
	int rc;

	if (m->names == 0)
		return FSK_OK;
	rc = fsk_writer_publish(m->w, &result, err);
	if (rc != FSK_OK)
		return rc;
	*list = state_text(path, len);
	unlink(path);
	return *list != NULL ? FSK_OK
			     : fsk_fail(err, FSK_EIO, "cannot read '%s'", path);
}

static int
make(const struct conf *c, const struct conf_group *g, size_t groups,
    bool with_allowed, const uint8_t *key, int64_t now, void **list,
    size_t *len, struct fsk_error *err)
{
	const struct fsk_writer_options options = {
		.mode = c->secret ? FSK_SECRET : FSK_NAMES,
		.threads = 1,
		.memory = MEMORY,
		.created = now,
		.key = key,
	};
	char *path = state_path(c->state, NULL, "group.fsdb");
	struct maker m = { 0 };
	int rc;

	*list = NULL;
	*len = 0;
	rc = path != NULL ? fsk_writer_open(&m.w, path, &options, err)
			  : fsk_fail(err, FSK_ENOMEM, "out of memory");
	for (size_t i = 0; i < groups && rc == FSK_OK; i++)
		rc = add_group(&m, c, &g[i], with_allowed, now, err);
	if (rc == FSK_OK)
		rc = finish(&m, path, list, len, err);
	fsk_writer_close(m.w);
	free(path);
	return rc;
}

int
group_list(const struct conf *c, const struct conf_group *g, const uint8_t *key,
    int64_t now, void **list, size_t *len, struct fsk_error *err)
{
	return make(c, g, 1, true, key, now, list, len, err);
}

int
group_list_any(const struct conf *c, const uint8_t *key, int64_t now,
    void **list, size_t *len, struct fsk_error *err)
{
	return make(c, c->policy.groups.at, c->policy.groups.n, false, key, now,
	    list, len, err);
}
