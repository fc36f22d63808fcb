/* SPDX-License-Identifier: BSD-3-Clause */
/* stats/geo.c: files of all shapes, good, bad, and replaced */
#include <check.h>
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/prefix.h"
#include "stats/geo.h"
#include "tests/lib/kit.h"

static struct geo *geo;
static unsigned good_files, bad_files;
static char told[2048];

static void
note(void *arg, bool good, const char *sentence)
{
	(void)arg;
	good_files += good;
	bad_files += !good;
	snprintf(told, sizeof(told), "%s", sentence);
}

static void
refresh(unsigned good, unsigned bad)
{
	good_files = bad_files = 0;
	geo_refresh(geo, note, NULL);
	ck_assert_msg(good_files == good && bad_files == bad,
	    "%u opened, %u not: %s", good_files, bad_files, told);
}

static struct geo_place
find(const char *text)
{
	struct geo_place p;
	uint8_t addr[16];

	ck_assert_msg(fsk_addr_read(text, addr), "'%s'", text);
	geo_find(geo, addr, &p);
	return p;
}

/* ---- small files of our own: one answer for all addresses ---- */

struct writer {
	uint8_t octet[4096];
	size_t len;
};

static void
put(struct writer *w, const void *octets, size_t len)
{
	ck_assert_uint_le(w->len + len, sizeof(w->octet));
	memcpy(w->octet + w->len, octets, len);
	w->len += len;
}

static void
put_octet(struct writer *w, unsigned octet)
{
	put(w, &(uint8_t){ (uint8_t)octet }, 1);
}

static void
put_text(struct writer *w, const char *text)
{
	const size_t len = strlen(text);

	if (len < 29) {
		put_octet(w, 2 << 5 | (unsigned)len);
	} else {
		put_octet(w, 2 << 5 | 29);
		put_octet(w, (unsigned)len - 29);
	}
	put(w, text, len);
}

static void
put_number(struct writer *w, uint32_t n)
{
	put_octet(w, 6 << 5 | 4);
	for (int shift = 24; shift >= 0; shift -= 8)
		put_octet(w, n >> shift & 255);
}

static void
put_short(struct writer *w, unsigned n)
{
	put_octet(w, 5 << 5 | 2);
	put_octet(w, n >> 8);
	put_octet(w, n & 255);
}

static void
put_map(struct writer *w, unsigned pairs)
{
	put_octet(w, 7 << 5 | pairs);
}

/* Writes the file PATH in which every address has DATA. */
static void
write_file(const char *path, const struct writer *data)
{
	struct writer w = { .len = 0 };

	/* One node of two 24-bit records: both lead to the data. */
	for (unsigned i = 0; i < 2; i++) {
		put_octet(&w, 0);
		put_octet(&w, 0);
		put_octet(&w, 1 + 16);
	}
	put(&w, (const uint8_t[16]){ 0 }, 16);
	put(&w, data->octet, data->len);
	put(&w, "\xab\xcd\xefMaxMind.com", 14);
	put_map(&w, 9);
	put_text(&w, "node_count");
	put_number(&w, 1);
	put_text(&w, "record_size");
	put_short(&w, 24);
	put_text(&w, "ip_version");
	put_short(&w, 6);
	put_text(&w, "database_type");
	put_text(&w, "test");
	put_text(&w, "binary_format_major_version");
	put_short(&w, 2);
	put_text(&w, "binary_format_minor_version");
	put_short(&w, 0);
	put_text(&w, "languages");
	put(&w, (const uint8_t[2]){ 0, 11 - 7 }, 2); /* an empty array */
	put_text(&w, "description");
	put_map(&w, 0);
	put_text(&w, "build_epoch");
	put(&w, (const uint8_t[3]){ 1, 9 - 7, 1 }, 3); /* 64 bits: 1 */
	kit_write(path, w.octet, w.len);
}

/* The same with the map KEY: TEXT. */
static void
write_pair(const char *path, const char *key, const char *text)
{
	struct writer w = { .len = 0 };

	put_map(&w, 1);
	put_text(&w, key);
	put_text(&w, text);
	write_file(path, &w);
}

