/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/parse.h"

#include <arpa/inet.h>
#include <string.h>

static const struct parse_format *const parse_formats[] = {
	&parse_domains,
	&parse_hosts,
};

const struct parse_format *
parse_find(const char *name)
{
	for (size_t i = 0; i < sizeof(parse_formats) / sizeof(*parse_formats);
	     i++)
		if (strcmp(parse_formats[i]->name, name) == 0)
			return parse_formats[i];
	return NULL;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

void
parse_trim(const char **text, size_t *len)
{
	const char *p = *text, *end = p + *len;

	while (p < end && is_blank(*p))
		p++;
	for (const char *c = p; (c = memchr(c, '#', (size_t)(end - c))) != NULL;
	     c++)
		if (c == p || is_blank(c[-1])) {
			end = c;
			break;
		}
	while (end > p && is_blank(end[-1]))
		end--;
	*text = p;
	*len = (size_t)(end - p);
}

bool
parse_word(const char **text, size_t *len, const char **word, size_t *word_len)
{
	const char *p = *text, *end = p + *len;

	while (p < end && is_blank(*p))
		p++;
	*word = p;
	while (p < end && !is_blank(*p))
		p++;
	*word_len = (size_t)(p - *word);
	*text = p;
	*len = (size_t)(end - p);
	return *word_len > 0;
}

bool
parse_address(const char *word, size_t len, bool *nowhere)
{
	char text[INET6_ADDRSTRLEN + 1];
	const char *zone = memchr(word, '%', len);
	unsigned char a[16];
	static const unsigned char none[15];

	if (zone != NULL) /* fe80::1%lo0 */
		len = (size_t)(zone - word);
	if (len == 0 || len >= sizeof(text))
		return false;
	memcpy(text, word, len);
	text[len] = '\0';
	if (inet_pton(AF_INET, text, a) == 1) {
		*nowhere = a[0] == 0 || a[0] == 127;
		return true;
	}
	if (inet_pton(AF_INET6, text, a) == 1) {
		*nowhere = memcmp(a, none, sizeof(none)) == 0 && a[15] <= 1;
		return true;
	}
	return false;
}

const struct parse_format *
parse_guess(const char *text, size_t len)
{
	while (len > 0) {
		const char *end = memchr(text, '\n', len), *line = text, *word;
		size_t n = end != NULL ? (size_t)(end - text) : len;
		size_t left = n, word_len;
		bool nowhere;

		parse_trim(&line, &left);
		if (left > 0 && line[0] != '!' && line[0] != ';') {
			/* An address and a name make it a hosts file. */
			parse_word(&line, &left, &word, &word_len);
			if (parse_address(word, word_len, &nowhere) &&
			    parse_word(&line, &left, &word, &word_len))
				return &parse_hosts;
			return &parse_domains;
		}
		if (end == NULL)
			break;
		text += n + 1;
		len -= n + 1;
	}
	return &parse_domains;
}
