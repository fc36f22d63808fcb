/* SPDX-License-Identifier: BSD-3-Clause */
#include "module/inspect.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "lib/policy.h"

#define TYPE_SVCB  64
#define TYPE_HTTPS 65

/* SvcParamKeys (RFC 9460 section 14.3.2). */
#define KEY_IPV4HINT 4
#define KEY_IPV6HINT 6

/* What is looked at, and for whom. */
struct look {
	const struct fsk_list *list;
	const struct places *places;
	const struct fsk_policy_settings *settings;
	const struct fsk_policy *policy;
	const struct fsk_question *q;
	struct fsk_verdict *v;
	bool *touched;
};

/* ---- names ---- */

/* Whether the name that was asked for passes, wherever it leads: that it is
 * not listed itself does not matter here. */
static bool
is_bypassed(const struct look *l)
{
	return fsk_bypass_find(&l->list->bypasses, &l->q->q,
		   fsk_policy_group_name(l->policy, l->v->group), l->q->client,
		   l->q->now) != NULL;
}

static bool
look_at_name(const struct look *l, const uint8_t *wire, size_t len)
{
	struct fsk_question q = {
		.qtype = l->q->qtype, .client = l->q->client, .now = l->q->now
	};
	struct fsk_name name;

	if (!fsk_name_from_wire(&name, wire, len))
		return false;
	fsk_db_query(l->list->db, &q.q, name.wire, name.len);
	fsk_verdict_alias(l->list->db, &l->list->bypasses, &q, l->v);
	*l->touched |= l->v->touched;
	if ((!l->v->block && !l->v->would) || is_bypassed(l))
		return false;
	/* The answer is about the name that was asked for. */
	l->v->found.labels = (uint8_t)l->q->q.labels;
	return true;
}

/* ---- addresses ---- */

/* *ALLOWED is set where what is listed as KEY passes, for everybody. */
static bool
look_up(const struct look *l, const char *key, bool *allowed)
{
	struct fsk_attr a;
	uint32_t attr;

	if (!fsk_db_find_url(l->list->db, key, &attr))
		return false;
	fsk_db_attr(l->list->db, attr, &a);
	*allowed = a.allow;
	if (a.allow)
		return false;
	*l->touched = true;
	fsk_verdict_attr(l->list->db, &l->list->bypasses, l->q, attr, l->v);
	return l->v->block || l->v->would;
}

static bool
look_at_address(const struct look *l, const uint8_t addr[static FSK_ADDR_LEN])
{
	char key[FSK_PREFIX_KEY];
	const int bits = fsk_policy_address(l->policy, addr);
	bool allowed = false;
	struct place place;

	if (bits >= 0 &&
	    look_up(
		l, fsk_prefix_key("ip", addr, (unsigned)bits, key), &allowed))
		return true;
	/* An address that is allowed is so wherever it is. */
	if (allowed || l->places == NULL ||
	    !places_find(l->places, addr, &place))
		return false;
	if (place.country[0] != '\0') {
		snprintf(key, sizeof(key), "country:%s", place.country);
		if (look_up(l, key, &allowed))
			return true;
	}
	if (place.network != 0) {
		snprintf(key, sizeof(key), "asn:%u", place.network);
		if (look_up(l, key, &allowed))
			return true;
	}
	return false;
}

static bool
look_at_octets(const struct look *l, const uint8_t *p, size_t len)
{
	uint8_t addr[FSK_ADDR_LEN] = { [10] = 0xff, [11] = 0xff };

	if (len == 4)
		memcpy(addr + 12, p, 4);
	else if (len == 16)
		memcpy(addr, p, 16);
	else
		return false;
	return look_at_address(l, addr);
}

/* ---- service bindings ---- */

static unsigned
get16(const uint8_t *p)
{
	return p[0] * 256u + p[1];
}

/* Looks at the RDATA: u16 priority, target name, then keys in order, each u16
 * key, u16 length, value (RFC 9460 section 2.2). */
static bool
look_at_binding(const struct look *l, const uint8_t *p, size_t len)
{
	size_t target = 2;

	while (target < len && p[target] != 0)
		target += p[target] + 1u;
	if (target >= len)
		return false;
	target++;
	if (target > 3 && look_at_name(l, p + 2, target - 2))
		return true;
	p += target;
	len -= target;
	while (len >= 4 && get16(p + 2) <= len - 4) {
		const unsigned key = get16(p), n = get16(p + 2);
		const unsigned size = key == KEY_IPV4HINT ? 4
		    : key == KEY_IPV6HINT                 ? 16
							  : 0;

		for (unsigned i = 0;
		     l->settings->look_at_answers && size > 0 && i + size <= n;
		     i += size)
			if (look_at_octets(l, p + 4 + i, size))
				return true;
		p += 4 + n;
		len -= 4 + n;
	}
	return false;
}

/* ---- the whole ---- */

static bool
look_at_rrset(const struct look *l, const struct ub_packed_rrset_key *k)
{
	const struct packed_rrset_data *d = k->entry.data;
	const uint16_t type = ntohs(k->rk.type);

	for (size_t i = 0; i < d->count; i++) {
		const uint8_t *p = d->rr_data[i] + 2;
		const size_t len = d->rr_len[i] - 2;

		switch (type) {
		case LDNS_RR_TYPE_CNAME:
			if (look_at_name(l, p, len))
				return true;
			break;
		case LDNS_RR_TYPE_A:
		case LDNS_RR_TYPE_AAAA:
			if (l->settings->look_at_answers &&
			    look_at_octets(l, p, len))
				return true;
			break;
		case TYPE_SVCB:
		case TYPE_HTTPS:
			if (look_at_binding(l, p, len))
				return true;
			break;
		default: /* of all other types nothing leads elsewhere */
			return false;
		}
	}
	return false;
}

bool
inspect_wanted(const struct fsk_db *db)
{
	const struct fsk_policy *p = fsk_db_policy(db);

	return p != NULL &&
	    (fsk_policy_aliases(p) || fsk_policy_settings(p)->look_at_answers);
}

bool
inspect_answer(const struct fsk_list *list, const struct places *places,
    const struct fsk_question *q, const struct reply_info *rep,
    struct fsk_verdict *v, bool *touched)
{
	const struct fsk_policy *p = fsk_db_policy(list->db);
	struct look l = { list, places, NULL, p, q, v, touched };

	if (!inspect_wanted(list->db))
		return false;
	l.settings = fsk_policy_settings(p);
	if (!l.settings->look_at_places)
		l.places = NULL;
	for (size_t i = 0; i < rep->an_numrrsets; i++)
		if (look_at_rrset(&l, rep->rrsets[i]))
			return true;
	return false;
}
