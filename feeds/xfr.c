/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/xfr.h"

#include <stdlib.h>
#include <string.h>

bool
xfr_newer(uint32_t a, uint32_t b)
{
	/* Half the circle away neither is newer. */
	return a != b && a - b < 0x80000000u;
}

void
xfr_fini(struct xfr *x)
{
	free(x->soa);
	x->soa = NULL;
}

static bool
is_line(const char *text, const char *line, size_t len)
{
	return strlen(text) == len && memcmp(text, line, len) == 0;
}

static int
start(struct xfr *x, const char *line, size_t len, uint32_t serial,
    struct fsk_error *err)
{
	x->soa = strndup(line, len);
	if (x->soa == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	x->serial = serial;
	if (x->kept_soa != NULL && serial == x->kept_serial) {
		x->state = XFR_UNCHANGED;
		return FSK_OK;
	}
	/* A server that lags behind, or a zone that was begun anew: then the
	 * kept zone has to be removed by someone who knows. */
	if (x->kept_soa != NULL && !xfr_newer(serial, x->kept_serial))
		return fsk_fail(err, FSK_EFORMAT,
		    "the server's serial %u is older than %u, which is kept",
		    serial, x->kept_serial);
	x->state = x->differences ? XFR_SECOND : XFR_WHOLE;
	return FSK_OK;
}

static int
do_not_follow(struct fsk_error *err)
{
	return fsk_fail(
	    err, FSK_EINVAL, "the serials of the differences do not follow");
}

/* The second record of an answer to the question for differences. */
static int
tell_apart(struct xfr *x, const char *line, size_t len, bool soa,
    uint32_t serial, struct fsk_error *err)
{
	if (!soa || serial == x->serial) {
		x->state = XFR_WHOLE;
		return xfr_take(x, line, len, soa, serial, err);
	}
	/* Differences from any other zone than ours are of no use. */
	if (!is_line(x->kept_soa, line, len))
		return do_not_follow(err);
	x->incremental = true;
	x->reached = serial;
	x->state = XFR_GOES;
	return FSK_OK;
}

/* A SOA in the midst. */
static int
turn(struct xfr *x, const char *line, size_t len, uint32_t serial,
    struct fsk_error *err)
{
	if (x->state == XFR_GOES) {
		if (!xfr_newer(serial, x->reached))
			return do_not_follow(err);
		x->reached = serial;
		x->state = XFR_COMES;
		return FSK_OK;
	}
	if (x->state == XFR_COMES && serial != x->reached)
		return do_not_follow(err);
	if (x->state == XFR_COMES && serial != x->serial) {
		x->state = XFR_GOES;
		return FSK_OK;
	}
	if (!is_line(x->soa, line, len))
		return fsk_fail(err, FSK_EFORMAT,
		    "the zone does not end with the SOA it began with");
	x->state = XFR_END;
	return FSK_OK;
}

int
xfr_take(struct xfr *x, const char *line, size_t len, bool soa, uint32_t serial,
    struct fsk_error *err)
{
	switch (x->state) {
	case XFR_START:
		if (soa)
			return start(x, line, len, serial, err);
		return fsk_fail(
		    err, FSK_EFORMAT, "the zone does not begin with its SOA");
	case XFR_SECOND:
		return tell_apart(x, line, len, soa, serial, err);
	case XFR_WHOLE:
	case XFR_GOES:
	case XFR_COMES:
		if (soa)
			return turn(x, line, len, serial, err);
		return x->state == XFR_WHOLE
		    ? zonetext_add(x->text, line, len, err)
		    : zonetext_change(
			  x->text, x->state == XFR_COMES, line, len, err);
	case XFR_END:
		return fsk_fail(
		    err, FSK_EFORMAT, "records follow the end of the zone");
	case XFR_UNCHANGED:
		return FSK_OK; /* the rest is of no interest */
	}
	return FSK_OK;
}
