/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/verdict.h"

#include <string.h>

#include "lib/policy.h"

static void
resolve(struct fsk_verdict *v, enum fsk_reason reason)
{
	v->reason = reason;
	v->block = v->would = false;
	v->answer = NULL;
}

static bool
is_for_type(const struct fsk_class *k, uint16_t qtype)
{
	for (unsigned i = 0; i < k->ntypes; i++)
		if (k->type[i] == qtype)
			return true;
	return !k->types_only;
}

/* Whether A is an alias of Q's name to itself. */
static bool
is_alias_to_itself(const struct fsk_answer *a, const struct fsk_question *q)
{
	return a->action == FSK_CNAME && a->cname.len == q->q.len &&
	    memcmp(a->cname.wire, q->q.wire, q->q.len) == 0;
}

/* Decides by what ATTR, of V->db, says. */
static void
decide(const struct fsk_policy *p, const struct fsk_attr *attr,
    const struct fsk_question *q, struct fsk_verdict *v,
    const struct fsk_db *db)
{
	const struct fsk_answer *answer = attr->answer;

	if (attr->allow) {
		resolve(v, FSK_ALLOWED);
		return;
	}
	/* The classes are those of the list of all; a group's own list gives
	 * its answers itself. */
	if (p != NULL && v->db == db) {
		const uint16_t row = fsk_policy_answer(
		    p, v->group, attr->class);

		if (!is_for_type(fsk_policy_class(p, attr->class), q->qtype)) {
			resolve(v, FSK_OTHER_TYPE);
			return;
		}
		if (row == FSK_ANSWER_PASS) {
			resolve(v, FSK_PASSED);
			return;
		}
		answer = fsk_db_answer(db, row);
	}
	/* The page that listed names lead to is to be had, although it is
	 * listed itself. */
	if (answer->action == FSK_PASSTHRU || is_alias_to_itself(answer, q)) {
		resolve(v, FSK_PASSED);
		return;
	}
	v->reason = FSK_LISTED;
	v->answer = answer;
	v->would = answer->action == FSK_LOG;
	v->block = !v->would;
}

/* Where the list of the group at hand covers the name, that counts. */
static void
find_in_group(const struct fsk_policy *p, const struct fsk_question *q,
    struct fsk_verdict *v)
{
	const struct fsk_db *list = fsk_policy_list(p, v->group);
	struct fsk_found found;

	if (list == NULL)
		return;
	fsk_db_find(list, &q->q, &found);
	if (found.covered) {
		v->db = list;
		v->found = found;
	}
}

/* Whether some group's list has the name. */
static bool
is_in_any(const struct fsk_policy *p, const struct fsk_question *q)
{
	const struct fsk_db *any = fsk_policy_any(p);
	struct fsk_found found;

	if (any == NULL)
		return false;
	fsk_db_find(any, &q->q, &found);
	return found.touched;
}

/* Finds the entry, and whether it decides at all. */
static bool
find(const struct fsk_db *db, const struct fsk_policy *p,
    const struct fsk_question *q, struct fsk_verdict *v)
{
	v->db = db;
	v->group = 0;
	fsk_db_find(db, &q->q, &v->found);
	v->touched = v->found.touched;
	if (p != NULL) {
		v->touched |= is_in_any(p, q);
		/* Most names concern nobody, whoever asks. */
		if (v->touched || fsk_policy_allows(p)) {
			if (q->client != NULL)
				v->group = fsk_policy_group(
				    p, q->client, q->now);
			find_in_group(p, q, v);
		}
	}
	if (!v->found.covered) {
		resolve(v, FSK_NOT_LISTED);
		return false;
	}
	return true;
}

/* Whether something passes that is listed. */
static bool
passes(const struct fsk_policy *p, const struct fsk_bypasses *bypasses,
    const struct fsk_question *q, struct fsk_verdict *v)
{
	const char *group = p != NULL ? fsk_policy_group_name(p, v->group) : "";

	if (bypasses != NULL &&
	    fsk_bypass_find(bypasses, &q->q, group, q->client, q->now) !=
		NULL) {
		resolve(v, FSK_BYPASSED);
		return true;
	}
	if (p != NULL && fsk_policy_off(p, v->group)) {
		resolve(v, FSK_GROUP_OFF);
		return true;
	}
	return false;
}

void
fsk_verdict(const struct fsk_db *db, const struct fsk_bypasses *bypasses,
    const struct fsk_question *q, struct fsk_verdict *v)
{
	const struct fsk_policy *p = fsk_db_policy(db);
	struct fsk_attr attr;

	if (!find(db, p, q, v) || passes(p, bypasses, q, v))
		return;
	fsk_db_attr(v->db, v->found.attr, &attr);
	decide(p, &attr, q, v, db);
}

/* Whether the list of the group at hand lets the name pass; then *V says so. */
static bool
group_allows(const struct fsk_policy *p, const struct fsk_question *q,
    struct fsk_verdict *v)
{
	const struct fsk_db *list = fsk_policy_list(p, v->group);
	struct fsk_found found;
	struct fsk_attr attr;

	if (list == NULL)
		return false;
	fsk_db_find(list, &q->q, &found);
	if (!found.covered)
		return false;
	fsk_db_attr(list, found.attr, &attr);
	if (attr.allow) {
		v->db = list;
		v->found = found;
		resolve(v, FSK_ALLOWED);
	}
	return attr.allow;
}

void
fsk_verdict_alias(const struct fsk_db *db, const struct fsk_bypasses *bypasses,
    const struct fsk_question *q, struct fsk_verdict *v)
{
	const struct fsk_policy *p = fsk_db_policy(db);
	struct fsk_attr attr;

	*v = (struct fsk_verdict){ .db = db };
	/* Without a policy nothing says that aliases count. */
	if (p == NULL)
		return;
	fsk_db_find(db, &q->q, &v->found);
	if (!v->found.covered)
		return;
	fsk_db_attr(db, v->found.attr, &attr);
	if (attr.allow || !fsk_policy_class(p, attr.class)->aliases)
		return;
	v->touched = true;
	if (q->client != NULL)
		v->group = fsk_policy_group(p, q->client, q->now);
	if (!passes(p, bypasses, q, v) && !group_allows(p, q, v))
		decide(p, &attr, q, v, db);
}

void
fsk_verdict_attr(const struct fsk_db *db, const struct fsk_bypasses *bypasses,
    const struct fsk_question *q, uint32_t number, struct fsk_verdict *v)
{
	const struct fsk_policy *p = fsk_db_policy(db);
	struct fsk_attr attr;

	*v = (struct fsk_verdict){ .db = db,
		.touched = true,
		.found = { .covered = true,
		    .touched = true,
		    .labels = (uint8_t)q->q.labels,
		    .attr = number } };
	if (p != NULL && q->client != NULL)
		v->group = fsk_policy_group(p, q->client, q->now);
	if (passes(p, bypasses, q, v))
		return;
	fsk_db_attr(db, number, &attr);
	decide(p, &attr, q, v, db);
}

bool
fsk_verdict_differs(
    const struct fsk_db *db, const struct fsk_bypasses *bypasses)
{
	const struct fsk_policy *p = fsk_db_policy(db);

	return (p != NULL && fsk_policy_differs(p)) ||
	    (bypasses != NULL && fsk_bypasses_differ(bypasses));
}