START_TEST(countries_have_two_letters)
{
	static const struct {
		const char *key, *text, *want;
	} shapes[] = {
		{ "country_code", "NL", "NL" },
		{ "country_code", "nl", "NL" },
		{ "country", "BE", "BE" },
		{ "country", "Belgium", "" },
		{ "country_code", "N", "" },
		{ "country_code", "", "" },
		{ "country_code", "1A", "" },
		{ "country_code", "\n\n", "" },
		{ "continent", "EU", "" },
	};

	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		write_pair(kit_path("c.mmdb"), shapes[i].key, shapes[i].text);
		geo = geo_new(kit_path("c.mmdb"), NULL);
		refresh(1, 0);
		ck_assert_str_eq(find("192.0.2.1").country, shapes[i].want);
		ck_assert_str_eq(find("2001:db8::1").country, shapes[i].want);
		ck_assert_uint_eq(find("192.0.2.1").asn, 0);
		geo_free(geo);
	}
}
END_TEST

START_TEST(networks_are_numbers_or_texts)
{
	static const struct {
		const char *key, *text;
		uint32_t want;
	} shapes[] = {
		{ "asn", "AS64500", 64500 },
		{ "asn", "as64500", 64500 },
		{ "asn", "64500", 64500 },
		{ "as_number", "4200000000", 4200000000 },
		{ "asn", "4294967295", 0 },
		{ "asn", "42949672951", 0 },
		{ "asn", "99999999999999999999999999", 0 },
		{ "asn", "AS", 0 },
		{ "asn", "", 0 },
		{ "asn", "AS-1", 0 },
		{ "other", "AS64500", 0 },
	};
	struct writer w = { .len = 0 };

	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		write_pair(kit_path("a.mmdb"), shapes[i].key, shapes[i].text);
		geo = geo_new(NULL, kit_path("a.mmdb"));
		refresh(1, 0);
		ck_assert_msg(find("192.0.2.1").asn == shapes[i].want,
		    "'%s' is %u", shapes[i].text, find("192.0.2.1").asn);
		geo_free(geo);
	}
	put_map(&w, 1);
	put_text(&w, "autonomous_system_number");
	put_number(&w, 64501);
	write_file(kit_path("a.mmdb"), &w);
	geo = geo_new(NULL, kit_path("a.mmdb"));
	refresh(1, 0);
	ck_assert_uint_eq(find("192.0.2.1").asn, 64501);
	geo_free(geo);
}
END_TEST

static void
copy_network(void *arg, uint32_t asn, const char *organisation)
{
	snprintf(arg, 256, "%u %s", asn, organisation);
}

START_TEST(names_of_networks_are_told_once_and_are_clean)
{
	struct writer w = { .len = 0 };
	char got[256] = "", long_name[201];

	put_map(&w, 2);
	put_text(&w, "asn");
	put_text(&w, "AS64500");
	put_text(&w, "as_name");
	put_text(&w, "A\033[1mB\nC");
	write_file(kit_path("a.mmdb"), &w);
	geo = geo_new(NULL, kit_path("a.mmdb"));
	refresh(1, 0);
	geo_new_networks(geo, copy_network, got);
	ck_assert_str_eq(got, "");
	find("192.0.2.1");
	geo_new_networks(geo, copy_network, got);
	ck_assert_str_eq(got, "64500 A?[1mB?C");
	got[0] = '\0';
	find("192.0.2.2");
	geo_new_networks(geo, copy_network, got);
	ck_assert_str_eq(got, "");
	geo_free(geo);

	/* Two octets a letter: not cut within one. */
	for (unsigned i = 0; i < 100; i++)
		memcpy(long_name + 2 * i, "\xc3\xa9", 2);
	long_name[200] = '\0';
	w.len = 0;
	put_map(&w, 2);
	put_text(&w, "asn");
	put_text(&w, "AS64500");
	put_text(&w, "as_name");
	put_text(&w, long_name);
	write_file(kit_path("b.mmdb"), &w);
	geo = geo_new(NULL, kit_path("b.mmdb"));
	refresh(1, 0);
	find("192.0.2.1");
	geo_new_networks(geo, copy_network, got);
	ck_assert_uint_eq(strlen(got), 6 + 126);
	geo_free(geo);
}
END_TEST

/* ---- files come and go ---- */

