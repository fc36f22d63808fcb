/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Real feeds, read with the format told from what they hold.  The counts were
 * taken with grep and awk, not with this program; what they mean is said at
 * each row that is not plain.
 */
#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feeds/ingest.h"
#include "tests/feeds/run.h"
#include "tests/lib/kit.h"

#define URLHAUS "same-list-all-formats/urlhaus-filter/urlhaus-filter-"
#define NORDIC  "same-list-all-formats/nordic-filters/"

struct feed {
	const char *path;
	const struct parse_format *format;     /* NULL: none */
	unsigned names, excepted;              /* entries */
	unsigned nothing, skipped, bad, lines; /* lines; 0 lines: any counts */
};

static const struct feed feeds[] = {
	/* Skipped: 64 addresses and 8 beginnings of some ("||104.154."), 91
	 * patterns, 35 beginnings of names ("||admulti."), 6 ends of URLs
	 * (".n.2.1.js^"), 43 with a path or a port, ... */
	{ "adblock/AdGuard__sdn_filter_2019.txt.zst", &parse_adblock, 27291, 21,
	    414, 253, 0, 27979 },
	/* Skipped: all with "##". */
	{ "adblock/Spam404__adblock-list.txt", &parse_adblock, 7113, 0, 26, 138,
	    0, 7277 },
	{ "adblock/blocklistproject__scam-ags.txt", &parse_adblock, 8527, 0, 13,
	    0, 0, 8540 },
	/* Excepted: two "@@||" and four $badfilter.  Skipped: 626 addresses,
	 * 237 beginnings, 103 patterns, 70 regular expressions, 11 for some
	 * record types, ... */
	{ "adblock/dandelion__AntiMalwareAdGuardHome.txt.zst", &parse_adblock,
	    11553, 6, 500, 1052, 0, 13111 },
	{ "adblock/durablenapkin__adguard.txt", &parse_adblock, 949, 0, 8, 10,
	    0, 967 },
	/* For browsers: 24504 rules for parts of pages, 5773 with modifiers,
	 * and paths. */
	{ "adblock/easylist.txt.zst", &parse_adblock, 46057, 1, 283, 33230, 0,
	    79571 },
	{ "adblock/gfwlist_base64.txt", NULL, 0, 0, 0, 0, 0, 0 },
	{ "adblock/gfwlist_plain_list.txt", &parse_adblock, 4291, 33, 115, 26,
	    0, 4465 },
	{ "adblock/nocoin.txt", &parse_adblock, 58, 0, 40, 260, 0, 358 },
	{ "adblock/uBlock__badware.txt.zst", &parse_adblock, 2821, 0, 2048,
	    1507, 0, 6376 },
	/* 23079 addresses; in the second 6051 with paths, too.  The third has
	 * the names that are on line, without "||". */
	{ URLHAUS "agh.txt.zst", &parse_adblock, 2689, 0, 6, 23079, 0, 25774 },
	{ URLHAUS "ag.txt.zst", &parse_adblock, 2692, 0, 6, 29130, 0, 31828 },
	{ URLHAUS "online.txt.zst", &parse_adblock, 620, 0, 6, 5743, 0, 6369 },
	{ NORDIC "NordicFiltersAdGuardHome.txt", &parse_adblock, 490, 20, 18,
	    162, 0, 690 },

	{ "dnsmasq/1Hosts-Lite_dnsmasq.conf.zst", &parse_dnsmasq, 52577, 0, 19,
	    0, 0, 52596 },
	{ "dnsmasq/blocklistproject__scam-dnsmasq.txt.zst", &parse_dnsmasq,
	    8527, 0, 13, 0, 0, 8540 },
	{ "dnsmasq/hagezi__fake_dnsmasq.txt.zst", &parse_dnsmasq, 10001, 0, 10,
	    0, 0, 10011 },
	{ "dnsmasq/oisd__dnsmasq-filter.conf.zst", &parse_dnsmasq, 57114, 1, 4,
	    0, 0, 57119 },
	/* Where names are asked for, what answers are lies: nothing to block */
	{ "dnsmasq/china-list__google.conf", &parse_dnsmasq, 0, 0, 5, 112, 0,
	    117 },
	{ "dnsmasq/china-list__bogus-nxdomain.conf", &parse_dnsmasq, 0, 0, 125,
	    165, 0, 290 },
	{ URLHAUS "dnsmasq.conf", &parse_dnsmasq, 2689, 0, 6, 0, 0, 2695 },
	/* All are server= with an address; the bad ones are networks, which
	 * lost their "/24" to the syntax. */
	{ NORDIC "NordicFiltersDnsmasq.conf", &parse_dnsmasq, 715, 0, 0, 18, 11,
	    744 },

	/* Skipped: "server:". */
	{ "unbound/hagezi__tif.light_unbound.conf", &parse_unbound, 2245, 0, 10,
	    1, 0, 2256 },
	{ "unbound/oisd__unbound-filter.conf.zst", &parse_unbound, 57114, 0, 4,
	    1, 0, 57119 },
	{ URLHAUS "unbound.conf", &parse_unbound, 2689, 0, 6, 0, 0, 2695 },
	/* 833 static and 19 transparent, less what is skipped: 106 with '*'
	 * elsewhere than at the start (one of them transparent), 60 addresses,
	 * 11 networks.  Bad: "!*.cas.ms" and another. */
	{ NORDIC "NordicFiltersUnbound.conf", &parse_unbound, 657, 18, 25, 177,
	    2, 879 },

	{ "wildcard/hagezi__tif.medium_wildcard.txt.zst", &parse_wildcard,
	    21712, 0, 10, 0, 0, 21722 },
	/* No mark at all in it. */
	{ "wildcard/oisd__nsfw_domains.invalid.txt", &parse_domains, 3979, 0, 0,
	    0, 0, 3979 },
	{ URLHAUS "wildcard.txt.zst", &parse_wildcard, 2689, 0, 6, 23079, 0,
	    25774 },

	/* Whose counts are tested elsewhere. */
	{ URLHAUS "domains.txt.zst", &parse_domains, 0, 0, 0, 0, 0, 0 },
	{ URLHAUS "hosts.txt", &parse_hosts, 0, 0, 0, 0, 0, 0 },
	{ URLHAUS "dnscrypt-blocked-names.txt", &parse_domains, 0, 0, 0, 0, 0,
	    0 },
	{ NORDIC "NordicHosts.txt", &parse_hosts, 0, 0, 0, 0, 0, 0 },
	{ NORDIC "NordicFiltersHostsIPv6.txt", &parse_hosts, 0, 0, 0, 0, 0, 0 },
	{ NORDIC "NordicFiltersPiHole.txt", &parse_domains, 0, 0, 0, 0, 0, 0 },
	{ NORDIC "DandelionSproutsNorskeFiltreDomains.txt", &parse_domains, 0,
	    0, 0, 0, 0, 0 },
	{ NORDIC "NordicFiltersDomainsAllowlist.txt", &parse_domains, 0, 0, 0,
	    0, 0, 0 },

	/* Other software's. */
	{ URLHAUS "bind.conf.zst", NULL, 0, 0, 0, 0, 0, 0 },
	{ URLHAUS "online.tpl", NULL, 0, 0, 0, 0, 0, 0 },
	{ NORDIC "NordicFiltersHostsDeny.deny", NULL, 0, 0, 0, 0, 0, 0 },
	{ NORDIC "NordicFiltersPrivoxy.action", NULL, 0, 0, 0, 0, 0, 0 },
	{ "other/dandelion__AntiMalwarePrivoxy.action.zst", NULL, 0, 0, 0, 0, 0,
	    0 },
	{ "negative/USOM__urls_ABP_is_html.txt", NULL, 0, 0, 0, 0, 0, 0 },
	{ "negative/1Hosts_index.html", NULL, 0, 0, 0, 0, 0, 0 },
};

