/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/url_host.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "feeds/host.h"
#include "feeds/idn.h"

const char url_too_long[] = "a URL over 4095 octets";

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Each octet that comes may complete an escape, and what that one means may
 * complete the next: one pass does it. */
size_t
url_unescape(char out[static URL_MAX], const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n < URL_MAX; i++) {
		out[n++] = text[i];
		while (n >= 3 && out[n - 3] == '%' && hex(out[n - 2]) >= 0 &&
		    hex(out[n - 1]) >= 0) {
			out[n - 3] = (char)(hex(out[n - 2]) << 4 |
			    hex(out[n - 1]));
			n -= 2;
		}
	}
	return n;
}

/* Puts the dots back that reports take out so that nobody follows a link:
 * "evil[.]example", "evil(dot)example". */
static size_t
put_dots_back(char *host, size_t len)
{
	static const char *const marks[] = { "[.]", "(.)", "[dot]", "(dot)" };
	size_t n = 0;

	for (size_t i = 0; i < len;) {
		size_t cut = 0;

		for (size_t m = 0; m < 4 && cut == 0; m++)
			if (len - i >= strlen(marks[m]) &&
			    strncasecmp(host + i, marks[m], strlen(marks[m])) ==
				0)
				cut = strlen(marks[m]);
		host[n++] = cut > 0 ? '.' : host[i];
		i += cut > 0 ? cut : 1;
	}
	return n;
}

/* Removes dots at the start and end, and all but one of a run. */
static size_t
tidy_dots(char *host, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		if (host[i] != '.' || (n > 0 && host[n - 1] != '.'))
			host[n++] = host[i];
	return n > 0 && host[n - 1] == '.' ? n - 1 : n;
}

/* Reads an IPv4 address in any form that inet_aton(3) and browsers know:
 * decimal, octal, hexadecimal, the last of fewer than four parts fills the
 * rest. */
static bool
read_ipv4(const char *text, size_t len, uint32_t *address)
{
	uint64_t part[4], v = 0;
	unsigned n = 0;

	for (size_t i = 0;; i++) {
		unsigned base = 10;
		bool digit = false;

		if (n == 4)
			return false;
		if (len - i > 1 && text[i] == '0' && text[i + 1] != '.') {
			bool x = text[i + 1] == 'x' || text[i + 1] == 'X';

			base = x ? 16 : 8;
			i += x ? 2 : 1;
			digit = true; /* a lone "0x" is 0 */
		}
		for (v = 0; i < len && text[i] != '.'; i++) {
			int d = hex(text[i]);

			if (d < 0 || (unsigned)d >= base)
				return false;
			v = v * base + (unsigned)d;
			if (v > UINT32_MAX)
				return false;
			digit = true;
		}
		if (!digit)
			return false;
		part[n++] = v;
		if (i == len)
			break;
	}
	if (v >> (8 * (5 - n)) != 0)
		return false;
	for (unsigned i = 0; i + 1 < n; i++) {
		if (part[i] > 255)
			return false;
		v |= part[i] << (24 - 8 * i);
	}
	*address = (uint32_t)v;
	return true;
}

static void
set_address(struct url *u, int family, const void *address)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(family, address, text, sizeof(text));
	u->address = true;
	u->host_len = 0;
	if (family == AF_INET6)
		u->text[u->host_len++] = '[';
	memcpy(u->text + u->host_len, text, strlen(text));
	u->host_len += strlen(text);
	if (family == AF_INET6)
		u->text[u->host_len++] = ']';
}

/* "[address]"; addresses that stand for one of IPv4 become that. */
static const char *
read_ipv6(struct url *u, const char *host, size_t len)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t nat64[12] = { 0, 0x64, 0xff, 0x9b };
	char text[INET6_ADDRSTRLEN];
	uint8_t a[16];

	if (len < 2 || host[len - 1] != ']' || len - 2 >= sizeof(text))
		return "a bad IPv6 address";
	memcpy(text, host + 1, len - 2);
	text[len - 2] = '\0';
	if (strlen(text) != len - 2 || inet_pton(AF_INET6, text, a) != 1)
		return "a bad IPv6 address";
	if (memcmp(a, mapped, 12) == 0 || memcmp(a, nat64, 12) == 0)
		set_address(u, AF_INET, a + 12);
	else
		set_address(u, AF_INET6, a);
	return NULL;
}

const char *
url_read_host(struct url *u, const char *text, size_t len)
{
	char host[URL_MAX], ascii[IDN_ASCII_MAX];
	size_t n = url_unescape(host, text, len);
	const char *wrong;
	bool plain = true;
	uint32_t ipv4;

	if (n == URL_MAX)
		return url_too_long;
	n = put_dots_back(host, n);
	if (n > 0 && host[0] == '[')
		return read_ipv6(u, host, n);
	n = tidy_dots(host, n);
	for (size_t i = 0; i < n; i++)
		plain &= (uint8_t)host[i] < 0x80;
	if (!plain) {
		/* Before it is looked at: digits may come of it, and dots. */
		wrong = idn_to_ascii(host, n, ascii);
		if (wrong != NULL)
			return wrong;
		n = strlen(ascii);
		memcpy(host, ascii, n);
		n = tidy_dots(host, n);
	}
	if (n == 0)
		return "no host";
	if (read_ipv4(host, n, &ipv4)) {
		ipv4 = htonl(ipv4);
		set_address(u, AF_INET, &ipv4);
		return NULL;
	}
	if (memchr(host, '\\', n) != NULL) /* no "\DDD" in URLs */
		return "a character that no name has";
	wrong = host_name(&u->host, host, n);
	if (wrong != NULL)
		return wrong;
	u->host_len = strlen(fsk_name_to_text(u->host.wire, u->text));
	return NULL;
}