START_TEST(what_is_absent_is_unknown_until_it_comes)
{
	geo = geo_new(kit_path("c.mmdb"), NULL);
	refresh(0, 1);
	ck_assert_ptr_nonnull(strstr(told, "c.mmdb"));
	ck_assert_ptr_nonnull(strstr(told, "unknown"));
	refresh(0, 0); /* it is told once */
	ck_assert_str_eq(find("192.0.2.1").country, "");
	write_pair(kit_path("c.mmdb"), "country", "BE");
	refresh(1, 0);
	ck_assert_str_eq(find("192.0.2.1").country, "BE");
	/* It goes, is told, and what it told is not forgotten. */
	unlink(kit_path("c.mmdb"));
	refresh(0, 1);
	refresh(0, 0);
	ck_assert_str_eq(find("192.0.2.1").country, "BE");
	write_pair(kit_path("c.mmdb"), "country", "NL");
	refresh(1, 0);
	ck_assert_str_eq(find("192.0.2.1").country, "NL");
	geo_free(geo);
	geo = geo_new(NULL, NULL);
	refresh(0, 0);
	ck_assert_str_eq(find("192.0.2.1").country, "");
	geo_free(geo);
}
END_TEST

START_TEST(a_new_file_is_taken_up_whole_or_not_at_all)
{
	uint8_t *whole;
	size_t len;

	write_pair(kit_path("c.mmdb"), "country", "BE");
	geo = geo_new(kit_path("c.mmdb"), NULL);
	refresh(1, 0);
	refresh(0, 0);
	/* Renamed over. */
	write_pair(kit_path("new"), "country", "NL");
	ck_assert_int_eq(rename(kit_path("new"), kit_path("c.mmdb")), 0);
	ck_assert_str_eq(find("192.0.2.1").country, "BE");
	refresh(1, 0);
	ck_assert_str_eq(find("192.0.2.1").country, "NL");
	/* Cut off and written anew where it is, as cp does it. */
	whole = kit_read(kit_path("c.mmdb"), &len);
	for (size_t n = 0; n < len; n++) {
		struct geo_place p;

		kit_write(kit_path("c.mmdb"), whole, n);
		geo_refresh(geo, note, NULL);
		p = find("192.0.2.1");
		ck_assert_str_eq(p.country, "NL");
		p = find("192.0.2.2");
		ck_assert_str_eq(p.country, "NL");
	}
	free(whole);
	write_pair(kit_path("c.mmdb"), "country", "FR");
	refresh(1, 0);
	ck_assert_str_eq(find("192.0.2.1").country, "FR");
	geo_free(geo);
}
END_TEST

START_TEST(what_is_no_file_is_told)
{
	geo = geo_new(kit_dir, "/dev/zero");
	refresh(0, 2);
	refresh(0, 0);
	geo_free(geo);
}
END_TEST

/* ---- the files of others ---- */

static const char *
data_path(const char *name)
{
	static char path[512];
	const char *data = getenv("FRAUDSINK_TEST_DATA");

	snprintf(path, sizeof(path), "%s/mmdb/%s",
	    data != NULL ? data : "nowhere", name);
	return path;
}

static bool
have_data(void)
{
	if (access(data_path("maxmind-test-data"), R_OK) == 0)
		return true;
	printf("skipped: no MMDB files in FRAUDSINK_TEST_DATA\n");
	return false;
}

static json_t *
source(const char *name)
{
	char command[600];
	json_error_t error;
	json_t *j;
	FILE *f;

	snprintf(command, sizeof(command), "zstd -dcqf '%s'", data_path(name));
	f = popen(command, "r");
	ck_assert_ptr_nonnull(f);
	j = json_loadf(f, 0, &error);
	ck_assert_msg(j != NULL, "%s: %s", name, error.text);
	pclose(f);
	return j;
}

/* Its source says what each network of a file must give.  Later networks may
 * lie within earlier ones, so those that do not begin alike are asked for. */
static unsigned
compare(const char *name, bool (*same)(const struct geo_place *, json_t *))
{
	json_t *all = source(name), *row, *value;
	unsigned n = 0;
	const char *net;
	size_t i;

	json_array_foreach(all, i, row) json_object_foreach(row, net, value)
	{
		char text[64];
		struct geo_place p;

		snprintf(
		    text, sizeof(text), "%.*s", (int)strcspn(net, "/"), net);
		p = find(text);
		ck_assert_msg(
		    same(&p, value), "%s: '%s' %u", net, p.country, p.asn);
		n++;
	}
	json_decref(all);
	return n;
}

static bool
same_country(const struct geo_place *p, json_t *value)
{
	const char *want = json_string_value(
	    json_object_get(json_object_get(value, "country"), "iso_code"));

	if (want == NULL)
		want = json_string_value(json_object_get(
		    json_object_get(value, "registered_country"), "iso_code"));
	return strcmp(p->country, want != NULL ? want : "") == 0;
}

static bool
same_asn(const struct geo_place *p, json_t *value)
{
	return p->asn ==
	    json_integer_value(
		json_object_get(value, "autonomous_system_number"));
}

