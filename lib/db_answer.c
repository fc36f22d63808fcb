/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/db_answer.h"

#include <string.h>

const char *
fsk_action_word(enum fsk_action action)
{
	static const char *const words[FSK_ACTIONS] = {
		[FSK_NXDOMAIN] = "nxdomain",
		[FSK_NODATA] = "nodata",
		[FSK_SINKHOLE] = "sinkhole",
		[FSK_CNAME] = "cname",
		[FSK_REFUSE] = "refused",
		[FSK_DROP] = "drop",
		[FSK_TCP_ONLY] = "tcp-only",
		[FSK_SERVFAIL] = "servfail",
		[FSK_PASSTHRU] = "passthru",
		[FSK_LOG] = "log",
		[FSK_WARN] = "warn",
	};

	return words[action];
}

/* Reads the name that stands as text at the offset at WHERE; "" is none. */
static const char *
read_name(struct fsk_name *name, const uint8_t *where, const char *strings,
    size_t len)
{
	const uint32_t at = fsk_get32(where);

	if (at >= len)
		return "a name lies outside the strings";
	name->len = 0;
	if (strings[at] != '\0' &&
	    fsk_name_from_text(name, strings + at, strlen(strings + at)) !=
		NULL)
		return "a name is none";
	return NULL;
}

const char *
answer_read(
    struct fsk_answer *a, const uint8_t *row, const char *strings, size_t len)
{
	const uint32_t text = fsk_get32(row + FSK_N_TEXT);
	const char *wrong;

	if (row[FSK_N_ACTION] >= FSK_ACTIONS ||
	    row[FSK_N_COUNT4] > FSK_ADDRS_MAX ||
	    row[FSK_N_COUNT6] > FSK_ADDRS_MAX ||
	    fsk_get32(row + FSK_N_TTL) > INT32_MAX || text >= len)
		return "out of range";
	a->action = (enum fsk_action)row[FSK_N_ACTION];
	a->ttl = fsk_get32(row + FSK_N_TTL);
	a->ede = fsk_get16(row + FSK_N_EDE);
	a->text = strings[text] != '\0' ? strings + text : NULL;
	a->count4 = row[FSK_N_COUNT4];
	a->count6 = row[FSK_N_COUNT6];
	memcpy(a->addr4, row + FSK_N_ADDR4, sizeof(a->addr4));
	memcpy(a->addr6, row + FSK_N_ADDR6, sizeof(a->addr6));
	wrong = read_name(&a->cname, row + FSK_N_CNAME, strings, len);
	if (wrong == NULL)
		wrong = read_name(&a->mname, row + FSK_N_MNAME, strings, len);
	if (wrong == NULL)
		wrong = read_name(&a->rname, row + FSK_N_RNAME, strings, len);
	if (wrong == NULL && a->action == FSK_CNAME && a->cname.len == 0)
		wrong = "an alias to nowhere";
	return wrong;
}

bool
answer_write(uint8_t *row, const struct fsk_answer *a)
{
	if (a->action >= FSK_ACTIONS || a->count4 > FSK_ADDRS_MAX ||
	    a->count6 > FSK_ADDRS_MAX || a->ttl > INT32_MAX ||
	    (a->action == FSK_CNAME && a->cname.len == 0))
		return false;
	row[FSK_N_ACTION] = (uint8_t)a->action;
	row[FSK_N_COUNT4] = (uint8_t)a->count4;
	row[FSK_N_COUNT6] = (uint8_t)a->count6;
	fsk_put32(row + FSK_N_TTL, a->ttl);
	fsk_put16(row + FSK_N_EDE, a->ede);
	memcpy(row + FSK_N_ADDR4, a->addr4, 4 * a->count4);
	memcpy(row + FSK_N_ADDR6, a->addr6, 16 * a->count6);
	return true;
}
