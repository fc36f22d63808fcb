/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "feeds/diff.h"

static bool
same_addresses(const struct fsk_answer *a, const struct fsk_answer *b)
{
	return a->count4 == b->count4 && a->count6 == b->count6 &&
	    memcmp(a->addr4, b->addr4, a->count4 * sizeof(*a->addr4)) == 0 &&
	    memcmp(a->addr6, b->addr6, a->count6 * sizeof(*a->addr6)) == 0;
}

static bool
same_name(const struct fsk_name *a, const struct fsk_name *b)
{
	return a->len == b->len && memcmp(a->wire, b->wire, a->len) == 0;
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool
diff_same_answer(const struct fsk_answer *a, const struct fsk_answer *b)
{
	return a->action == b->action && a->ttl == b->ttl && a->ede == b->ede &&
	    same_text(a->text, b->text) && same_addresses(a, b) &&
	    same_name(&a->cname, &b->cname) &&
	    same_name(&a->mname, &b->mname) && same_name(&a->rname, &b->rname);
}

bool
diff_same_attr(const struct fsk_attr *a, const struct fsk_attr *b)
{
	return a->severity == b->severity && a->since == b->since &&
	    strcmp(a->category, b->category) == 0 &&
	    strcmp(a->case_number, b->case_number) == 0 &&
	    diff_same_answer(a->answer, b->answer);
}

struct diff_feeds
diff_feeds_of(const struct diff_side *s, uint32_t attr)
{
	return (struct diff_feeds){ s->list + s->first[attr],
		s->first[attr + 1] - s->first[attr] };
}

bool
diff_same_feeds(struct diff_feeds a, struct diff_feeds b)
{
	return a.n == b.n && memcmp(a.at, b.at, a.n * sizeof(*a.at)) == 0;
}
