/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/e2e/world.h"

#include <check.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTIONS 4096

static const char zone[] =
    "test. 300 IN SOA ns.test. admin.test. 1 3600 1200 604800 60\n"
    "test. 300 IN NS ns.test.\n"
    "ns.test. 300 IN A %s\n"
    "*.test. 300 IN A 192.0.2.1\n"
    "*.test. 300 IN AAAA 2001:db8::1\n"
    "*.test. 300 IN TXT \"innocent\"\n"
    "*.test. 300 IN MX 10 mail.test.\n"
    "brief.test. 1 IN A 192.0.2.1\n"
    "prefetched.test. 10 IN A 192.0.2.1\n"
    "alias.test. 300 IN CNAME www.target.test.\n"
    "www.target.test. 300 IN A 192.0.2.66\n"
    "target.test. 300 IN A 192.0.2.66\n"
    "far.test. 300 IN CNAME a.elsewhere.example.\n"
    "apex.test. 300 IN A 192.0.2.2\n"
    "good.apex.test. 300 IN A 192.0.2.2\n"
    "ns.host.test. 0 IN A %s\n";

static const char other_zone[] =
    "example. 300 IN SOA ns.test. admin.test. 1 3600 1200 604800 60\n"
    "example. 300 IN NS ns.test.\n"
    "*.example. 300 IN A 192.0.2.3\n"
    "a.elsewhere.example. 300 IN A 192.0.2.66\n";

static const char signed_zone[] =
    "signed.test. 300 IN SOA ns.test. admin.test. 1 3600 1200 604800 60\n"
    "signed.test. 300 IN NS ns.test.\n"
    "good.signed.test. 300 IN A 192.0.2.4\n"
    "evil.signed.test. 300 IN A 192.0.2.66\n";

static char *
in_folder(const struct world *w, const char *file, char out[static 192])
{
	snprintf(out, 192, "%s/%s", w->folder, file);
	return out;
}

static void
write_text(const struct world *w, const char *file, const char *text)
{
	char path[192];

	write_file(in_folder(w, file, path), text, strlen(text));
}

/* ---- NSD ---- */

/* Signs the zone signed.test with keys of its own; leaves signed.zone.signed
 * and the key as a trust anchor in signed.key. */
static void
sign_zone(struct world *w)
{
	char log[192], command[1024];

	write_text(w, "signed.zone", signed_zone);
	snprintf(command, sizeof(command),
	    "cd '%s' && k=$(ldns-keygen -a ECDSAP256SHA256 -k signed.test) && "
	    "ldns-signzone -o signed.test signed.zone $k && "
	    "cp $k.key signed.key",
	    w->folder);
	proc_run(in_folder(w, "sign.log", log),
	    (const char *const[]){ "/bin/sh", "-c", command, NULL }, 0);
}

/* Writes the zone Z and adds it to NSD's SECTIONS. */
static void
add_zone(struct world *w, const struct world_zone *z, char *sections)
{
	const size_t len = strlen(sections);
	char file[64];

	snprintf(file, sizeof(file), "%s.zone", z->name);
	write_text(w, file, z->records);
	snprintf(sections + len, SECTIONS - len,
	    "zone:\n name: %s.\n zonefile: %s\n", z->name, file);
}

static void
start_nsd(struct world *w, const struct world_options *o)
{
	char text[8192], sections[SECTIONS];

	snprintf(text, sizeof(text), zone, own_address(), own_address());
	if (o->records != NULL)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s",
		    o->records);
	write_text(w, "test.zone", text);
	write_text(w, "other.zone", other_zone);
	sign_zone(w);
	snprintf(sections, sizeof(sections),
	    "server:\n%s"
	    "zone:\n name: test.\n zonefile: test.zone\n"
	    "zone:\n name: example.\n zonefile: other.zone\n"
	    "zone:\n name: signed.test.\n zonefile: signed.zone.signed\n",
	    o->nsd != NULL ? o->nsd : "");
	for (const struct world_zone *z = o->zones;
	     z != NULL && z->name != NULL; z++)
		add_zone(w, z, sections);
	nsd_start(&w->nsd, w->folder, w->upstream, sections);
}

