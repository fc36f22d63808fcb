/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tls.h - a web server that speaks TLS: OpenSSL's s_server, with a certificate
 * of its own making for 127.0.0.1
 */
#ifndef FRAUDSINK_TESTS_FEEDS_TLS_H
#define FRAUDSINK_TESTS_FEEDS_TLS_H

#include "tests/e2e/procs.h"

struct tls {
	struct proc proc;
	char folder[128]; /* of what it serves */
	char ca[160];     /* the certificate, for who wants to trust it */
	unsigned port;
};

/* Starts it; it serves whole answers out of a folder of its own. */
void tls_start(struct tls *t);
void tls_stop(struct tls *t);

/* Makes ANSWER, status line and headers included, what NAME gives. */
void tls_page(struct tls *t, const char *name, const char *answer);

/* PATH on it as URL; the last 8 results stay valid. */
const char *tls_url(const struct tls *t, const char *path);

#endif
