/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the host ends is decided before escapes are undone, as browsers do it:
 * "http://evil.example%2f@good.example/" leads to good.example.  Then host and
 * path are undone each for itself.
 */
#include "feeds/url.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "feeds/url_host.h"

#define RAW_MAX      (3 * URL_MAX) /* every octet escaped */
#define HOST_LABELS  5             /* of the longest parent expressed */
#define PATH_FOLDERS 4

/* Adds the LEN octets at P to the text of U at *AT, escaped; false if there is
 * no room. */
static bool
add(struct url *u, size_t *at, const char *p, size_t len)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < len; i++) {
		uint8_t c = (uint8_t)p[i];
		bool plain = c > 0x20 && c < 0x7f && c != '#' && c != '%';

		if (*at + (plain ? 1 : 3) >= URL_MAX)
			return false;
		if (plain) {
			u->text[(*at)++] = (char)c;
			continue;
		}
		u->text[(*at)++] = '%';
		u->text[(*at)++] = digits[c >> 4];
		u->text[(*at)++] = digits[c & 15];
	}
	return true;
}

/* Cuts user and port off what stands between the scheme and the path. */
static const char *
cut_host(const char **text, size_t *len, bool bare)
{
	const char *at = memrchr(*text, '@', *len), *end = *text + *len;
	const char *from, *port = NULL;

	if (at != NULL && bare)
		return "a mail address, not a URL";
	if (at != NULL)
		*text = at + 1;
	from = *text;
	if (from < end && *from == '[') /* its colons are no port's */
		from = memchr(from, ']', (size_t)(end - from));
	if (from != NULL)
		port = memchr(from, ':', (size_t)(end - from));
	if (port != NULL) {
		for (const char *p = port + 1; p < end; p++)
			if (*p < '0' || *p > '9')
				return "a port that is no number";
		end = port;
	}
	*len = (size_t)(end - *text);
	return NULL;
}

/* ---- the path ---- */

/* Adds the path at P to the text, which ends with a slash: dots resolved, runs
 * of slashes cut to one. */
static bool
add_path(struct url *u, size_t *at, const char *p, size_t len)
{
	for (size_t i = 0, start; i < len; i++) {
		for (start = i; i < len && p[i] != '/'; i++)
			;
		if (i == start || (i - start == 1 && p[start] == '.'))
			continue;
		if (i - start == 2 && p[start] == '.' && p[start + 1] == '.') {
			if (*at > u->host_len + 1)
				do
					--*at;
				while (u->text[*at - 1] != '/');
			continue;
		}
		if (!add(u, at, p + start, i - start) ||
		    (i < len && !add(u, at, "/", 1)))
			return false;
	}
	return true;
}

/* Reads what follows the host: nothing, or a slash or question mark first. */
static const char *
read_path(struct url *u, const char *text, size_t len)
{
	char path[URL_MAX];
	const char *query;
	size_t n, path_len, at = u->host_len;

	if (len > 0 && *text != '?') { /* the slash, or a backslash for one */
		text++;
		len--;
	}
	n = url_unescape(path, text, len);
	if (n == URL_MAX)
		return url_too_long;
	query = memchr(path, '?', n);
	path_len = query != NULL ? (size_t)(query - path) : n;
	u->text[at++] = '/';
	if (!add_path(u, &at, path, path_len) ||
	    !add(u, &at, path + path_len, n - path_len))
		return url_too_long;
	u->text[at] = '\0';
	u->root = at == u->host_len + 1;
	return NULL;
}

/* ---- the whole ---- */

/* Length of the scheme before "://", in which browsers take a backslash for a
 * slash; 0 if there is none. */
static size_t
scheme_len(const char *text, size_t len)
{
	size_t n = 0;

	for (; n < len && text[n] != ':'; n++) {
		bool letter = (text[n] | 0x20) >= 'a' &&
		    (text[n] | 0x20) <= 'z';

		if (!letter &&
		    (n == 0 || memchr("0123456789+-.", text[n], 13) == NULL))
			return 0;
	}
	if (len - n < 3)
		return 0;
	for (size_t i = n + 1; i < n + 3; i++)
		if (text[i] != '/' && text[i] != '\\')
			return 0;
	return n;
}

