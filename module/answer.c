/* SPDX-License-Identifier: BSD-3-Clause */
#include "module/answer.h"

#include <string.h>

#include "lib/name.h"

/* SOA RDATA (RFC 1035 section 3.3.13) but for serial and minimum: localhost.
 * nobody.invalid. <serial> 3600 1200 604800 <minimum>.  Neither name exists
 * anywhere; negative caching (RFC 2308) needs the record, not a contact. */
#define SOA_NAMES "\11localhost\0\6nobody\7invalid"
#define SOA_LEN   (sizeof(SOA_NAMES) + 5 * 4)

static void
put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

/* An rrset of COUNT records of LEN octets of RDATA each, to be filled in; NULL
 * when out of memory. */
static struct ub_packed_rrset_key *
new_rrset(struct regional *region, uint8_t *owner, size_t owner_len,
    uint16_t type, uint32_t ttl, size_t count, size_t len)
{
	struct ub_packed_rrset_key *k = regional_alloc_zero(region, sizeof(*k));
	struct packed_rrset_data *d = regional_alloc_zero(region,
	    sizeof(*d) +
		count *
		    (sizeof(size_t) + sizeof(time_t) + sizeof(uint8_t *) + 2 +
			len));
	uint8_t *rdata;

	if (k == NULL || d == NULL)
		return NULL;
	k->entry.key = k;
	k->entry.data = d;
	k->rk.dname = owner;
	k->rk.dname_len = owner_len;
	k->rk.type = htons(type);
	k->rk.rrset_class = htons(LDNS_RR_CLASS_IN);
	d->ttl = (time_t)ttl;
	d->count = count;
	d->trust = rrset_trust_none;
	d->security = sec_status_insecure;
	d->rr_len = (size_t *)(d + 1);
	d->rr_data = (uint8_t **)(d->rr_len + count);
	d->rr_ttl = (time_t *)(d->rr_data + count);
	rdata = (uint8_t *)(d->rr_ttl + count);
	for (size_t i = 0; i < count; i++, rdata += 2 + len) {
		d->rr_len[i] = 2 + len;
		d->rr_ttl[i] = (time_t)ttl;
		d->rr_data[i] = rdata;
		rdata[0] = (uint8_t)(len >> 8);
		rdata[1] = (uint8_t)len;
	}
	return k;
}

/* The RDATA of record I of K. */
static uint8_t *
rdata_of(struct ub_packed_rrset_key *k, size_t i)
{
	struct packed_rrset_data *d = k->entry.data;

	return d->rr_data[i] + 2;
}

static struct ub_packed_rrset_key *
addresses(const struct fsk_answer *a, const struct query_info *q,
    struct regional *region)
{
	bool v4 = q->qtype == LDNS_RR_TYPE_A;
	size_t count = v4 ? a->count4 : a->count6;
	struct ub_packed_rrset_key *k = new_rrset(region, q->qname,
	    q->qname_len, q->qtype, a->ttl, count, v4 ? 4 : 16);

	for (size_t i = 0; k != NULL && i < count; i++)
		memcpy(rdata_of(k, i), v4 ? a->addr4[i] : a->addr6[i],
		    v4 ? 4 : 16);
	return k;
}

/* The SOA that makes the answer cacheable; its owner is the entry's name. */
static struct ub_packed_rrset_key *
soa(const struct fsk_db *db, const struct fsk_verdict *v,
    const struct query_info *q, struct regional *region)
{
	uint8_t *owner = q->qname;
	size_t len = q->qname_len;
	struct ub_packed_rrset_key *k;
	struct fsk_db_info info;
	uint8_t *p;

	for (unsigned n = fsk_name_labels(owner); n > v->found.labels; n--) {
		len -= *owner + 1u;
		owner += *owner + 1u;
	}
	k = new_rrset(
	    region, owner, len, LDNS_RR_TYPE_SOA, v->answer->ttl, 1, SOA_LEN);
	if (k == NULL)
		return NULL;
	fsk_db_info(db, &info);
	p = rdata_of(k, 0);
	memcpy(p, SOA_NAMES, sizeof(SOA_NAMES));
	p += sizeof(SOA_NAMES);
	put32(p, (uint32_t)info.serial);
	put32(p + 4, 3600);
	put32(p + 8, 1200);
	put32(p + 12, 604800);
	put32(p + 16, v->answer->ttl);
	return k;
}

static void
prepare_ede(struct answer *a, const struct fsk_db *db, uint32_t attr)
{
	static const char lead[] = "listed: ";
	struct fsk_attr at;
	size_t n;

	fsk_db_attr(db, attr, &at);
	a->ede[0] = 0;
	a->ede[1] = ANSWER_EDE_CODE;
	n = sizeof(lead) - 1;
	memcpy(a->ede + 2, lead, n);
	for (const char *c = at.category; *c != '\0' && n < ANSWER_EDE_TEXTMAX;
	     c++)
		a->ede[2 + n++] = (uint8_t)*c;
	a->ede_len = 2 + n;
}

struct answer *
answer_build(const struct fsk_db *db, const struct fsk_verdict *v,
    const struct query_info *qinfo, struct regional *region)
{
	struct {
		struct answer a;
		struct dns_msg msg;
		struct reply_info rep;
		struct ub_packed_rrset_key *rrset;
	} *all = regional_alloc_zero(region, sizeof(*all));
	const struct fsk_answer *want = v->answer;
	struct reply_info *rep;
	unsigned rcode = LDNS_RCODE_NOERROR;

	if (all == NULL)
		return NULL;
	rep = &all->rep;
	all->a.msg = &all->msg;
	all->a.action = want->action;
	all->msg.qinfo = *qinfo;
	all->msg.rep = rep;
	if (want->action == FSK_SINKHOLE &&
	    ((qinfo->qtype == LDNS_RR_TYPE_A && want->count4 > 0) ||
		(qinfo->qtype == LDNS_RR_TYPE_AAAA && want->count6 > 0))) {
		all->rrset = addresses(want, qinfo, region);
		rep->an_numrrsets = 1;
	} else {
		all->rrset = soa(db, v, qinfo, region);
		rep->ns_numrrsets = 1;
		if (want->action == FSK_NXDOMAIN)
			rcode = LDNS_RCODE_NXDOMAIN;
	}
	if (all->rrset == NULL)
		return NULL;
	rep->flags = (uint16_t)(BIT_QR | BIT_RA | rcode);
	rep->qdcount = 1;
	rep->ttl = (time_t)want->ttl;
	rep->prefetch_ttl = rep->serve_expired_ttl = rep->ttl;
	rep->security = sec_status_insecure; /* ours is never "secure" */
	rep->rrset_count = 1;
	rep->rrsets = &all->rrset;
	prepare_ede(&all->a, db, v->found.attr);
	return &all->a;
}
