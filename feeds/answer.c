/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/answer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "feeds/host.h"
#include "lib/qtype.h"

bool
answer_addresses(const char *list, struct fsk_answer *a)
{
	while (*list != '\0') {
		size_t n = strcspn(list, ","), len;
		const char *from = list + strspn(list, " ");
		char one[INET6_ADDRSTRLEN];

		if (from > list + n)
			return false;
		len = (size_t)(list + n - from);
		while (len > 0 && from[len - 1] == ' ')
			len--;
		if (len >= sizeof(one))
			return false;
		memcpy(one, from, len);
		one[len] = '\0';
		if (a->count4 < FSK_ADDRS_MAX &&
		    inet_pton(AF_INET, one, a->addr4[a->count4]) == 1)
			a->count4++;
		else if (a->count6 < FSK_ADDRS_MAX &&
		    inet_pton(AF_INET6, one, a->addr6[a->count6]) == 1)
			a->count6++;
		else
			return false;
		list += n + (list[n] == ',');
	}
	return a->count4 + a->count6 > 0;
}

static bool
read_name(const char *what, const char *text, struct fsk_name *name, char *why)
{
	const char *wrong;

	name->len = 0;
	if (text == NULL)
		return true;
	wrong = host_name(name, text, strlen(text));
	if (wrong != NULL)
		snprintf(why, 128, "%s '%.50s' is no name: %.50s", what, text,
		    wrong);
	return wrong == NULL;
}

bool
answer_class(const struct conf_answer *a, struct fsk_class *out)
{
	*out = (struct fsk_class){ .aliases = a->aliases == 1,
		.types_only = a->types.n > 0 };
	if (a->types.n > FSK_POLICY_TYPES_MAX)
		return false;
	for (; out->ntypes < a->types.n; out->ntypes++)
		if (!fsk_qtype_read(
			a->types.at[out->ntypes], &out->type[out->ntypes]))
			return false;
	return true;
}

bool
answer_make(
    const struct conf_answer *a, struct fsk_answer *out, char why[static 128])
{
	static const uint16_t codes[] = { FSK_EDE_NONE, FSK_EDE_FORGED,
		FSK_EDE_BLOCKED, FSK_EDE_CENSORED, FSK_EDE_FILTERED };
	struct fsk_class unused;

	*out = (struct fsk_answer){ .action = FSK_NXDOMAIN,
		.ttl = 60,
		.ede = FSK_EDE_BLOCKED,
		.text = a->ede_text };
	if (a->action != OPTION_UNSET)
		out->action = (enum fsk_action)a->action;
	if (a->ttl != OPTION_UNSET)
		out->ttl = (uint32_t)a->ttl;
	if (a->ede != OPTION_UNSET)
		out->ede = codes[a->ede];
	if (a->sinkhole != NULL && !answer_addresses(a->sinkhole, out)) {
		snprintf(why, 128,
		    "'%.40s' is no list of up to %d IPv4 and %d IPv6 addresses",
		    a->sinkhole, FSK_ADDRS_MAX, FSK_ADDRS_MAX);
		return false;
	}
	if (a->ede_text != NULL && strlen(a->ede_text) > 255) {
		snprintf(why, 128, "the text of EDE has over 255 octets");
		return false;
	}
	if (!answer_class(a, &unused)) {
		snprintf(why, 128,
		    "'types' are up to %d query types such as A, HTTPS, "
		    "TYPE65280",
		    FSK_POLICY_TYPES_MAX);
		return false;
	}
	return read_name("cname", a->cname, &out->cname, why) &&
	    read_name("soa-mname", a->soa_mname, &out->mname, why) &&
	    read_name("soa-rname", a->soa_rname, &out->rname, why);
}
