/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/entry.h"

const char *
entry_mark(enum fsk_match_kind match)
{
	switch (match) {
	case FSK_SUBTREE:
		return "";
	case FSK_EXACT:
		return "=";
	case FSK_BELOW:
		return "*.";
	}
	return "";
}

bool
db_has_entry(const struct fsk_db *db, const struct fsk_name *name,
    enum fsk_match_kind match, bool allow, uint32_t *attr)
{
	struct fsk_entry at[FSK_ENTRIES_MAX];
	struct fsk_query q;
	unsigned n;

	fsk_db_query(db, &q, name->wire, name->len);
	n = fsk_db_entries(db, &q, at);
	while (n-- > 0 && at[n].labels == q.labels) {
		struct fsk_attr a;

		fsk_db_attr(db, at[n].attr, &a);
		if (a.match == match && a.allow == allow) {
			*attr = at[n].attr;
			return true;
		}
	}
	return false;
}
