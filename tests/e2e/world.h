/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * world.h - a real Unbound with the module, a real NSD behind it, and lists
 */
#ifndef FRAUDSINK_TESTS_WORLD_H
#define FRAUDSINK_TESTS_WORLD_H

#include <stdbool.h>

#include "tests/e2e/dns.h"
#include "tests/e2e/nsd.h"
#include "tests/e2e/procs.h"

/* The innocent world that NSD serves: every name below test. that world.c does
 * not define otherwise has A 192.0.2.1, AAAA 2001:db8::1, TXT and MX. */

struct world {
	char folder[128];        /* of this test */
	char db[192];            /* where lists are published */
	char conf[192];          /* of Unbound */
	char log[192];           /* of Unbound */
	char ring[192];          /* of Unbound; "": none */
	unsigned port, upstream; /* on own_address() */
	struct nsd nsd;
	struct proc unbound;
};

struct world_options {
	const char *modules; /* NULL: "dynlib iterator" */
	unsigned threads;    /* 0: 1 */
	const char *server;  /* more lines for the section server */
	const char *rest;    /* more sections */
	const char *list;    /* published before the start; NULL: none */
	const char *ring;    /* a file in the folder; NULL: none */
	const char *records; /* more lines for the zone test.; NULL: none */
	const char *nsd;     /* more lines for the server section of NSD */
	/* More zones, up to one without name; Unbound asks NSD for them at the
	 * address `server`. */
	const struct world_zone {
		const char *name, *records, *server;
	} * zones;
	bool bare; /* do not wait for Unbound to answer */
};

/* Starts both; ends the test if one of them does not come up. */
void world_start(struct world *w, const struct world_options *o);

/* Ends Unbound and NSD, and fails the test if Unbound did not end well or a
 * sanitizer had something to say. */
void world_stop(struct world *w);

/* Unbound alone. */
void world_stop_unbound(struct world *w);
void world_start_unbound(struct world *w);

/* Publishes LIST (text of a list, domains) with up to eight more options of
 * fraudsink-feeds build, ended by NULL. */
void publish(struct world *w, const char *list, ...) __attribute__((sentinel));

/* The same to another file. */
void publish_to(struct world *w, const char *path, const char *list, ...)
    __attribute__((sentinel));

/* Asks Unbound; the answer must come. */
void ask(struct world *w, struct reply *r, struct ask question);

/* The rcode of the answer for NAME, type A. */
unsigned rcode_of(struct world *w, const char *name);

/* Asks until the rcode for NAME is RCODE; fails the test after MS.  Returns the
 * milliseconds that it took. */
long await_rcode(struct world *w, const char *name, unsigned rcode, long ms);

/* Waits until Unbound's log has WHAT at least N times. */
void await_log(struct world *w, const char *what, unsigned n);

/* unbound-control with one or two words; its output goes to FOLDER/control. */
void control(struct world *w, const char *word, const char *more);

/* Whether a message for NAME (no dot at the end) is in Unbound's cache. */
bool cached(struct world *w, const char *name);

#endif
