/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A constant database for dnsdist's newCDBKVStore() and
 * KeyValueLookupKeySuffix(): the key is the name in wire form and lower case,
 * root label included, the value the word of its action, "allow" for an
 * exception, without a zero octet.  dnsdist looks for the whole queried name
 * first and then for each of its parents: the longest key counts, for its name
 * and all below.  So a name cannot be blocked and what is below it not.  The
 * only user of tinycdb.
 */
#include <cdb.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/export.h"

struct maker {
	struct cdb_make cdb;
	int error; /* errno of the first record that could not be added */
};

static const char *
value_of(const struct export_rule *rule)
{
	return rule->effect == EXPORT_BLOCK
	    ? fsk_action_word(rule->answer->action)
	    : "allow";
}

static struct export_rule
cdb(struct export_run *x, const struct export_name *n, bool write)
{
	const bool self = n->self.effect == EXPORT_BLOCK;
	const bool below = n->below.effect == EXPORT_BLOCK;
	struct maker *m = x->state;
	const char *value = value_of(&n->below);

	if (self != below) {
		export_lose(x, LOST_ALONE, write);
		return n->above;
	}
	if (self && strcmp(value_of(&n->self), value) != 0)
		export_lose(x, LOST_ANSWER, write);
	if (!write || m->error != 0 || export_alike(&n->below, &n->above))
		return n->below;
	if (cdb_make_add(&m->cdb, n->wire, (unsigned)n->len, value,
		(unsigned)strlen(value)) != 0)
		m->error = errno;
	return n->below;
}

static bool
answers(const struct fsk_answer *a)
{
	(void)a; /* the value is a word, and there is one for each */
	return true;
}

static int
begin(struct export_run *x, struct fsk_error *err)
{
	struct maker *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	if (cdb_make_start(&m->cdb, x->fd) != 0) {
		int rc = fsk_fail(
		    err, FSK_EIO, "cannot begin a cdb: %s", strerror(errno));

		free(m);
		return rc;
	}
	x->state = m;
	return FSK_OK;
}

static int
end(struct export_run *x, bool good, struct fsk_error *err)
{
	struct maker *m = x->state;
	int rc = FSK_OK;

	/* Also frees what there is. */
	if (cdb_make_finish(&m->cdb) != 0 && m->error == 0)
		m->error = errno;
	if (good && m->error != 0)
		rc = fsk_fail(err, FSK_EIO, "cannot write a cdb%s: %s",
		    m->error == ENOMEM ? " (it can hold 4 GB)" : "",
		    strerror(m->error));
	free(m);
	return rc;
}

const struct export_format export_cdb = {
	.name = "cdb",
	.binary = true,
	.has_tcp = true,
	.answers = answers,
	.begin = begin,
	.name_rules = cdb,
	.end = end,
};
