/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/pattern.h"

#include <string.h>

/* A pattern, taken apart. */
struct pattern {
	const char *host; /* or what stands in its place */
	size_t len;
	bool anchored; /* the host begins here */
	bool url;      /* by way of a scheme */
	bool ended;    /* the host ends here */
	enum fsk_match_kind match;
};

static bool
begins(const char *text, size_t len, const char *with)
{
	return len >= strlen(with) && memcmp(text, with, strlen(with)) == 0;
}

static void
cut_start(struct pattern *p, size_t n)
{
	p->host += n;
	p->len -= n;
}

static bool
cut_end(struct pattern *p, char c)
{
	if (p->len == 0 || p->host[p->len - 1] != c)
		return false;
	p->len--;
	return true;
}

/* Takes off what says where the host begins. */
static void
cut_anchor(struct pattern *p)
{
	static const char *const schemes[] = { "http://", "https://", "://",
		"//" };
	bool bar = false;

	if (begins(p->host, p->len, "||")) {
		cut_start(p, 2);
		p->anchored = true;
		return;
	}
	bar = begins(p->host, p->len, "|");
	cut_start(p, bar);
	for (size_t i = 0; !p->url && i < sizeof(schemes) / sizeof(*schemes);
	     i++)
		if (begins(p->host, p->len, schemes[i])) {
			cut_start(p, strlen(schemes[i]));
			p->url = true;
		}
	p->anchored = bar || p->url;
	if (p->anchored)
		p->match = FSK_EXACT;
}

static void
take_apart(struct pattern *p)
{
	cut_anchor(p);
	p->ended = cut_end(p, '|');
	p->ended = cut_end(p, '^') || (p->anchored && cut_end(p, '/')) ||
	    p->ended;
	if (begins(p->host, p->len, "*.") ||
	    (begins(p->host, p->len, ".") && !p->anchored)) {
		cut_start(p, p->host[0] == '*' ? 2 : 1);
		p->match = FSK_BELOW;
	}
}

/* Whether TEXT ends as the names of files in URLs do, and no domain. */
static bool
is_file(const char *text, size_t len)
{
	static const char *const ends[] = { "js", "php", "html", "htm", "css",
		"gif", "png", "jpg", "jpeg", "swf", "asp", "aspx", "jsp",
		"cgi" };
	const char *dot = memrchr(text, '.', len);
	size_t n = dot != NULL ? (size_t)(text + len - dot) - 1 : 0;

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (n == strlen(ends[i]) && memcmp(dot + 1, ends[i], n) == 0)
			return true;
	return false;
}

/* Whether the name that P has for a host is a whole one, not a piece. */
static bool
is_whole(const struct pattern *p)
{
	char last = p->host[p->len - 1];

	if (!p->ended && (last == '.' || last == '-' || last == '_'))
		return false;
	if (!(p->ended && p->anchored) && memchr(p->host, '.', p->len) == NULL)
		return false;
	return p->anchored ||
	    (p->host[0] != '-' && p->host[0] != '_' &&
		!is_file(p->host, p->len));
}

/* Whether P is numbers and dots: an address, more or less. */
static bool
is_numbers(const struct pattern *p)
{
	bool digit = false;

	for (size_t i = 0; i < p->len; i++) {
		bool dot = p->host[i] == '.';

		if (!dot && (p->host[i] < '0' || p->host[i] > '9'))
			return false;
		digit = digit || !dot;
	}
	return digit;
}

/* Whether a URL could have in it what P stands for, a host alone could not. */
static bool
is_for_urls(const struct pattern *p)
{
	bool sign = p->url && p->len == 0;

	for (size_t i = 0; i < p->len; i++) {
		uint8_t c = (uint8_t)p->host[i];

		if (c <= 0x20 || c == 0x7f || c == '<' || c == '>' || c == '"')
			return false;
		sign = sign || strchr("/?&=:*^|%~+@;,()[]!'{}\\#", c) != NULL;
	}
	return sign;
}

enum parse_result
pattern_name(struct parse_sink *sink, struct fsk_name *name,
    enum fsk_match_kind *match, const char *text, size_t len)
{
	struct pattern p = { .host = text, .len = len, .match = *match };
	enum parse_result result;

	take_apart(&p);
	result = parse_name(sink, name, p.host, p.len);
	if (result == PARSE_NAMES && is_whole(&p)) {
		*match = p.match;
	} else if (result == PARSE_NAMES ||
	    (result == PARSE_BAD && is_numbers(&p))) {
		sink->why = "a piece of a name or an address";
		result = PARSE_SKIPPED;
	} else if (result == PARSE_BAD && is_for_urls(&p)) {
		sink->why = "a path, a port or a pattern";
		result = PARSE_SKIPPED;
	}
	return result;
}
