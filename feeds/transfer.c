/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/transfer.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "feeds/dnswire.h"
#include "feeds/tcp.h"
#include "feeds/tsig.h"
#include "feeds/xfr.h"
#include "feeds/zonetext.h"

#define PORT        "53"
#define ALGORITHM   "hmac-sha256"
#define SILENCES    3 /* times connect_seconds */
#define BACKOFF_MS  1000
#define DOUBLINGS   6 /* of that */
#define MESSAGE_MAX 65535

#define FLAG_ANSWER 0x8000
#define OPCODE_MASK 0x7800

/* What a step leads to. */
enum outcome {
	GO_ON,
	DONE,      /* the result is there */
	WHOLE,     /* differences are not to be had here: ask for all */
	ELSEWHERE, /* another address of the server may do better */
	LATER,     /* so may this one, later */
	NEVER,     /* nothing will help */
};

struct transfer {
	const struct transfer_request *req;
	struct transfer_result *res;
	struct fsk_name zone;
	struct tsig *tsig; /* NULL: not signed */
	char *kept_soa;    /* NULL: nothing of use is kept */
	uint32_t kept_serial;
	bool differences; /* ask for them */
	struct tcp tcp;
	/* The question under way, and its answer. */
	uint16_t id;
	unsigned type;
	struct xfr xfr;
	struct dns_line line;
	uint8_t message[MESSAGE_MAX];
};

/* ---- the answer ---- */

static enum outcome
of_network(int rc)
{
	return rc == FSK_OK ? GO_ON : rc == FSK_EIO ? LATER : NEVER;
}

static enum outcome
of_zone(int rc)
{
	return rc == FSK_OK     ? GO_ON
	    : rc == FSK_EINVAL  ? WHOLE
	    : rc == FSK_EFORMAT ? ELSEWHERE
				: NEVER;
}

static enum outcome
wrong(struct fsk_error *err, const char *why)
{
	fsk_fail(err, FSK_EFORMAT, "%s", why);
	return ELSEWHERE;
}

static enum outcome
refused(const struct transfer *t, unsigned rcode, struct fsk_error *err)
{
	static const char *const names[] = { "", "FORMERR", "SERVFAIL",
		"NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET",
		"NXRRSET", "NOTAUTH", "NOTZONE" };

	if (rcode < sizeof(names) / sizeof(*names))
		fsk_fail(
		    err, FSK_EFORMAT, "the server answers %s", names[rcode]);
	else
		fsk_fail(
		    err, FSK_EFORMAT, "the server answers RCODE %u", rcode);
	if (t->type == DNS_IXFR)
		return WHOLE;
	return rcode == 2 ? LATER : ELSEWHERE;
}

/* Whether M is to be believed and belongs to the question. */
static enum outcome
check_message(struct transfer *t, const struct dns_message *m, bool first,
    struct fsk_error *err)
{
	const bool asked = m->questions == 1 && m->type == t->type &&
	    m->name.len == t->zone.len &&
	    memcmp(m->name.wire, t->zone.wire, t->zone.len) == 0;

	if (m->id != t->id)
		return wrong(err, "a message has another id than the question");
	if ((m->flags & (FLAG_ANSWER | OPCODE_MASK)) != FLAG_ANSWER)
		return wrong(err, "a message is no answer");
	/* A refusal may be without a signature. */
	if (t->tsig != NULL && (m->tsig != 0 || m->rcode == 0) &&
	    tsig_check(t->tsig, m, time(NULL), err) != FSK_OK)
		return ELSEWHERE;
	if (m->rcode != 0)
		return refused(t, m->rcode, err);
	/* RFC 5936 section 2.2.1: the first has it, the others may. */
	if (!asked && (first || m->questions != 0))
		return wrong(err, "a message answers another question");
	if (first && m->answers == 0) {
		wrong(err, "the answer is empty");
		return t->type == DNS_IXFR ? WHOLE : ELSEWHERE;
	}
	return GO_ON;
}