/* ---- Unbound ---- */

static void
write_conf(struct world *w, const struct world_options *o)
{
	char text[8192];

	snprintf(text, sizeof(text),
	    "server:\n interface: %s@%u\n access-control: 127.0.0.0/8 "
	    "allow_snoop\n username: \"\"\n chroot: \"\"\n directory: \"%s\"\n"
	    " pidfile: \"%s/unbound.pid\"\n use-syslog: no\n logfile: \"\"\n"
	    " log-time-ascii: no\n do-not-query-localhost: no\n"
	    " num-threads: %u\n module-config: \"%s\"\n"
	    " local-zone: \"test.\" nodefault\n"
	    " local-zone: \"example.\" nodefault\n"
	    " local-zone: \"invalid.\" nodefault\n"
	    " trust-anchor-file: \"%s/signed.key\"\n"
	    " statistics-interval: 0\n outgoing-range: 512\n"
	    " outgoing-port-avoid: 5300-5310\n so-reuseport: yes\n"
	    "%s"
	    "dynlib:\n dynlib-file: \"%s\"\n"
	    "remote-control:\n control-enable: yes\n"
	    " control-interface: \"%s/ctl\"\n control-use-cert: no\n"
	    "stub-zone:\n name: \"test.\"\n stub-addr: %s@%u\n"
	    "stub-zone:\n name: \"example.\"\n stub-addr: %s@%u\n"
	    "%s",
	    own_address(), w->port, w->folder, w->folder,
	    o->threads != 0 ? o->threads : 1,
	    o->modules != NULL ? o->modules : "dynlib iterator", w->folder,
	    o->server != NULL ? o->server : "", getenv("FRAUDSINK_TEST_MODULE"),
	    w->folder, own_address(), w->upstream, own_address(), w->upstream,
	    o->rest != NULL ? o->rest : "");
	for (const struct world_zone *z = o->zones;
	     z != NULL && z->name != NULL; z++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    "stub-zone:\n name: \"%s.\"\n stub-addr: %s@%u\n", z->name,
		    z->server, w->upstream);
	write_file(w->conf, text, strlen(text));
}

void
world_start_unbound(struct world *w)
{
	struct reply *r = malloc(sizeof(*r));
	char db[256], ring[256];
	long end = now_ms() + patience(20000);
	int status;

	ck_assert_ptr_nonnull(r);
	snprintf(db, sizeof(db), "FRAUDSINK_DB=%s", w->db);
	snprintf(ring, sizeof(ring), "FRAUDSINK_RING=%s", w->ring);
	proc_start(&w->unbound, w->log,
	    (const char *const[]){
		getenv("FRAUDSINK_TEST_UNBOUND"), "-d", "-c", w->conf, NULL },
	    (const char *const[]){ db, ring, NULL }, true);
	for (;;) {
		struct ask a = { .name = "ready.test", .timeout_ms = 200 };

		if (dns_ask(own_address(), w->port, &a, r))
			break;
		if (now_ms() > end || proc_ended(&w->unbound, &status)) {
			show_tail(w->log);
			ck_abort_msg("Unbound does not start");
		}
		breathe();
	}
	free(r);
}

void
world_start(struct world *w, const struct world_options *o)
{
	static unsigned worlds;

	memset(w, 0, sizeof(*w));
	snprintf(w->folder, sizeof(w->folder), "%s/%ld.%u", procs_folder(),
	    (long)getpid(), worlds++);
	ck_assert_int_eq(mkdir(w->folder, 0755), 0);
	in_folder(w, "list.fsdb", w->db);
	in_folder(w, "unbound.conf", w->conf);
	in_folder(w, "unbound.log", w->log);
	if (o->ring != NULL)
		in_folder(w, o->ring, w->ring);
	/* The address is this test's own; Unbound's outgoing sockets, which
	 * are bound to all addresses, keep off these two (see write_conf()). */
	w->upstream = 5301;
	w->port = 5302;
	start_nsd(w, o);
	if (o->list != NULL)
		publish(w, o->list, NULL);
	write_conf(w, o);
	if (!o->bare)
		world_start_unbound(w);
}

