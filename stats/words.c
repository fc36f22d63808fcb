/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys have their terminating NUL, so that a key is a text. */
#include "stats/words.h"

#include <stdlib.h>
#include <string.h>

#define SET_TEXT (FSK_EVENT_FEEDS * FSK_LABEL_TEXT)

bool
words_init(struct words *w)
{
	bool fresh, good = true;

	for (unsigned k = 0; k <= WORDS_CASE; k++)
		table_init(&w->kind[k], 1);
	table_init(&w->sets, sizeof(struct feeds));
	for (unsigned k = 0; k <= WORDS_CASE; k++)
		good &= table_put(&w->kind[k], "", 1, &fresh) != NULL;
	return table_put(&w->sets, "", 1, &fresh) != NULL && good;
}

void
words_fini(struct words *w)
{
	for (unsigned k = 0; k <= WORDS_CASE; k++)
		table_fini(&w->kind[k]);
	table_fini(&w->sets);
}

/* The number of TEXT in T, which may have MOST. */
static uint32_t
number(struct table *t, const char *text, size_t most, void **value)
{
	const size_t len = strlen(text) + 1;
	bool fresh;

	*value = table_get(t, text, len);
	if (*value == NULL && t->n < most)
		*value = table_put(t, text, len, &fresh);
	return *value != NULL ? (uint32_t)table_index(t, *value) : 0;
}

uint16_t
words_number(struct words *w, enum fsk_label_kind kind, const char *text)
{
	void *value;

	return (uint16_t)number(&w->kind[kind], text, WORDS_MAX, &value);
}

const char *
words_text(const struct words *w, enum fsk_label_kind kind, uint16_t n)
{
	size_t len;

	return n < w->kind[kind].n ? table_key(&w->kind[kind], n, &len) : "";
}

/* The number of the set *F, sorted. */
static uint32_t
set_number(struct words *w, const struct feeds *f)
{
	char text[SET_TEXT], *p = text;
	void *value;
	uint32_t n;

	for (unsigned i = 0; i < f->n; i++) {
		if (i > 0)
			*p++ = WORDS_BETWEEN;
		p = stpcpy(p, words_text(w, FSK_LABEL_FEED, f->feed[i]));
	}
	*p = '\0';
	n = number(&w->sets, text, SETS_MAX, &value);
	if (n != 0)
		memcpy(value, f, sizeof(*f));
	return n;
}

uint32_t
words_set(struct words *w, const uint16_t *feed, unsigned n)
{
	struct feeds f = { 0 };

	/* A handful: put each where it belongs. */
	for (unsigned i = 0; i < n && f.n < FSK_EVENT_FEEDS; i++) {
		const char *text = words_text(w, FSK_LABEL_FEED, feed[i]);
		unsigned at = f.n;
		int order = -1;

		while (at > 0 &&
		    (order = strcmp(text,
			 words_text(w, FSK_LABEL_FEED, f.feed[at - 1]))) < 0)
			at--;
		if ((at > 0 && order == 0) || *text == '\0')
			continue;
		memmove(&f.feed[at + 1], &f.feed[at],
		    (f.n - at) * sizeof(f.feed[0]));
		f.feed[at] = feed[i];
		f.n++;
	}
	return set_number(w, &f);
}

uint32_t
words_set_of(struct words *w, const char *text)
{
	struct feeds f = { 0 };

	while (*text != '\0' && f.n < FSK_EVENT_FEEDS) {
		char name[FSK_LABEL_TEXT];
		size_t len = strcspn(text, (char[]){ WORDS_BETWEEN, '\0' });

		if (len < sizeof(name)) {
			memcpy(name, text, len);
			name[len] = '\0';
			f.feed[f.n++] = words_number(w, FSK_LABEL_FEED, name);
		}
		text += len + (text[len] != '\0');
	}
	return words_set(w, f.feed, f.n);
}

const char *
words_set_text(const struct words *w, uint32_t n)
{
	size_t len;

	return n < w->sets.n ? table_key(&w->sets, n, &len) : "";
}

const struct feeds *
words_feeds(const struct words *w, uint32_t n)
{
	return table_value(&w->sets, n < w->sets.n ? n : 0);
}
