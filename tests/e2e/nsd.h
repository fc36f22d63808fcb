/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nsd.h - a real NSD on own_address()
 */
#ifndef FRAUDSINK_TESTS_NSD_H
#define FRAUDSINK_TESTS_NSD_H

#include <stdint.h>

#include "tests/e2e/procs.h"

struct nsd {
	const char *folder; /* its zone files, its log nsd.log */
	unsigned port;
	struct proc proc;
};

/* Starts it on PORT with SECTIONS (keys and zones) in its configuration, files
 * in FOLDER; ends the test if it does not answer. */
void nsd_start(
    struct nsd *n, const char *folder, unsigned port, const char *sections);

/* Lets it read its zone files again, and waits until ZONE has SERIAL. */
void nsd_reload(struct nsd *n, const char *zone, uint32_t serial);

void nsd_stop(struct nsd *n);

#endif
