/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/parse.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "feeds/host.h"
#include "feeds/url.h"
#include "lib/prefix.h"

static const struct parse_format *const parse_formats[] = {
	&parse_domains,
	&parse_wildcard,
	&parse_hosts,
	&parse_adblock,
	&parse_dnsmasq,
	&parse_unbound,
	&parse_rpz,
	&parse_urls,
	&parse_csv,
	&parse_json,
	&parse_ndjson,
	&parse_yaml,
};
#define FORMATS (sizeof(parse_formats) / sizeof(*parse_formats))

const struct parse_format *
parse_find(const char *name)
{
	for (size_t i = 0; i < FORMATS; i++)
		if (strcmp(parse_formats[i]->name, name) == 0)
			return parse_formats[i];
	return NULL;
}

const struct parse_format *
parse_row(unsigned i)
{
	return i < FORMATS ? parse_formats[i] : NULL;
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

void
parse_blanks(const char **text, size_t *len)
{
	while (*len > 0 && is_blank(**text)) {
		++*text;
		--*len;
	}
	while (*len > 0 && is_blank((*text)[*len - 1]))
		--*len;
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

bool
parse_line(const char **text, size_t *len, const char **line, size_t *line_len)
{
	const char *end;

	if (*len == 0)
		return false;
	*line = *text;
	end = memchr(*text, '\n', *len);
	*line_len = end != NULL ? (size_t)(end - *text) : *len;
	*text += *line_len + (end != NULL);
	*len -= *line_len + (end != NULL);
	if (*line_len > 0 && (*line)[*line_len - 1] == '\r')
		(*line_len)--;
	return true;
}

/* Whether a page for people begins here, or the error of some server. */
static bool
is_html(const char *text, size_t len)
{
	static const char *const heads[] = { "<!doctype html", "<!--", "<html",
		"<head", "<body", "<?xml", "<script", "<title" };

	parse_blanks(&text, &len);
	while (len > 0 && *text == '\n') {
		text++;
		len--;
		parse_blanks(&text, &len);
	}
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++)
		if (len >= strlen(heads[i]) &&
		    strncasecmp(text, heads[i], strlen(heads[i])) == 0)
			return true;
	return false;
}

/* "{+block}", "{ -filter{x} }": what is done about the patterns that follow.
 * To read these as names alone would lose what "/path" and "{-block}" say. */
static bool
is_privoxy_action(const char *row, size_t len)
{
	parse_blanks(&row, &len);
	if (len < 4 || row[0] != '{' || row[len - 1] != '}')
		return false;
	row++;
	len -= 2;
	parse_blanks(&row, &len);
	return len > 1 && (row[0] == '+' || row[0] == '-') && row[1] >= 'a' &&
	    row[1] <= 'z';
}

const char *
parse_unsupported(const char *text, size_t len)
{
	const char *row;
	size_t row_len;

	while (parse_line(&text, &len, &row, &row_len))
		if (is_privoxy_action(row, row_len))
			return "an action file of Privoxy";
	return NULL;
}

bool
parse_is_no_list(const char *text, size_t len)
{
	return is_html(text, len) || parse_unsupported(text, len) != NULL;
}

const struct parse_format *
parse_guess(const char *text, size_t len)
{
	const struct parse_format *best = NULL;
	unsigned most = 0;

	if (parse_is_no_list(text, len))
		return NULL;
	for (size_t i = 0; i < FORMATS; i++) {
		unsigned sure = parse_formats[i]->guess(text, len);

		if (sure > most) {
			most = sure;
			best = parse_formats[i];
		}
	}
	return best;
}

/* Whether TEXT is an address and the length of a prefix. */
static bool
is_network(const char *text, size_t len)
{
	const char *slash = memchr(text, '/', len);
	size_t digits;
	bool nowhere;

	if (slash == NULL)
		return false;
	digits = (size_t)(text + len - slash) - 1;
	if (digits < 1 || digits > 3)
		return false;
	for (size_t i = 1; i <= digits; i++)
		if (slash[i] < '0' || slash[i] > '9')
			return false;
	return parse_address(text, (size_t)(slash - text), &nowhere);
}

static bool
is_pattern(const char *text, size_t len)
{
	bool star = false;

	for (size_t i = 0; i < len; i++) {
		uint8_t c = (uint8_t)text[i];

		star = star || c == '*';
		if (c < 0x80 && !(c >= '0' && c <= '9') &&
		    !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    c != '-' && c != '_' && c != '.' && c != '*')
			return false;
	}
	return star;
}

enum parse_result
parse_name(struct parse_sink *sink, struct fsk_name *name, const char *text,
    size_t len)
{
	bool nowhere;

	sink->why = host_name(name, text, len);
	if (sink->why == NULL)
		return PARSE_NAMES;
	if (parse_address(text, len, &nowhere))
		sink->why = "an address";
	else if (is_network(text, len))
		sink->why = "a network";
	else if (is_pattern(text, len))
		sink->why = "a pattern";
	else
		return PARSE_BAD;
	return PARSE_SKIPPED;
}

/* Reads an address or a prefix; false if TEXT is none. */
static bool
read_prefix(
    const char *text, size_t len, uint8_t addr[FSK_ADDR_LEN], unsigned *bits)
{
	char alone[FSK_PREFIX_KEY];

	if (len >= sizeof(alone) || memchr(text, '\0', len) != NULL)
		return false;
	memcpy(alone, text, len);
	alone[len] = '\0';
	return fsk_prefix_read(alone, addr, bits) == NULL;
}

bool
parse_is_prefix(const char *text, size_t len)
{
	uint8_t addr[FSK_ADDR_LEN];
	unsigned bits;

	return read_prefix(text, len, addr, &bits);
}

enum parse_result
parse_prefix(
    struct parse_sink *sink, enum parse_kind kind, const char *text, size_t len)
{
	struct parse_entry e = { .kind = PARSE_LIST };
	char key[FSK_PREFIX_KEY];
	uint8_t addr[FSK_ADDR_LEN];
	unsigned bits;

	if (!sink->addresses || kind != PARSE_LIST ||
	    !read_prefix(text, len, addr, &bits))
		return parse_name(sink, &e.name, text, len);
	e.url = fsk_prefix_key("ip", addr, bits, key);
	sink->take(sink, &e);
	return PARSE_NAMES;
}

enum parse_result
parse_url(struct parse_sink *sink, enum parse_kind kind, const char *text,
    size_t len, bool bare)
{
	struct parse_entry e = { .kind = kind, .match = sink->match };
	struct url u;

	sink->why = url_read(&u, text, len, bare);
	if (sink->why != NULL)
		return PARSE_BAD;
	if (u.address) {
		sink->why = "an address";
		return PARSE_SKIPPED;
	}
	if (u.host.wire[0] + 2u == u.host.len) { /* "http://https://..." */
		sink->why = "a host without a dot";
		return PARSE_BAD;
	}
	e.name = u.host;
	if (!u.root)
		e.url = u.text;
	sink->take(sink, &e);
	return PARSE_NAMES;
}

enum parse_result
parse_indicator(
    struct parse_sink *sink, enum parse_kind kind, const char *text, size_t len)
{
	struct parse_entry e = { .kind = kind };
	bool nowhere;

	parse_blanks(&text, &len);
	if (len == 0)
		return PARSE_NOTHING;
	if (parse_address(text, len, &nowhere))
		return parse_prefix(sink, kind, text, len);
	if (url_has_scheme(text, len))
		return parse_url(sink, kind, text, len, false);
	sink->why = host_entry(&e.name, &e.match, sink->match, text, len);
	if (sink->why != NULL)
		return PARSE_BAD;
	sink->take(sink, &e);
	return PARSE_NAMES;
}