void
world_stop_unbound(struct world *w)
{
	static const char *const bad[] = { "Sanitizer", "runtime error",
		"looping module", "assertion failed", "fatal error" };
	int status;

	kill(w->unbound.pid, SIGTERM);
	status = proc_wait(&w->unbound, 30000);
	if (status != 0) {
		show_tail(w->log);
		ck_abort_msg("Unbound ended with status %#x", (unsigned)status);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (occurrences(w->log, bad[i]) != 0) {
			show_tail(w->log);
			ck_abort_msg("Unbound's log has '%s'", bad[i]);
		}
}

void
world_stop(struct world *w)
{
	if (w->unbound.pid != 0)
		world_stop_unbound(w);
	nsd_stop(&w->nsd);
}

/* ---- lists ---- */

static void
publish_with(struct world *w, const char *path, const char *list, va_list ap)
{
	const char *argv[16] = { getenv("FRAUDSINK_TEST_FEEDS"), "build", "-q",
		"-o", path };
	char log[192], in[192];
	unsigned n = 5;

	while ((argv[n] = va_arg(ap, const char *)) != NULL)
		ck_assert_uint_lt(++n, 14);
	write_text(w, "list.txt", list);
	argv[n++] = in_folder(w, "list.txt", in);
	argv[n] = NULL;
	proc_run(in_folder(w, "build.log", log), argv, 0);
}

void
publish(struct world *w, const char *list, ...)
{
	va_list ap;

	va_start(ap, list);
	publish_with(w, w->db, list, ap);
	va_end(ap);
}

void
publish_to(struct world *w, const char *path, const char *list, ...)
{
	va_list ap;

	va_start(ap, list);
	publish_with(w, path, list, ap);
	va_end(ap);
}

/* ---- questions ---- */

void
ask(struct world *w, struct reply *r, struct ask question)
{
	if (!dns_ask(own_address(), w->port, &question, r)) {
		show_tail(w->log);
		ck_abort_msg("no answer for '%s'",
		    question.name != NULL ? question.name : "(wire)");
	}
}

unsigned
rcode_of(struct world *w, const char *name)
{
	struct reply *r = malloc(sizeof(*r));
	unsigned rcode;

	ck_assert_ptr_nonnull(r);
	ask(w, r, (struct ask){ .name = name });
	rcode = r->rcode;
	free(r);
	return rcode;
}

long
await_rcode(struct world *w, const char *name, unsigned rcode, long ms)
{
	long start = now_ms(), end = start + patience(ms);

	while (rcode_of(w, name) != rcode) {
		if (now_ms() > end) {
			show_tail(w->log);
			ck_abort_msg("'%s' does not become %u within %ld ms",
			    name, rcode, ms);
		}
		breathe();
	}
	return now_ms() - start;
}

void
await_log(struct world *w, const char *what, unsigned n)
{
	long end = now_ms() + patience(10000);

	while (occurrences(w->log, what) < n) {
		if (now_ms() > end) {
			show_tail(w->log);
			ck_abort_msg(
			    "the log does not get '%s' %u times", what, n);
		}
		breathe();
	}
}

void
control(struct world *w, const char *word, const char *more)
{
	char log[192];

	unlink(in_folder(w, "control", log));
	proc_run(log,
	    (const char *const[]){ getenv("FRAUDSINK_TEST_CONTROL"), "-c",
		w->conf, word, more, NULL },
	    0);
}

bool
cached(struct world *w, const char *name)
{
	char line[512], path[192];

	control(w, "dump_cache", NULL);
	snprintf(line, sizeof(line), "\nmsg %s. IN", name);
	return occurrences(in_folder(w, "control", path), line) != 0;
}
