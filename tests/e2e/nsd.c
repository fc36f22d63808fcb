/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/e2e/nsd.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/e2e/dns.h"

/* The serial of ZONE's SOA (0 if it has none) in *SERIAL; false if no answer
 * came. */
static bool
ask_serial(struct nsd *n, const char *zone, uint32_t *serial)
{
	struct ask a = { .name = zone, .qtype = T_SOA, .timeout_ms = 200 };
	struct reply *r = malloc(sizeof(*r));
	const struct rr *soa = NULL;
	bool good;

	ck_assert_ptr_nonnull(r);
	good = dns_ask(own_address(), n->port, &a, r);
	if (good)
		soa = dns_first(r, 1, T_SOA);
	*serial = 0;
	if (soa != NULL)
		/* Five numbers end it, and this is the first. */
		for (unsigned i = 0; i < 4; i++)
			*serial = *serial << 8 |
			    r->wire[soa->rdata + soa->rdlen - 20 + i];
	free(r);
	return good;
}

static void
await(struct nsd *n, const char *zone, const uint32_t *want)
{
	const long end = now_ms() + patience(20000);
	uint32_t serial;
	int status;

	while (!ask_serial(n, zone, &serial) ||
	    (want != NULL && serial != *want)) {
		if (now_ms() > end || proc_ended(&n->proc, &status)) {
			show_tail(n->proc.log);
			ck_abort_msg("NSD does not serve '%s'", zone);
		}
		breathe();
	}
}

void
nsd_start(
    struct nsd *n, const char *folder, unsigned port, const char *sections)
{
	char conf[8192], path[192], log[192];

	n->folder = folder;
	n->port = port;
	snprintf(path, sizeof(path), "%s/nsd.conf", folder);
	snprintf(log, sizeof(log), "%s/nsd.log", folder);
	snprintf(conf, sizeof(conf),
	    "server:\n ip-address: %s@%u\n username: \"\"\n chroot: \"\"\n"
	    " database: \"\"\n zonesdir: \"%s\"\n zonelistfile: \"%s/nz\"\n"
	    " xfrdfile: \"%s/nx\"\n xfrdir: \"%s\"\n pidfile: \"%s/np\"\n"
	    " server-count: 1\n rrl-ratelimit: 0\n"
	    "remote-control:\n control-enable: no\n%s",
	    own_address(), port, folder, folder, folder, folder, folder,
	    sections);
	write_file(path, conf, strlen(conf));
	proc_start(&n->proc, log,
	    (const char *const[]){ "/usr/sbin/nsd", "-d", "-c", path, NULL },
	    NULL, false);
	await(n, "ready.test", NULL);
}

/* The process that serves: each has one child, and that is the last. */
static pid_t
serving(const struct nsd *n)
{
	pid_t pid = n->proc.pid, child = pid;

	while (child != 0) {
		char path[64];
		FILE *f;

		pid = child;
		snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children",
		    (long)pid, (long)pid);
		child = 0;
		f = fopen(path, "re");
		if (f != NULL) {
			if (fscanf(f, "%d", &child) != 1)
				child = 0;
			fclose(f);
		}
	}
	return pid;
}

void
nsd_reload(struct nsd *n, const char *zone, uint32_t serial)
{
	const pid_t before = serving(n);
	const long end = now_ms() + patience(20000);

	ck_assert_int_ne(before, n->proc.pid);
	ck_assert_int_eq(kill(n->proc.pid, SIGHUP), 0);
	await(n, zone, &serial);
	/* For a moment two serve, the old zones and the new. */
	while (kill(before, 0) == 0) {
		if (now_ms() > end)
			ck_abort_msg("NSD's process before does not end");
		breathe();
	}
}

void
nsd_stop(struct nsd *n)
{
	kill(n->proc.pid, SIGTERM);
	proc_wait(&n->proc, 30000);
}
