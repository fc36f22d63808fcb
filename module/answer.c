/* SPDX-License-Identifier: BSD-3-Clause */
#include "module/answer.h"

#include <string.h>

#include "lib/name.h"
#include "module/asker.h"

#define OPTION_EDE 15

/* MNAME and RNAME of the SOA (RFC 1035 section 3.3.13) where the operator names
 * none.  Neither exists anywhere; negative caching (RFC 2308) needs the record,
 * not a contact. */
static const struct fsk_name no_mname = { 11, "\11localhost" };
static const struct fsk_name no_rname = { 16, "\6nobody\7invalid" };

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

/* The addresses of a sinkhole for Q. */
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

/* The SOA that makes the answer cacheable; its owner is the entry's name, or
 * the question's where the entry is not about names. */
static struct ub_packed_rrset_key *
soa(const struct fsk_db *main, const struct fsk_verdict *v,
    const struct query_info *q, struct regional *region)
{
	const struct fsk_answer *a = v->answer;
	const struct fsk_name *mname = a->mname.len ? &a->mname : &no_mname;
	const struct fsk_name *rname = a->rname.len ? &a->rname : &no_rname;
	uint8_t *owner = q->qname;
	size_t len = q->qname_len;
	struct ub_packed_rrset_key *k;
	struct fsk_db_info info;
	uint8_t *p;

	for (unsigned n = fsk_name_labels(owner); n > v->found.labels; n--) {
		len -= *owner + 1u;
		owner += *owner + 1u;
	}
	k = new_rrset(region, owner, len, LDNS_RR_TYPE_SOA, a->ttl, 1,
	    (size_t)mname->len + rname->len + 20);
	if (k == NULL)
		return NULL;
	fsk_db_info(main, &info);
	p = rdata_of(k, 0);
	memcpy(p, mname->wire, mname->len);
	memcpy(p + mname->len, rname->wire, rname->len);
	p += mname->len + rname->len;
	put32(p, (uint32_t)info.serial);
	put32(p + 4, 3600);
	put32(p + 8, 1200);
	put32(p + 12, 604800);
	put32(p + 16, a->ttl);
	return k;
}

static struct ub_packed_rrset_key *
alias(const struct fsk_answer *a, const struct query_info *q,
    struct regional *region)
{
	struct ub_packed_rrset_key *k = new_rrset(region, q->qname,
	    q->qname_len, LDNS_RR_TYPE_CNAME, a->ttl, 1, a->cname.len);

	if (k != NULL)
		memcpy(rdata_of(k, 0), a->cname.wire, a->cname.len);
	return k;
}

/* ---- why ---- */

static void
put_code(uint8_t *to, uint16_t code)
{
	to[0] = (uint8_t)(code >> 8);
	to[1] = (uint8_t)code;
}

static void
prepare_ede(
    struct answer *a, const struct fsk_db *main, const struct fsk_verdict *v)
{
	char text[FSK_EDE_JSON_MAX];
	size_t n;

	a->text_len = a->json_len = 0;
	if (v->answer->ede == FSK_EDE_NONE)
		return;
	put_code(a->text, fsk_ede_code(v, false));
	n = fsk_ede_text(main, v, text);
	memcpy(a->text + 2, text, n);
	a->text_len = 2 + n;
	/* Without anybody to ask, the JSON would be thrown away (section 5.3
	 * of the draft). */
	if (*fsk_ede_contact(main, v) == '\0')
		return;
	n = fsk_ede_json(main, v, text);
	if (n == 0)
		return;
	put_code(a->json, fsk_ede_code(v, true));
	memcpy(a->json + 2, text, n);
	a->json_len = 2 + n;
}

void
answer_tell(const struct answer *a, const struct edns_data *edns,
    struct edns_option **options, struct regional *region)
{
	const bool json = a->json_len > 0 && asker_reads_json(edns);

	if (!edns->edns_present || a->text_len == 0)
		return;
	edns_opt_list_append(options, OPTION_EDE,
	    json ? a->json_len : a->text_len,
	    (uint8_t *)(uintptr_t)(json ? a->json : a->text), region);
}

/* ---- the whole ---- */

/* An answer with room for RRSETS, still empty. */
static struct answer *
new_answer(const struct query_info *qinfo, uint32_t ttl, size_t rrsets,
    struct regional *region)
{
	struct {
		struct answer a;
		struct dns_msg msg;
		struct reply_info rep;
	} *all = regional_alloc_zero(region, sizeof(*all));
	struct reply_info *rep;

