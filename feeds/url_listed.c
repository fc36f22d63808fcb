/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/url_listed.h"

#include <string.h>

struct search {
	const struct fsk_db *db;
	struct url_listed *found;
	bool any;
};

static bool
look_for(void *arg, const char *expression)
{
	struct search *s = arg;

	s->any = fsk_db_find_url(s->db, expression, &s->found->attr);
	if (s->any) /* an expression is no longer than a URL may be */
		strcpy(s->found->expression, expression);
	return !s->any;
}

bool
url_listed(
    const struct fsk_db *db, const struct url *u, struct url_listed *found)
{
	struct search s = { .db = db, .found = found };

	url_expressions(u, look_for, &s);
	return s.any;
}

bool
url_is_meant(const char *text)
{
	return url_has_scheme(text, strlen(text)) || strchr(text, '/') != NULL;
}
