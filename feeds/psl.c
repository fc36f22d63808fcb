/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/psl.h"

#include <libpsl.h>
#include <stdlib.h>

struct psl {
	psl_ctx_t *list;
};

struct psl *
psl_open(void)
{
	struct psl *p = malloc(sizeof(*p));

	if (p == NULL)
		return NULL;
	p->list = psl_latest(NULL); /* the system's file, else built in */
	if (p->list == NULL) {
		free(p);
		return NULL;
	}
	return p;
}

void
psl_close(struct psl *p)
{
	if (p == NULL)
		return;
	psl_free(p->list);
	free(p);
}

enum psl_kind
psl_kind(const struct psl *p, const struct fsk_name *name)
{
	char text[FSK_TEXT_MAX];

	/* Rules have few labels; a name with many is none. */
	if (fsk_name_labels(name->wire) > 6)
		return PSL_NONE;
	fsk_name_to_text(name->wire, text);
	/* The rule "*" for unknown top-level domains is for single labels,
	 * which are refused anyway. */
	if (psl_is_public_suffix2(
		p->list, text, PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE))
		return PSL_ICANN;
	if (psl_is_public_suffix2(
		p->list, text, PSL_TYPE_PRIVATE | PSL_TYPE_NO_STAR_RULE))
		return PSL_PRIVATE;
	return PSL_NONE;
}
