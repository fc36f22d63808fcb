/* SPDX-License-Identifier: BSD-3-Clause */
/* URLs: the canonical form is read as itself, and expressions are parts of it.
 */
#include <stdlib.h>
#include <string.h>

#include "feeds/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	const struct url *u;
	unsigned n;
};

static bool
each(void *arg, const char *expression)
{
	struct seen *s = arg;
	const char *path = strchr(expression, '/');
	size_t len = strnlen(expression, URL_MAX);

	if (len == URL_MAX || path == NULL || ++s->n > URL_EXPRESSIONS)
		abort();
	if (s->n == 1 && strcmp(expression, s->u->text) != 0)
		abort();
	/* The end of the host and the beginning of the path. */
	if (path == expression || path - expression > (long)s->u->host_len ||
	    memcmp(s->u->text + s->u->host_len - (path - expression),
		expression, len) != 0)
		abort();
	return true;
}

static void
check(const struct url *u)
{
	struct seen seen = { .u = u };
	static struct url again;
	size_t len = strnlen(u->text, URL_MAX);

	if (len == URL_MAX || u->host_len == 0 || u->host_len >= len ||
	    u->text[u->host_len] != '/' || u->root != (len == u->host_len + 1))
		abort();
	for (size_t i = 0; i < len; i++)
		if (u->text[i] <= ' ' || u->text[i] >= 0x7f ||
		    u->text[i] == '#')
			abort();
	if (!u->address) {
		char text[FSK_TEXT_MAX];
		struct fsk_name name;

		if (!fsk_name_from_wire(&name, u->host.wire, u->host.len) ||
		    strlen(fsk_name_to_text(name.wire, text)) != u->host_len ||
		    memcmp(text, u->text, u->host_len) != 0)
			abort();
	}
	if (url_read(&again, u->text, len, true) != NULL ||
	    strcmp(again.text, u->text) != 0 || again.root != u->root ||
	    again.address != u->address || again.host_len != u->host_len)
		abort();
	url_expressions(u, each, &seen);
	if (seen.n == 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* In memory of its own length: nothing behind it is read. */
	char *text = malloc(size + (size == 0));
	struct url with, bare;
	const char *wrong;

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	wrong = url_read(&bare, text, size, true);
	if (wrong == NULL)
		check(&bare);
	/* What has a scheme is the same either way. */
	if (url_has_scheme(text, size) &&
	    (url_read(&with, text, size, false) == NULL) != (wrong == NULL))
		abort();
	free(text);
	return 0;
}