static const char *
data(void)
{
	const char *path = getenv("FRAUDSINK_TEST_DATA");

	return path != NULL ? path : "";
}

/* The whole path of a feed; NULL, and it is said, if there is none. */
static const char *
path_of(const char *feed)
{
	static char path[PATH_MAX];
	char name[1024];

	snprintf(name, sizeof(name), "%s/feeds/%s", data(), feed);
	if (realpath(name, path) != NULL)
		return path;
	printf("skipped: a real feed: no '%s'\n", name);
	return NULL;
}

static int
take_nothing(const struct ingest_input *in, struct fsk_lane *lane,
    const struct parse_entry *e, struct fsk_error *err)
{
	(void)in;
	(void)lane;
	(void)e;
	(void)err;
	return FSK_OK;
}

START_TEST(a_real_feed)
{
	const struct fsk_writer_options made = {
		.mode = FSK_NAMES, .threads = 1, .memory = FSK_MEMORY_MIN
	};
	const struct ingest_options options = { .threads = 1 };
	const struct feed *f = &feeds[_i];
	struct ingest_input in = { .take = take_nothing };
	struct fsk_writer *w;
	struct fsk_error err;
	int rc;

	in.path = path_of(f->path);
	if (in.path == NULL)
		return;
	ck_assert_int_eq(
	    fsk_writer_open(&w, kit_path("out.fsdb"), &made, &err), FSK_OK);
	rc = ingest(&in, 1, w, &options, &err);
	fsk_writer_close(w);
	ck_assert_msg(in.format == f->format, "%s is read as %s", f->path,
	    in.format != NULL ? in.format->name : "nothing");
	ck_assert_int_eq(rc, f->format != NULL ? FSK_OK : FSK_EFORMAT);
	if (f->lines == 0)
		return;
	ck_assert_msg(in.names == f->names && in.excepted == f->excepted &&
		in.nothing == f->nothing && in.skipped == f->skipped &&
		in.bad == f->bad && in.lines == f->lines && in.urls == 0,
	    "%s: %llu names, %llu excepted; of %llu lines %llu nothing, "
	    "%llu skipped, %llu bad",
	    f->path, (unsigned long long)in.names,
	    (unsigned long long)in.excepted, (unsigned long long)in.lines,
	    (unsigned long long)in.nothing, (unsigned long long)in.skipped,
	    (unsigned long long)in.bad);
}
END_TEST