bool
url_has_scheme(const char *text, size_t len)
{
	return scheme_len(text, len) > 0;
}

/* Schemes of what no name server is asked for. */
static bool
leads_nowhere(const char *scheme, size_t len)
{
	static const char *const schemes[] = { "about", "blob", "data", "file",
		"javascript", "mailto" };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (strlen(schemes[i]) == len &&
		    strncasecmp(schemes[i], scheme, len) == 0)
			return true;
	return false;
}

/* Copies TEXT without blanks around it, without tabs and line ends, as far as
 * its fragment.  Returns the length, RAW_MAX if it is too long. */
static size_t
clean(char raw[static RAW_MAX], const char *text, size_t len)
{
	size_t n = 0;

	while (len > 0 && (uint8_t)*text <= ' ') {
		text++;
		len--;
	}
	while (len > 0 && (uint8_t)text[len - 1] <= ' ')
		len--;
	for (size_t i = 0; i < len && n < RAW_MAX && text[i] != '#'; i++)
		if (text[i] != '\t' && text[i] != '\r' && text[i] != '\n')
			raw[n++] = text[i];
	return n;
}

const char *
url_read(struct url *u, const char *text, size_t len, bool bare)
{
	char raw[RAW_MAX];
	size_t n = clean(raw, text, len), scheme, at = 0, end, host_len;
	const char *host, *wrong;

	if (n == RAW_MAX)
		return url_too_long;
	scheme = scheme_len(raw, n);
	if (scheme == 0 && !bare)
		return "no scheme";
	if (scheme > 0) {
		if (leads_nowhere(raw, scheme))
			return "a scheme that leads to no host";
		for (at = scheme + 1;
		     at < n && (raw[at] == '/' || raw[at] == '\\'); at++)
			;
	}
	for (end = at; end < n && memchr("/\\?", raw[end], 3) == NULL; end++)
		;
	host = raw + at;
	host_len = end - at;
	u->address = false;
	wrong = cut_host(&host, &host_len, scheme == 0);
	if (wrong == NULL)
		wrong = url_read_host(u, host, host_len);
	if (wrong == NULL)
		wrong = read_path(u, raw + end, n - end);
	return wrong;
}

/* ---- expressions ---- */

/* Where the hosts of U's expressions begin in its text; returns how many. */
static unsigned
host_starts(const struct url *u, size_t start[static HOST_LABELS])
{
	unsigned n = 0, labels = 1;

	start[n++] = 0;
	if (u->address)
		return n;
	for (size_t i = 0; i < u->host_len; i++)
		labels += u->text[i] == '.';
	for (size_t i = 0; i < u->host_len; i++)
		if (u->text[i] == '.' && --labels <= HOST_LABELS && labels > 1)
			start[n++] = i + 1;
	return n;
}

/* Where the paths of U's expressions end, the longest first. */
static unsigned
path_ends(const struct url *u, size_t end[static PATH_FOLDERS + 2])
{
	const char *query = strchr(u->text + u->host_len, '?');
	size_t len = strlen(u->text), folder[PATH_FOLDERS];
	unsigned n = 0, folders = 0;

	end[n++] = len;
	if (query != NULL)
		end[n++] = len = (size_t)(query - u->text);
	for (size_t i = u->host_len + 1; i < len && folders < PATH_FOLDERS; i++)
		if (u->text[i - 1] == '/')
			folder[folders++] = i;
	while (folders > 0)
		end[n++] = folder[--folders];
	return n;
}

void
url_expressions(const struct url *u,
    bool (*each)(void *arg, const char *expression), void *arg)
{
	size_t start[HOST_LABELS], end[PATH_FOLDERS + 2];
	unsigned hosts = host_starts(u, start), paths = path_ends(u, end);
	char text[URL_MAX];

	memcpy(text, u->text, strlen(u->text) + 1);
	for (unsigned h = 0; h < hosts; h++)
		for (unsigned p = 0; p < paths; p++) {
			char cut = text[end[p]];
			bool more;

			text[end[p]] = '\0';
			more = each(arg, text + start[h]);
			text[end[p]] = cut;
			if (!more)
				return;
		}
}