/* Takes the message of LEN octets; DONE with the last, or if unchanged. */
static enum outcome
take_message(struct transfer *t, size_t len, bool first, struct fsk_error *err)
{
	struct dns_message m;
	const char *why = dns_open(&m, t->message, len);
	enum outcome o = why == NULL ? check_message(t, &m, first, err)
				     : wrong(err, why);

	for (unsigned i = 0; i < m.answers && o == GO_ON; i++) {
		const struct dns_line *l = &t->line;

		why = dns_next(&m, &t->line);
		if (why != NULL)
			return wrong(err, why);
		if (l->soa &&
		    (l->name.len != t->zone.len ||
			memcmp(l->name.wire, t->zone.wire, l->name.len) != 0))
			return wrong(err, "a SOA is of another zone");
		o = of_zone(
		    xfr_take(&t->xfr, l->text, l->len, l->soa, l->serial, err));
	}
	if (o == GO_ON &&
	    (t->xfr.state == XFR_END || t->xfr.state == XFR_UNCHANGED)) {
		if (t->tsig != NULL && m.tsig == 0)
			return wrong(err, "the last message is not signed");
		return DONE;
	}
	return o;
}

static enum outcome
read_message(struct transfer *t, size_t *len, struct fsk_error *err)
{
	uint8_t prefix[2];
	enum outcome o = of_network(tcp_read(&t->tcp, prefix, 2, err));

	if (o != GO_ON)
		return o;
	*len = (size_t)(prefix[0] << 8 | prefix[1]);
	if (*len + 2 > t->req->max_bytes - t->res->bytes) {
		fsk_fail(err, FSK_EFORMAT,
		    "the answer is over the limit of %llu octets",
		    (unsigned long long)t->req->max_bytes);
		return NEVER;
	}
	t->res->bytes += *len + 2;
	return of_network(tcp_read(&t->tcp, t->message, *len, err));
}

static enum outcome
receive(struct transfer *t, struct fsk_error *err)
{
	for (bool first = true;; first = false) {
		size_t len;
		enum outcome o = read_message(t, &len, err);

		/* Servers that do not know IXFR may just hang up, or say no
		 * more than their SOA, as is right for UDP. */
		if (o == LATER && t->type == DNS_IXFR &&
		    ((first && t->tcp.closed) || t->xfr.state == XFR_SECOND))
			return WHOLE;
		if (o == GO_ON)
			o = take_message(t, len, first, err);
		if (o != GO_ON)
			return o;
	}
}

/* ---- the question ---- */

static enum outcome
send_question(struct transfer *t, struct fsk_error *err)
{
	uint8_t out[2 + DNS_QUERY_MAX + TSIG_RECORD_MAX], *query = out + 2;
	size_t len;

	if (getrandom(&t->id, sizeof(t->id), 0) != sizeof(t->id)) {
		fsk_fail(err, FSK_EIO, "cannot get a random number");
		return NEVER;
	}
	t->type = t->differences ? DNS_IXFR : DNS_AXFR;
	len = dns_query(query, t->id, &t->zone, t->type, t->kept_serial);
	if (len == 0) {
		fsk_fail(err, FSK_ENOMEM, "out of memory");
		return NEVER;
	}
	if (t->tsig != NULL)
		tsig_sign(t->tsig, query, &len, time(NULL));
	out[0] = (uint8_t)(len >> 8);
	out[1] = (uint8_t)len;
	return of_network(tcp_write(&t->tcp, out, len + 2, err));
}

/* What came is whole and believed: writes it, and the result. */
static enum outcome
keep(struct transfer *t, struct fsk_error *err)
{
	struct xfr *x = &t->xfr;
	enum outcome o;

	t->res->serial = x->serial;
	if (x->state == XFR_UNCHANGED) {
		t->res->status = TRANSFER_UNCHANGED;
		return DONE;
	}
	o = of_zone(x->incremental
		? zonetext_apply(
		      x->text, t->req->have, x->soa, &t->res->records, err)
		: zonetext_write(x->text, x->soa, &t->res->records, err));
	if (o != GO_ON)
		return o;
	t->res->incremental = x->incremental;
	t->res->status = TRANSFER_NEW;
	return DONE;
}