	if (all == NULL)
		return NULL;
	rep = &all->rep;
	rep->rrsets = regional_alloc_zero(
	    region, (rrsets + 1) * sizeof(struct ub_packed_rrset_key *));
	if (rep->rrsets == NULL)
		return NULL;
	all->a.msg = &all->msg;
	all->msg.qinfo = *qinfo;
	all->msg.rep = rep;
	rep->flags = BIT_QR | BIT_RA;
	rep->qdcount = 1;
	rep->ttl = (time_t)ttl;
	rep->prefetch_ttl = rep->serve_expired_ttl = rep->ttl;
	rep->security = sec_status_insecure; /* ours is never "secure" */
	return &all->a;
}

/* Adds K to the answer section (AN) or to the authority section, in that
 * order.  False: K is NULL, there was no memory for it. */
static bool
add(struct reply_info *rep, struct ub_packed_rrset_key *k, bool an)
{
	if (k == NULL)
		return false;
	rep->rrsets[rep->rrset_count++] = k;
	rep->an_numrrsets += an;
	rep->ns_numrrsets += !an;
	return true;
}

static bool
has_addresses(const struct fsk_answer *a, uint16_t qtype)
{
	return (qtype == LDNS_RR_TYPE_A && a->count4 > 0) ||
	    (qtype == LDNS_RR_TYPE_AAAA && a->count6 > 0);
}

/* Puts into REP what V's action is. */
static bool
fill(struct reply_info *rep, const struct fsk_db *main,
    const struct fsk_verdict *v, const struct query_info *q,
    struct regional *region)
{
	const struct fsk_answer *a = v->answer;

	switch (a->action) {
	case FSK_NXDOMAIN:
		rep->flags |= LDNS_RCODE_NXDOMAIN;
		return add(rep, soa(main, v, q, region), false);
	case FSK_SINKHOLE:
	case FSK_WARN:
		if (has_addresses(a, q->qtype))
			return add(rep, addresses(a, q, region), true);
		return add(rep, soa(main, v, q, region), false);
	case FSK_CNAME:
		return add(rep, alias(a, q, region), true);
	case FSK_REFUSE:
		rep->flags |= LDNS_RCODE_REFUSED;
		return true;
	case FSK_SERVFAIL:
		rep->flags |= LDNS_RCODE_SERVFAIL;
		return true;
	case FSK_TCP_ONLY:
		rep->flags |= BIT_TC;
		return true;
	case FSK_NODATA:
	case FSK_DROP: /* nobody sees it */
	case FSK_PASSTHRU:
	case FSK_LOG:
	case FSK_ACTIONS:
		break;
	}
	return add(rep, soa(main, v, q, region), false);
}

struct answer *
answer_build(const struct fsk_db *main, const struct fsk_verdict *v,
    const struct query_info *qinfo, struct regional *region)
{
	struct answer *a = new_answer(qinfo, v->answer->ttl, 1, region);

	if (a == NULL || !fill(a->msg->rep, main, v, qinfo, region))
		return NULL;
	prepare_ede(a, main, v);
	return a;
}

void
answer_add(struct answer *a, struct reply_info *page, struct regional *region)
{
	struct reply_info *rep = a->msg->rep;
	struct reply_info *copy = reply_info_copy(page, NULL, region);
	struct ub_packed_rrset_key **rrsets;

	if (copy == NULL)
		return;
	rrsets = regional_alloc(
	    region, (rep->rrset_count + copy->an_numrrsets) * sizeof(*rrsets));
	if (rrsets == NULL)
		return;
	memcpy(rrsets, rep->rrsets, rep->rrset_count * sizeof(*rrsets));
	rep->rrsets = rrsets;
	for (size_t i = 0; i < copy->an_numrrsets; i++)
		add(rep, copy->rrsets[i], true);
}

struct answer *
answer_servfail(const struct fsk_db *main, const struct fsk_verdict *v,
    const struct query_info *qinfo, struct regional *region)
{
	struct answer *a = new_answer(qinfo, v->answer->ttl, 0, region);

	if (a == NULL)
		return NULL;
	a->msg->rep->flags |= LDNS_RCODE_SERVFAIL;
	prepare_ede(a, main, v);
	return a;
}
