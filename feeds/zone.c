/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/zone.h"

#include <string.h>
#include <strings.h>

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static bool
ends_word(char c)
{
	return is_blank(c) || c == ';' || c == '(' || c == ')' || c == '"';
}

static enum zone_word
fault(const char **word, const char *why)
{
	*word = why;
	return ZONE_FAULT;
}

/* Skips blanks and parentheses; false: a parenthesis too many. */
static bool
skip_between(struct zone_line *l)
{
	for (; l->at < l->end; l->at++) {
		if (*l->at == '(' || *l->at == ')') {
			if (l->open == (*l->at == '('))
				return false;
			l->open = !l->open;
		} else if (!is_blank(*l->at)) {
			break;
		}
	}
	return true;
}

enum zone_word
zone_next(struct zone_line *l, const char **word, size_t *len)
{
	const char *p;
	bool quoted;

	if (!skip_between(l))
		return fault(word, "a parenthesis too many");
	if (l->at == l->end || *l->at == ';') {
		l->at = l->end;
		return ZONE_END;
	}
	quoted = *l->at == '"';
	p = l->at + quoted;
	*word = p;
	while (p < l->end && (quoted ? *p != '"' : !ends_word(*p)))
		p += *p == '\\' && p + 1 < l->end ? 2 : 1;
	*len = (size_t)(p - *word);
	if (quoted && p == l->end)
		return fault(word, "a quoted string without end");
	l->at = p + quoted;
	return quoted ? ZONE_STRING : ZONE_WORD;
}

bool
zone_is_ttl(const char *word, size_t len)
{
	bool digit = false;

	if (len == 0 || *word < '0' || *word > '9')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (word[i] >= '0' && word[i] <= '9')
			digit = true;
		else if (digit && memchr("smhdwSMHDW", word[i], 10) != NULL)
			digit = false;
		else
			return false;
	}
	return true;
}

static bool
is_word(const char *word, size_t len, const char *what)
{
	return len == strlen(what) && strncasecmp(word, what, len) == 0;
}

bool
zone_is_class(const char *word, size_t len)
{
	return is_word(word, len, "IN") || is_word(word, len, "CH") ||
	    is_word(word, len, "HS");
}

enum zone_type
zone_type(const char *word, size_t len)
{
	static const struct {
		const char *word;
		enum zone_type type;
	} types[] = {
		{ "CNAME", ZONE_CNAME },
		{ "A", ZONE_ADDRESS },
		{ "AAAA", ZONE_ADDRESS },
		{ "TXT", ZONE_DATA },
		{ "MX", ZONE_DATA },
		{ "SRV", ZONE_DATA },
		{ "PTR", ZONE_DATA },
		{ "HTTPS", ZONE_DATA },
		{ "SVCB", ZONE_DATA },
		{ "CAA", ZONE_DATA },
		{ "NAPTR", ZONE_DATA },
		{ "TLSA", ZONE_DATA },
		{ "SSHFP", ZONE_DATA },
		{ "SPF", ZONE_DATA },
		{ "URI", ZONE_DATA },
		{ "HINFO", ZONE_DATA },
		{ "LOC", ZONE_DATA },
		{ "RP", ZONE_DATA },
		{ "SOA", ZONE_SOA },
		{ "NS", ZONE_NS },
		{ "DNAME", ZONE_DNAME },
		{ "RRSIG", ZONE_KEEPING },
		{ "NSEC", ZONE_KEEPING },
		{ "NSEC3", ZONE_KEEPING },
		{ "NSEC3PARAM", ZONE_KEEPING },
		{ "DNSKEY", ZONE_KEEPING },
		{ "DS", ZONE_KEEPING },
		{ "CDS", ZONE_KEEPING },
		{ "CDNSKEY", ZONE_KEEPING },
		{ "ZONEMD", ZONE_KEEPING },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (is_word(word, len, types[i].word))
			return types[i].type;
	/* RFC 3597, section 5: "TYPE65" */
	if (len <= 4 || len > 9 || strncasecmp(word, "TYPE", 4) != 0)
		return ZONE_NO_TYPE;
	for (size_t i = 4; i < len; i++)
		if (word[i] < '0' || word[i] > '9')
			return ZONE_NO_TYPE;
	return ZONE_DATA;
}
