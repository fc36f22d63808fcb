/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/verdict.h"

void
fsk_verdict(
    const struct fsk_db *db, const struct fsk_query *q, struct fsk_verdict *v)
{
	v->block = false;
	v->answer = 0;
	fsk_db_find(db, q, &v->found);
	if (v->found.covered) {
		struct fsk_attr a;

		fsk_db_attr(db, v->found.attr, &a);
		v->block = !a.allow;
		v->answer = a.answer;
	}
}