/* Asks the address AT once. */
static enum outcome
ask(struct transfer *t, const struct addrinfo *at, struct fsk_error *err)
{
	const struct transfer_request *req = t->req;
	enum outcome o = of_network(
	    tcp_connect(&t->tcp, at, 1000 * req->connect_seconds, err));

	if (o != GO_ON)
		return o;
	t->res->bytes = 0; /* what was cut off is not to count */
	t->xfr = (struct xfr){ .differences = t->differences,
		.kept_soa = t->kept_soa,
		.kept_serial = t->kept_serial };
	if (zonetext_open(&t->xfr.text, req->to, req->max_bytes, req->stop,
		err) != FSK_OK)
		o = NEVER;
	if (o == GO_ON)
		o = send_question(t, err);
	if (o == GO_ON)
		o = receive(t, err);
	tcp_close(&t->tcp);
	if (o == DONE)
		o = keep(t, err);
	zonetext_close(t->xfr.text);
	xfr_fini(&t->xfr);
	return o;
}

/* Asks all addresses of the server. */
static enum outcome
ask_all(struct transfer *t, struct fsk_error *err)
{
	struct addrinfo *list;
	enum outcome o = of_network(
	    tcp_addresses(t->req->server, PORT, &list, err));
	bool later = false;

	if (o != GO_ON)
		return o;
	for (const struct addrinfo *at = list; at != NULL; at = at->ai_next) {
		o = ask(t, at, err);
		if (o == WHOLE) {
			t->differences = false;
			o = ask(t, at, err);
		}
		if (o == DONE || o == NEVER)
			break;
		later |= o == LATER;
	}
	freeaddrinfo(list);
	return o == ELSEWHERE && later ? LATER : o;
}

/* Waits before the next try. */
static enum outcome
pause_before(struct transfer *t, unsigned tries, struct fsk_error *err)
{
	uint64_t ms = t->req->backoff_ms != 0 ? t->req->backoff_ms : BACKOFF_MS;
	uint32_t random = 0;

	ms <<= tries < DOUBLINGS ? tries : DOUBLINGS;
	if (getrandom(&random, sizeof(random), 0) == sizeof(random))
		ms += random % (ms / 2 + 1);
	return of_network(tcp_pause(&t->tcp, ms, err));
}

static int
prepare(struct transfer *t, struct fsk_error *err)
{
	const struct transfer_request *req = t->req;
	char zone[DNS_TEXT_MAX];

	t->tcp = (struct tcp){ .fd = -1,
		.deadline = tcp_now() + 1000 * (int64_t)req->max_seconds,
		.silence = SILENCES * 1000 * req->connect_seconds,
		.stop = req->stop };
	if (fsk_name_from_text(&t->zone, req->zone, strlen(req->zone)) != NULL)
		return fsk_fail(
		    err, FSK_EINVAL, "'%s' is no name of a zone", req->zone);
	dns_name(t->zone.wire, zone);
	if (req->have != NULL)
		t->kept_soa = zonetext_soa(req->have, zone, &t->kept_serial);
	t->differences = t->kept_soa != NULL;
	if (req->tsig_name == NULL)
		return FSK_OK;
	return tsig_new(&t->tsig, req->tsig_name,
	    req->tsig_algorithm != NULL ? req->tsig_algorithm : ALGORITHM,
	    req->tsig_secret != NULL ? req->tsig_secret : "", err);
}

void
transfer(const struct transfer_request *req, struct transfer_result *res)
{
	struct transfer *t = calloc(1, sizeof(*t));
	struct fsk_error err = { .text = "out of memory" };
	enum outcome o = NEVER;

	*res = (struct transfer_result){ .status = TRANSFER_FAILED };
	if (t != NULL) {
		t->req = req;
		t->res = res;
		if (prepare(t, &err) == FSK_OK)
			o = ask_all(t, &err);
		for (unsigned i = 0; o == LATER && i < req->retries; i++) {
			o = pause_before(t, i, &err);
			if (o == GO_ON)
				o = ask_all(t, &err);
		}
		tsig_free(t->tsig);
		free(t->kept_soa);
		free(t);
	}
	if (o == DONE)
		return;
	/* Whose fault it is. */
	if (o == NEVER)
		snprintf(res->why, sizeof(res->why), "%.255s", err.text);
	else
		snprintf(res->why, sizeof(res->why), "%.100s: %.150s",
		    req->server, err.text);
}
