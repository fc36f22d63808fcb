/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/idn.h"

#include <idn2.h>
#include <string.h>

const char *
idn_to_ascii(const char *text, size_t len, char ascii[static IDN_ASCII_MAX])
{
	char in[IDN_ASCII_MAX], *out = NULL;
	const char *wrong = NULL;
	int rc;

	if (len >= sizeof(in))
		return "name over 255 octets";
	if (memchr(text, '\0', len) != NULL)
		return "NUL in name";
	memcpy(in, text, len);
	in[len] = '\0';
	rc = idn2_to_ascii_8z(in, &out, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
	if (rc != IDN2_OK)
		return idn2_strerror(rc);
	if (strlen(out) >= IDN_ASCII_MAX)
		wrong = "name over 255 octets";
	else
		strcpy(ascii, out);
	idn2_free(out);
	return wrong;
}
