/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/option.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "stats/conf.h"

static bool
with_unit(
    const char *text, const char *units, const uint64_t *factors, uint64_t *out)
{
	unsigned long long v;
	const char *unit;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno != 0)
		return false;
	if (*end == '\0') {
		*out = v;
		return true;
	}
	unit = strchr(units, *end);
	if (unit == NULL || end[1] != '\0' ||
	    v > UINT64_MAX / factors[unit - units])
		return false;
	*out = v * factors[unit - units];
	return true;
}

bool
conf_duration(const char *text, uint64_t *seconds)
{
	static const uint64_t factors[] = { 1, 60, 3600, 86400, 604800 };

	return with_unit(text, "smhdw", factors, seconds);
}

/* The place of WORD among the words of CHOICES; false if it is none. */
static bool
choice(const char *choices, const char *word, uint64_t *out)
{
	size_t len = strlen(word);

	*out = 0;
	for (const char *c = choices; *c != '\0'; ++*out) {
		size_t n = strcspn(c, " ");

		if (n == len && strncmp(c, word, n) == 0)
			return true;
		c += n + (c[n] == ' ');
	}
	return false;
}

static bool
flag(const char *word, bool *out)
{
	static const char *const words[] = { "no", "yes", "off", "on", "false",
		"true", "0", "1" };

	for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(words[i], word) == 0) {
			*out = i % 2;
			return true;
		}
	return false;
}

static void
empty(struct conf_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->at[i]);
	free(l->at);
	*l = (struct conf_list){ 0 };
}

const char *
option_store(const struct conf_option *o, void *base, const char *text)
{
	void *to = (char *)base + o->at;
	uint64_t v = 0;
	bool good = true;

	switch (o->kind) {
	case TEXT:
		free(*(char **)to);
		*(char **)to = strdup(text);
		return *(char **)to != NULL ? NULL : "shorter (out of memory)";
	case TEXTS: {
		struct conf_list *l = to;
		char **more = realloc(l->at, (l->n + 1) * sizeof(*more));

		if (more == NULL)
			return "shorter (out of memory)";
		l->at = more;
		more[l->n] = strdup(text);
		if (more[l->n] == NULL)
			return "shorter (out of memory)";
		l->n++;
		return NULL;
	}
	case FLAG:
		return flag(text, to) ? NULL : "yes or no";
	case CHOICE:
		if (!choice(o->choices, text, &v))
			return o->choices;
		break;
	case NUMBER:
		good = with_unit(text, "", NULL, &v);
		break;
	case DURATION:
		good = conf_duration(text, &v);
		break;
	}
	if (o->kind != CHOICE && (!good || v < o->least || v > o->most))
		return "in range";
	*(uint64_t *)to = v;
	return NULL;
}

void
option_defaults(const struct conf_option *o, size_t n, void *base)
{
	for (size_t i = 0; i < n; i++)
		if (o[i].standard != NULL)
			option_store(&o[i], base, o[i].standard);
}

void
option_free(const struct conf_option *o, size_t n, void *base)
{
	for (size_t i = 0; i < n; i++) {
		void *at = (char *)base + o[i].at;

		if (o[i].kind == TEXT) {
			free(*(char **)at);
			*(char **)at = NULL;
		} else if (o[i].kind == TEXTS) {
			empty(at);
		}
	}
}