START_TEST(geolite_gives_what_its_source_says)
{
	char got[256] = "";

	if (!have_data())
		return;
	geo = geo_new(
	    data_path("maxmind-test-data/GeoLite2-Country-Test.mmdb"), NULL);
	refresh(1, 0);
	ck_assert_uint_gt(
	    compare("maxmind-source-data/GeoLite2-Country-Test.json.zst",
		same_country),
	    100);
	geo_free(geo);
	geo = geo_new(
	    data_path("maxmind-test-data/GeoLite2-City-Test.mmdb"), NULL);
	refresh(1, 0);
	ck_assert_uint_gt(
	    compare("maxmind-source-data/GeoLite2-City-Test.json.zst",
		same_country),
	    100);
	geo_free(geo);
	geo = geo_new(
	    NULL, data_path("maxmind-test-data/GeoLite2-ASN-Test.mmdb"));
	refresh(1, 0);
	ck_assert_uint_gt(
	    compare("maxmind-source-data/GeoLite2-ASN-Test.json", same_asn),
	    50);
	geo_free(geo);
	geo = geo_new(
	    NULL, data_path("maxmind-test-data/GeoLite2-ASN-Test.mmdb"));
	refresh(1, 0);
	find("1.128.0.0");
	geo_new_networks(geo, copy_network, got);
	ck_assert_str_eq(got, "1221 Telstra Pty Ltd");
	geo_free(geo);
}
END_TEST

START_TEST(a_real_file_tells_real_countries)
{
	char command[700];

	if (!have_data())
		return;
	snprintf(command, sizeof(command), "zstd -dqf '%s' -o %s",
	    data_path("real/iptoasn-country.mmdb.zst"), kit_path("real"));
	ck_assert_int_eq(system(command), 0);
	geo = geo_new(kit_path("real"), NULL);
	refresh(1, 0);
	ck_assert_str_eq(find("193.191.245.244").country, "BE");
	ck_assert_str_eq(find("8.8.8.8").country, "US");
	ck_assert_str_eq(find("2001:67c:2e8:22::c100:68b").country, "NL");
	ck_assert_str_eq(find("10.0.0.1").country, "");
	ck_assert_str_eq(find("::1").country, "");
	geo_free(geo);
}
END_TEST

/* Uses each file of FOLDER, whatever it is, as both kinds. */
static unsigned
use_all(const char *folder)
{
	char path[512], file[800];
	struct dirent *e;
	unsigned n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "%s", data_path(folder));
	d = opendir(path);
	ck_assert_msg(d != NULL, "%s", path);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
		geo = geo_new(file, file);
		geo_refresh(geo, note, NULL);
		for (unsigned i = 0; i < 3000; i++) {
			uint8_t addr[16] = { [10] = 255, [11] = 255 };
			struct geo_place p;

			for (unsigned j = i % 2 ? 12 : 0; j < 16; j++)
				addr[j] = (uint8_t)kit_random();
			if (i % 4 == 0)
				memset(addr, 0, 1 + kit_below(15));
			geo_find(geo, addr, &p);
			ck_assert(
			    strlen(p.country) == 0 || strlen(p.country) == 2);
		}
		geo_free(geo);
		n++;
	}
	closedir(d);
	return n;
}

START_TEST(no_file_however_bad_does_harm)
{
	if (!have_data())
		return;
	kit_seed(1);
	ck_assert_uint_gt(use_all("maxmind-test-data"), 30);
	ck_assert_uint_gt(use_all("maxmind-bad-data/libmaxminddb"), 10);
	ck_assert_uint_gt(use_all("maxmind-bad-data/maxminddb-golang"), 5);
	ck_assert_uint_gt(use_all("maxmind-bad-data/maxminddb-python"), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stats/geo.c");
	TCase *tc = tcase_create("places");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, kit_setup, kit_teardown);
	tcase_add_test(tc, countries_have_two_letters);
	tcase_add_test(tc, networks_are_numbers_or_texts);
	tcase_add_test(tc, names_of_networks_are_told_once_and_are_clean);
	tcase_add_test(tc, what_is_absent_is_unknown_until_it_comes);
	tcase_add_test(tc, a_new_file_is_taken_up_whole_or_not_at_all);
	tcase_add_test(tc, what_is_no_file_is_told);
	tcase_add_test(tc, geolite_gives_what_its_source_says);
	tcase_add_test(tc, a_real_file_tells_real_countries);
	tcase_add_test(tc, no_file_however_bad_does_harm);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
