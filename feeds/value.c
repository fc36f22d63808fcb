/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/value.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define URL_ROOM 16384 /* more than any URL that is one (url.h) */

struct word {
	const char *text;
	enum value_role role;
};

static const struct word roles[] = {
	{ "url", VALUE_URL },
	{ "uri", VALUE_URL },
	{ "ioc_value", VALUE_INDICATOR }, /* ThreatFox */
	{ "ioc", VALUE_INDICATOR },
	{ "indicator", VALUE_INDICATOR }, /* AlienVault OTX */
	{ "value", VALUE_INDICATOR },     /* MISP, TweetFeed */
	{ "domain", VALUE_HOST },
	{ "domain_name", VALUE_HOST },
	{ "domainname", VALUE_HOST },
	{ "fqdn", VALUE_HOST },
	{ "hostname", VALUE_HOST },
	{ "host", VALUE_HOST },
	{ "DomainAddress", VALUE_HOST }, /* CERT Polska: JSON, CSV */
	{ "AdresDomeny", VALUE_HOST },
	{ "name", VALUE_NAME },
	{ "ip", VALUE_ADDRESS },
	{ "ip_address", VALUE_ADDRESS },
	{ "ipaddress", VALUE_ADDRESS },
	{ "dst_ip", VALUE_ADDRESS }, /* Feodo Tracker */
	{ "type", VALUE_TYPE },
	{ "ioc_type", VALUE_TYPE },
	{ "indicator_type", VALUE_TYPE },
	{ "indicator type", VALUE_TYPE },
	{ "DeleteDate", VALUE_END },
	{ "DataWykreslenia", VALUE_END },
};

static bool
same_word(const char *word, const char *text, size_t len)
{
	return strlen(word) == len && strncasecmp(word, text, len) == 0;
}

enum value_role
value_role(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++)
		if (same_word(roles[i].text, name, len))
			return roles[i].role;
	return VALUE_OTHER;
}

bool
value_wanted(const char *type, size_t len)
{
	static const char *const types[] = { "domain", "domain-name",
		"domain_name", "hostname", "host", "fqdn", "url", "uri",
		"domain|ip", "hostname|port" };

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (same_word(types[i], type, len))
			return true;
	return false;
}

/* Whether TEXT is a name in ASCII without a dot but at its ends. */
static bool
is_single(const char *text, size_t len)
{
	if (len > 0 && (*text == '*' || *text == '=')) {
		text++;
		len--;
	}
	while (len > 0 && *text == '.') {
		text++;
		len--;
	}
	while (len > 0 && text[len - 1] == '.')
		len--;
	for (size_t i = 0; i < len; i++)
		if (text[i] == '.' || text[i] == ':' || (uint8_t)text[i] > 0x7f)
			return false;
	return true;
}

/* Whether TEXT is a name but for a '*' elsewhere than at its start. */
static bool
is_pattern(const char *text, size_t len)
{
	bool star = false;

	for (size_t i = 0; i < len; i++) {
		uint8_t c = (uint8_t)text[i];

		if (c < 0x80 && !isalnum(c) && memchr("-_.*", c, 4) == NULL)
			return false;
		star = star || (c == '*' && i > 0);
	}
	return star;
}

/* Whether TEXT, which has no scheme, must be a URL all the same. */
static bool
is_bare_url(const char *text, size_t len)
{
	size_t digits = 0;

	if (memmem(text, len, "://", 3) != NULL)
		return false;
	if (memchr(text, '/', len) != NULL || memchr(text, '?', len) != NULL ||
	    memmem(text, len, "[.]", 3) != NULL)
		return true;
	while (digits < len && text[len - digits - 1] >= '0' &&
	    text[len - digits - 1] <= '9')
		digits++;
	return digits > 0 && digits < len && text[len - digits - 1] == ':';
}

enum parse_result
value_take(
    struct parse_sink *sink, enum parse_kind kind, const char *text, size_t len)
{
	char url[URL_ROOM] = "http://";
	const size_t scheme = strlen(url);
	const char *slash;
	bool nowhere;

	parse_blanks(&text, &len);
	if (len > 0 && is_single(text, len)) {
		sink->why = "a name without a dot";
		return PARSE_BAD;
	}
	slash = memchr(text, '/', len);
	if (slash != NULL &&
	    parse_address(text, (size_t)(slash - text), &nowhere)) {
		if (sink->addresses &&
		    parse_prefix(sink, kind, text, len) == PARSE_NAMES)
			return PARSE_NAMES;
		sink->why = "an address or a network";
		return PARSE_SKIPPED;
	}
	if (is_pattern(text, len)) {
		sink->why = "a pattern";
		return PARSE_SKIPPED;
	}
	if (!is_bare_url(text, len) || parse_address(text, len, &nowhere) ||
	    len > sizeof(url) - scheme)
		return parse_indicator(sink, kind, text, len);
	memcpy(url + scheme, text, len);
	return parse_indicator(sink, kind, url, scheme + len);
}

/* Whether TYPE is a word for addresses that somebody is led to.  MISP's ip-src
 * is where something came from. */
static bool
is_address_type(const char *type, size_t len)
{
	static const char *const types[] = { "ip", "ipv4", "ipv6", "ip_address",
		"cidr", "ip:port", "ip-dst", "ip-dst|port", "ipv4-addr",
		"ipv6-addr" };

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (same_word(types[i], type, len))
			return true;
	return false;
}

/* Cuts the port off an address: "192.0.2.1:80", "[2001:db8::1]:80", MISP's
 * "192.0.2.1|80". */
static void
cut_port(const char **text, size_t *len)
{
	const char *bar = memchr(*text, '|', *len);
	const char *colon = memchr(*text, ':', *len);
	const char *bracket = memchr(*text, ']', *len);

	if (bar != NULL)
		*len = (size_t)(bar - *text);
	else if (bracket != NULL && **text == '[') {
		++*text;
		*len = (size_t)(bracket - *text);
	} else if (colon != NULL && colon == memrchr(*text, ':', *len))
		*len = (size_t)(colon - *text);
}

static enum parse_result
take_address(
    struct parse_sink *sink, enum parse_kind kind, const char *text, size_t len)
{
	const char *slash;
	bool nowhere;

	parse_blanks(&text, &len);
	cut_port(&text, &len);
	slash = memchr(text, '/', len);
	if (!parse_address(
		text, slash != NULL ? (size_t)(slash - text) : len, &nowhere)) {
		sink->why = "no address";
		return PARSE_BAD;
	}
	return parse_prefix(sink, kind, text, len);
}

enum parse_result
value_take_typed(struct parse_sink *sink, enum parse_kind kind,
    const char *type, size_t type_len, const char *text, size_t len)
{
	if (sink->addresses && is_address_type(type, type_len))
		return take_address(sink, kind, text, len);
	if (!value_wanted(type, type_len)) {
		sink->why = "neither a name nor a URL";
		return PARSE_SKIPPED;
	}
	if (memchr(type, '|', type_len) != NULL) {
		const char *bar = memchr(text, '|', len);

		if (bar != NULL)
			len = (size_t)(bar - text);
	}
	return value_take(sink, kind, text, len);
}
