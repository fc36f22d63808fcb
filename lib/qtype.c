/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/qtype.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Those that are met in queries (IANA, DNS parameters). */
static const struct {
	const char *word;
	uint16_t qtype;
} known[] = {
	{ "A", 1 },
	{ "NS", 2 },
	{ "CNAME", 5 },
	{ "SOA", 6 },
	{ "PTR", 12 },
	{ "HINFO", 13 },
	{ "MX", 15 },
	{ "TXT", 16 },
	{ "AAAA", 28 },
	{ "LOC", 29 },
	{ "SRV", 33 },
	{ "NAPTR", 35 },
	{ "DNAME", 39 },
	{ "DS", 43 },
	{ "SSHFP", 44 },
	{ "RRSIG", 46 },
	{ "NSEC", 47 },
	{ "DNSKEY", 48 },
	{ "NSEC3", 50 },
	{ "NSEC3PARAM", 51 },
	{ "TLSA", 52 },
	{ "CDS", 59 },
	{ "CDNSKEY", 60 },
	{ "OPENPGPKEY", 61 },
	{ "SVCB", 64 },
	{ "HTTPS", 65 },
	{ "SPF", 99 },
	{ "ANY", 255 },
	{ "URI", 256 },
	{ "CAA", 257 },
};
#define KNOWN (sizeof(known) / sizeof(*known))

bool
fsk_qtype_read(const char *text, uint16_t *qtype)
{
	unsigned long n;
	char *end;

	for (size_t i = 0; i < KNOWN; i++)
		if (strcasecmp(known[i].word, text) == 0) {
			*qtype = known[i].qtype;
			return true;
		}
	if (strncasecmp(text, "TYPE", 4) != 0 || text[4] < '0' || text[4] > '9')
		return false;
	n = strtoul(text + 4, &end, 10);
	*qtype = (uint16_t)n;
	return *end == '\0' && n > 0 && n <= UINT16_MAX;
}

char *
fsk_qtype_text(uint16_t qtype, char text[static FSK_QTYPE_TEXT])
{
	for (size_t i = 0; i < KNOWN; i++)
		if (known[i].qtype == qtype)
			return strcpy(text, known[i].word);
	snprintf(text, FSK_QTYPE_TEXT, "TYPE%u", qtype);
	return text;
}