/* What a database of FEED says, for free(); with a key of our own the order is
 * always the same. */
static char *
dump_of(const char *feed)
{
	char args[PATH_MAX + 64];

	run_file("key", "0123456789abcdef");
	snprintf(args, sizeof(args),
	    "build -q -o x.fsdb --key-file key --feed f %s", path_of(feed));
	free(run_output(args));
	return run_output("dump -d x.fsdb");
}

START_TEST(one_list_in_all_formats_is_one_list)
{
	static const char *const others[] = { URLHAUS "domains.txt.zst",
		URLHAUS "wildcard.txt.zst", URLHAUS "agh.txt.zst",
		URLHAUS "dnsmasq.conf", URLHAUS "unbound.conf",
		URLHAUS "dnscrypt-blocked-names.txt" };
	char *hosts, *other;

	if (path_of(URLHAUS "hosts.txt") == NULL)
		return;
	hosts = dump_of(URLHAUS "hosts.txt");
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		other = dump_of(others[i]);
		ck_assert_msg(strcmp(hosts, other) == 0, "%s", others[i]);
		free(other);
	}
	ck_assert_ptr_nonnull(strstr(hosts, "\n0022a601.pphost.net\n"));
	free(hosts);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("real feeds, line by line");
	TCase *tc = tcase_create("feeds");
	SRunner *sr;
	int failed;

	suite_add_tcase(s, tc);
	tcase_add_checked_fixture(tc, kit_setup, kit_teardown);
	tcase_set_timeout(tc, 60);
	if (access(data(), R_OK) == 0) {
		tcase_add_loop_test(
		    tc, a_real_feed, 0, sizeof(feeds) / sizeof(*feeds));
		tcase_add_test(tc, one_list_in_all_formats_is_one_list);
	} else {
		printf("skipped: real feeds: no '%s'\n", data());
	}
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
