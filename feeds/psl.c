/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/psl.h"

#include <libpsl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feeds/host.h"
#include "feeds/lines.h"
#include "feeds/nameset.h"
#include "feeds/parse.h"

struct psl {
	psl_ctx_t *list;
	struct nameset above; /* names above suffixes */
};

/* Adds what is above the suffix of a rule: "name", "*.name" or "!name" (an
 * exception, which makes no suffix).  What is behind a blank is none of it. */
static int
take_rule(void *arg, const char *text, size_t len, struct fsk_error *err)
{
	struct psl *p = arg;
	const char *word;
	size_t n;
	struct fsk_name name;
	struct fsk_query q;

	if (!parse_word(&text, &len, &word, &n) || *word == '/' || *word == '!')
		return FSK_OK;
	if (n > 2 && memcmp(word, "*.", 2) == 0) {
		word += 2;
		n -= 2;
	}
	if (host_name(&name, word, n) != NULL)
		return FSK_OK;
	nameset_query(&p->above, &q, &name);
	for (unsigned k = 1; k < q.labels; k++)
		if (!nameset_add(&p->above, &q, k, 0))
			return fsk_fail(err, FSK_ENOMEM, "out of memory");
	return FSK_OK;
}

/* The library does not tell which suffixes there are: its source does, where
 * the system has that. */
static int
read_above(struct psl *p)
{
	const char *path = psl_builtin_filename();
	struct fsk_error unused;

	if (path == NULL || access(path, R_OK) == -1)
		return FSK_OK;
	return lines_read(path, take_rule, p, &unused);
}

struct psl *
psl_open(void)
{
	struct psl *p = malloc(sizeof(*p));

	if (p == NULL)
		return NULL;
	nameset_init(&p->above);
	p->list = psl_latest(NULL); /* the system's file, else built in */
	if (p->list == NULL || read_above(p) != FSK_OK) {
		psl_close(p);
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
	nameset_fini(&p->above);
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

bool
psl_is_above(const struct psl *p, const struct fsk_name *name)
{
	struct fsk_query q;
	uint32_t value;

	nameset_query(&p->above, &q, name);
	return nameset_find(&p->above, &q, q.labels, &value);
}
