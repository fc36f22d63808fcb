/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds/url.c: one form for all ways to write a URL */
#include "feeds/url.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads the LEN octets at TEXT in memory that ends with them. */
static const char *
read_exact(struct url *u, const char *text, size_t len, bool bare)
{
	char *exact = malloc(len + (len == 0));
	const char *wrong;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, text, len);
	memset(u, 0xa5, sizeof(*u));
	wrong = url_read(u, exact, len, bare);
	free(exact);
	return wrong;
}

/* Reads what must be a URL, and its canonical form again. */
static struct url
good_url(const char *text, size_t len)
{
	struct url u, again;
	const char *wrong = read_exact(&u, text, len, true);

	ck_assert_msg(wrong == NULL, "'%s': %s", text, wrong);
	ck_assert_uint_lt(strlen(u.text), URL_MAX);
	ck_assert_ptr_null(read_exact(&again, u.text, strlen(u.text), true));
	ck_assert_str_eq(again.text, u.text);
	ck_assert_uint_eq(again.host_len, u.host_len);
	ck_assert_int_eq(again.root, u.root);
	ck_assert_int_eq(again.address, u.address);
	return u;
}

#define S(s) s, sizeof(s) - 1

static const struct {
	const char *url;
	size_t len;
	const char *text;
} canonical[] = {
	/* The vectors that Google publishes, as far as a resolver can have
	 * their hosts; see `wrong` for the others. */
	{ S("http://host/%25%32%35"), "host/%25" },
	{ S("http://host/%25%32%35%25%32%35"), "host/%25%25" },
	{ S("http://host/%2525252525252525"), "host/%25" },
	{ S("http://host/asdf%25%32%35asd"), "host/asdf%25asd" },
	{ S("http://host/%%%25%32%35asd%%"), "host/%25%25%25asd%25%25" },
	{ S("http://www.google.com/"), "www.google.com/" },
	{ S("http://%31%36%38%2e%31%38%38%2e%39%39%2e%32%36/"
	    "%2E%73%65%63%75%72%65/%77%77%77%2E%65%62%61%79%2E%63%6F%6D/"),
	    "168.188.99.26/.secure/www.ebay.com/" },
	{ S("http://195.127.0.11/uploads/%20%20%20%20/.verify/"
	    ".eBaysecure=updateuserdataxplimnbqmn-xplmvalidateinfoswqpcmlx="
	    "hgplmcx/"),
	    "195.127.0.11/uploads/%20%20%20%20/.verify/"
	    ".eBaysecure=updateuserdataxplimnbqmn-xplmvalidateinfoswqpcmlx="
	    "hgplmcx/" },
	{ S("http://host.com/%257Ea%2521b%2540c%2523d%2524e%25f%255E00"
	    "%252611%252A22%252833%252944_55%252B"),
	    "host.com/~a!b@c%23d$e%25f^00&11*22(33)44_55+" },
	{ S("http://3279880203/blah"), "195.127.0.11/blah" },
	{ S("http://www.google.com/blah/.."), "www.google.com/" },
	{ S("www.google.com/"), "www.google.com/" },
	{ S("www.google.com"), "www.google.com/" },
	{ S("http://www.evil.com/blah#frag"), "www.evil.com/blah" },
	{ S("http://www.GOOgle.com/"), "www.google.com/" },
	{ S("http://www.google.com.../"), "www.google.com/" },
	{ S("http://www.google.com/foo\tbar\rbaz\n2"),
	    "www.google.com/foobarbaz2" },
	{ S("http://www.google.com/q?"), "www.google.com/q?" },
	{ S("http://www.google.com/q?r?"), "www.google.com/q?r?" },
	{ S("http://www.google.com/q?r?s"), "www.google.com/q?r?s" },
	{ S("http://evil.com/foo#bar#baz"), "evil.com/foo" },
	{ S("http://evil.com/foo;"), "evil.com/foo;" },
	{ S("http://evil.com/foo?bar;"), "evil.com/foo?bar;" },
	{ S("http://notrailingslash.com"), "notrailingslash.com/" },
	{ S("http://www.gotaport.com:1234/"), "www.gotaport.com/" },
	{ S("  http://www.google.com/  "), "www.google.com/" },
	{ S("https://www.securesite.com/"), "www.securesite.com/" },
	{ S("http://host.com/ab%23cd"), "host.com/ab%23cd" },
	{ S("http://host.com//twoslashes?more//slashes"),
	    "host.com/twoslashes?more//slashes" },
	{ S("http://[2001:0db8:0000::1]/"), "[2001:db8::1]/" },
	{ S("http://[::ffff:1.2.3.4]/"), "1.2.3.4/" },
	{ S("http://[64:ff9b::1.2.3.4]/"), "1.2.3.4/" },

	/* Hosts. */
	{ S("http://...a..b...example.../"), "a.b.example/" },
	{ S("http://a.example./x"), "a.example/x" },
	{ S("http://B\303\234CHER.example/\303\274"),
	    "xn--bcher-kva.example/%C3%BC" },
	{ S("http://b%C3%BCcher.example/"), "xn--bcher-kva.example/" },
	{ S("http://a\343\200\202example\343\200\202/"), "a.example/" },
	{ S("http://a_b.example/"), "a_b.example/" },
	{ S("http://%65vil.example/"), "evil.example/" },
	{ S("http://%2565vil.example/"), "evil.example/" },
	{ S("http://a.example:/x"), "a.example/x" },
	{ S("a.example:8080"), "a.example/" },
	{ S("http://a.example?x"), "a.example/?x" },
	{ S("http://a.example/?"), "a.example/?" },
	{ S("http://a.example#x"), "a.example/" },
	{ S("ftp://a.example/x"), "a.example/x" },
	{ S("TCP://a.example/x"), "a.example/x" },
	{ S("hxxp://evil[.]example/x[.]y"), "evil.example/x[.]y" },
	{ S("hxxps://evil(dot)example:443/"), "evil.example/" },
	{ S("evil[DOT]a(.)example"), "evil.a.example/" },
	{ S("http://a.example/?hxxp:/b.example/c"),
	    "a.example/?hxxp:/b.example/c" },

	/* Where the host is not what it seems to be. */
	{ S("http://google.com@evil.example/"), "evil.example/" },
	{ S("http://google.com:80@evil.example:81/"), "evil.example/" },
	{ S("http://a@google.com@evil.example/"), "evil.example/" },
	{ S("http://google.com%2f@evil.example/"), "evil.example/" },
	{ S("http://google.com%23@evil.example/"), "evil.example/" },
	{ S("http://evil.example\\@google.com/"), "evil.example/@google.com/" },
	{ S("http://evil.example?@google.com/"), "evil.example/?@google.com/" },
	{ S("http://evil.example#@google.com/"), "evil.example/" },
	{ S("http:\\\\evil.example\\x"), "evil.example/x" },
	{ S("http:/\\evil.example"), "evil.example/" },
	{ S("http:////evil.example/x"), "evil.example/x" },
	{ S("ht\ntp://e\tvil.example/"), "evil.example/" },

	/* Addresses. */
	{ S("http://1.2.3.4/"), "1.2.3.4/" },
	{ S("1.2.3.4:8080/x"), "1.2.3.4/x" },
	{ S("http://0x7f.1/"), "127.0.0.1/" },
	{ S("http://0X7F.0X0.0x00001"), "127.0.0.1/" },
	{ S("http://017.0.0.1/"), "15.0.0.1/" },
	{ S("http://0300.0250.1/"), "192.168.0.1/" },
	{ S("http://1.2.3/"), "1.2.0.3/" },
	{ S("http://1.65536"), "1.1.0.0/" },
	{ S("http://0/"), "0.0.0.0/" },
	{ S("http://0x.0x.0/"), "0.0.0.0/" },
	{ S("http://4294967295/"), "255.255.255.255/" },
	{ S("http://1.2.3.4./"), "1.2.3.4/" },
	{ S("http://\357\274\221.\357\274\222.3.4/"), "1.2.3.4/" },
	{ S("http://[::1]:8080/x"), "[::1]/x" },
	{ S("http://u:p@[2001:DB8::A]/"), "[2001:db8::a]/" },

	/* Paths. */
	{ S("http://a.example/./a/./b/."), "a.example/a/b/" },
	{ S("http://a.example/a/../b"), "a.example/b" },
	{ S("http://a.example/a/b/.."), "a.example/a/" },
	{ S("http://a.example/../../../x"), "a.example/x" },
	{ S("http://a.example/.."), "a.example/" },
	{ S("http://a.example/a//../b"), "a.example/b" },
	{ S("http://a.example/%2e%2E/%2e/x%2f%2fy"), "a.example/x/y" },
	{ S("http://a.example/..%3fx"), "a.example/?x" },
	{ S("http://a.example/a/..a/.b/c.."), "a.example/a/..a/.b/c.." },
	{ S("http://a.example/a?../b/./c//"), "a.example/a?../b/./c//" },
	{ S("http://a.example/a%3fb%3Fc"), "a.example/a?b?c" },
	{ S("http://a.example/%"), "a.example/%25" },
	{ S("http://a.example/%g1%4"), "a.example/%25g1%254" },
	{ S("http://a.example/%25g1"), "a.example/%25g1" },
	{ S("http://a.example/%%332%35"), "a.example/25" },
	{ S("http://a.example/%%%%33325"), "a.example/%25" },
	{ S("http://a.example/a\\b%5cc"), "a.example/a\\b\\c" },
	{ S("http://a.example/\x7f\x80\xff \x01?\x02 "),
	    "a.example/%7F%80%FF%20%01?" },
	{ S("http://a.example/%09%0a%0D"), "a.example/%09%0A%0D" },
	{ S("http://a.example/a\0b%00"), "a.example/a%00b%00" },
	{ S("http://a.example/A%41"), "a.example/AA" },
	{ S("http://a.example/http://b.example/"),
	    "a.example/http:/b.example/" },
};

START_TEST(a_url_has_one_form)
{
	struct url u = good_url(canonical[_i].url, canonical[_i].len);
	char text[FSK_TEXT_MAX];
	const char *slash = strchr(u.text, '/');

	ck_assert_str_eq(u.text, canonical[_i].text);
	ck_assert_uint_eq(u.host_len, (size_t)(slash - u.text));
	ck_assert_int_eq(u.root, slash[1] == '\0');
	if (u.address)
		return;
	fsk_name_to_text(u.host.wire, text);
	ck_assert_uint_eq(strlen(text), u.host_len);
	ck_assert_mem_eq(text, u.text, u.host_len);
}
END_TEST

static const char *const addresses[] = { "http://1.2.3.4/", "0x7f.1",
	"http://3279880203/blah", "http://0300.0250.1/", "http://[::1]/",
	"http://[::ffff:1.2.3.4]:80/" };

START_TEST(addresses_are_told)
{
	struct url u = good_url(addresses[_i], strlen(addresses[_i]));

	ck_assert(u.address);
	ck_assert(!good_url(S("http://1.2.3.4.example/")).address);
	ck_assert(!good_url(S("http://0x7f.1.de/")).address);
}
END_TEST

static const struct {
	const char *url;
	size_t len;
	bool bare;
	const char *why;
} wrong[] = {
	/* Published vectors whose hosts no resolver is asked for. */
	{ S("http://\x01\x80.com/"), false, "" },
	{ S("http:// leadingspace.com/"), false, "character" },
	{ S("http://%20leadingspace.com/"), false, "character" },
	{ S("%20leadingspace.com/"), true, "character" },
	{ S("http://host%23.com/"), false, "character" },

	{ S(""), false, "no scheme" },
	{ S(""), true, "no host" },
	{ S("http://"), false, "no host" },
	{ S("http:///"), false, "no host" },
	{ S("http://.../x"), false, "no host" },
	{ S("http://@/"), false, "no host" },
	{ S("http://:80/"), false, "no host" },
	{ S("http://#"), false, "no host" },
	{ S("http://?x"), false, "no host" },
	{ S("/path"), true, "no host" },
	{ S("a.example/x"), false, "no scheme" },
	{ S("1ttp://a.example/x"), false, "no scheme" },
	{ S("://a.example/x"), false, "no scheme" },
	{ S("http:a.example"), false, "no scheme" },
	{ S("http:/a.example"), false, "no scheme" },
	{ S("javascript:alert(1)"), false, "no scheme" },
	{ S("javascript:alert(1)"), true, "port" },
	{ S("javascript://a.example/%0aalert(1)"), true, "no host" },
	{ S("data:text/html,<b>"), true, "port" },
	{ S("DATA://a.example/"), true, "no host" },
	{ S("mailto:a@b.example"), true, "mail" },
	{ S("file:///etc/passwd"), true, "no host" },
	{ S("a@b.example"), true, "mail" },
	{ S("a@b.example/x"), true, "mail" },
	{ S("http://a.example:80x/"), false, "port" },
	{ S("http://a.example:80:81/"), false, "port" },
	{ S("http://a.example%3a80/"), false, "URL" },
	{ S("http://google.com%40evil.example/"), false, "character" },
	{ S("http://evil.example%5cx/"), false, "character" },
	{ S("http://%5c097.example/"), false, "character" },
	{ S("http://a,b.example/"), false, "character" },
	{ S("http://*.example/"), false, "'*'" },
	{ S("http://a\0.example/"), false, "character" },
	{ S("http://a%00.example/"), false, "character" },
	{ S("http://\303\274\0.example/"), false, "NUL" },
	{ S("http://\xff.example/"), false, "" },
	{ S("http://256.1.1.1/"), false, "IPv4" },
	{ S("http://1.2.3.4.5/"), false, "IPv4" },
	{ S("http://08.1.1.1/"), false, "IPv4" },
	{ S("http://1.2.3.256/"), false, "IPv4" },
	{ S("http://1.2.65536/"), false, "IPv4" },
	{ S("http://4294967296/"), false, "IPv4" },
	{ S("http://99999999999999999999999999/"), false, "IPv4" },
	{ S("http://[::1/"), false, "IPv6" },
	{ S("http://[::1]x/"), false, "IPv6" },
	{ S("http://[]/"), false, "IPv6" },
	{ S("http://[::g]/"), false, "IPv6" },
	{ S("http://[::1%25lo]/"), false, "IPv6" },
	{ S("http://[::1\0]/"), false, "IPv6" },
	{ S("http://[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb]/"),
	    false, "IPv6" },
	{ S("::1"), true, "port" },
	{ S("http://a-label-of-more-than-sixty-three-octets-which-is-too-long-"
	    "for-the-dns.example/"),
	    false, "63" },
};

START_TEST(what_has_no_host_is_no_url)
{
	struct url u;
	const char *why = read_exact(
	    &u, wrong[_i].url, wrong[_i].len, wrong[_i].bare);

	ck_assert_msg(why != NULL, "'%s' is '%s'", wrong[_i].url, u.text);
	ck_assert_msg(
	    strstr(why, wrong[_i].why) != NULL, "'%s': %s", wrong[_i].url, why);
}
END_TEST

/* HEAD, then N times PART. */
static char *
repeat(const char *head, const char *part, size_t n)
{
	size_t len = strlen(head), part_len = strlen(part);
	char *text = malloc(len + n * part_len + 1);

	ck_assert_ptr_nonnull(text);
	memcpy(text, head, len + 1);
	for (size_t i = 0; i < n; i++)
		memcpy(text + len + i * part_len, part, part_len + 1);
	return text;
}

static const struct {
	const char *head, *part;
	size_t least; /* parts that are too long */
} lengths[] = {
	{ "http://a.example/", "x", URL_MAX - 10 },
	{ "http://a.example/?", "x", URL_MAX - 11 },
	{ "http://a.example/", " x", (URL_MAX - 10) / 4 + 1 },
	{ "http://a.example/", "%20x", (URL_MAX - 10) / 4 + 1 },
	{ "http://a.example/", "%41", URL_MAX - 10 },
	{ "http://a.example/", "%", (URL_MAX - 10) / 3 },
};

START_TEST(a_url_has_a_greatest_length)
{
	size_t least = lengths[_i].least;
	const char *why;
	char *text;
	struct url u;

	for (size_t n = least; n > least - 4; n -= 3) {
		text = repeat(lengths[_i].head, lengths[_i].part, n);
		why = read_exact(&u, text, strlen(text), false);
		if (n == least) {
			ck_assert_ptr_nonnull(why);
			ck_assert_ptr_nonnull(strstr(why, "4095"));
		} else {
			u = good_url(text, strlen(text));
			ck_assert_uint_gt(strlen(u.text), URL_MAX - 20);
		}
		free(text);
	}
}
END_TEST

static const struct {
	const char *head, *part;
} endless[] = {
	{ "http://a.example/%", "25" },
	{ "http://a.example/", "%25" },
	{ "http://a.example/", "%2525252525" },
	{ "http://a.example/", "/../" },
	{ "http://a.example/", "a/" },
	{ "http://", "%" },
	{ "http://", "." },
	{ "http://a", "[.]a" },
	{ "http://", "@" },
	{ "http://", ":" },
	{ "http://", "[" },
	{ "http://a.example/", "#" },
	{ "http", "/" },
	{ "a", "a" },
	{ "0x", "0" },
};

START_TEST(endless_urls_end)
{
	for (size_t n = 1; n < 3000000; n = 3 * n + 1) {
		char *text = repeat(endless[_i].head, endless[_i].part, n);
		struct url u;

		if (read_exact(&u, text, strlen(text), true) == NULL)
			good_url(text, strlen(text));
		free(text);
	}
}
END_TEST

/* ---- expressions ---- */

struct list {
	char text[4096];
	unsigned n, last;
};

static bool
note(void *arg, const char *expression)
{
	struct list *l = arg;

	ck_assert_uint_lt(strlen(l->text) + strlen(expression) + 1, 4096);
	strcat(strcat(l->text, expression), " ");
	return ++l->n != l->last;
}

static const struct {
	const char *url, *list;
} expressed[] = {
	/* The published ones. */
	{ "http://a.b.c/1/2.html?param=1",
	    "a.b.c/1/2.html?param=1 a.b.c/1/2.html a.b.c/1/ a.b.c/ "
	    "b.c/1/2.html?param=1 b.c/1/2.html b.c/1/ b.c/ " },
	{ "http://a.b.c.d.e.f.g/1.html",
	    "a.b.c.d.e.f.g/1.html a.b.c.d.e.f.g/ c.d.e.f.g/1.html c.d.e.f.g/ "
	    "d.e.f.g/1.html d.e.f.g/ e.f.g/1.html e.f.g/ f.g/1.html f.g/ " },
	{ "http://1.2.3.4/1/", "1.2.3.4/1/ 1.2.3.4/ " },

	{ "http://a.b.c.d.e/", "a.b.c.d.e/ b.c.d.e/ c.d.e/ d.e/ " },
	{ "http://a.b.c.d.e.f/",
	    "a.b.c.d.e.f/ b.c.d.e.f/ c.d.e.f/ d.e.f/ e.f/ " },
	{ "http://host/x", "host/x host/ " },
	{ "http://a.b/?", "a.b/? a.b/ " },
	{ "http://a.b/q?x/y/z", "a.b/q?x/y/z a.b/q a.b/ " },
	{ "http://a.b/1/2/3/", "a.b/1/2/3/ a.b/1/2/ a.b/1/ a.b/ " },
	{ "http://a.b/1/2/3/4/5/6?q",
	    "a.b/1/2/3/4/5/6?q a.b/1/2/3/4/5/6 a.b/1/2/3/ a.b/1/2/ a.b/1/ "
	    "a.b/ " },
	{ "http://[2001:db8::1]/1/2",
	    "[2001:db8::1]/1/2 [2001:db8::1]/1/ "
	    "[2001:db8::1]/ " },
};

START_TEST(expressions_go_from_the_whole_to_the_least)
{
	const char *text = expressed[_i].url;
	struct url u = good_url(text, strlen(text));
	struct list l = { .n = 0 };

	url_expressions(&u, note, &l);
	ck_assert_str_eq(l.text, expressed[_i].list);
}
END_TEST

START_TEST(expressions_are_thirty_at_most)
{
	struct url u = good_url(S("http://a.b.c.d.e.f.g.h/1/2/3/4/5?q"));
	struct list l = { .n = 0 };

	url_expressions(&u, note, &l);
	ck_assert_uint_eq(l.n, URL_EXPRESSIONS);
}
END_TEST

START_TEST(expressions_end_when_told)
{
	struct url u = good_url(S("http://a.b.c/1/2.html?param=1"));
	struct list l = { .last = 2 };

	url_expressions(&u, note, &l);
	ck_assert_str_eq(l.text, "a.b.c/1/2.html?param=1 a.b.c/1/2.html ");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/url.c");
	TCase *tc = tcase_create("URLs");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(
	    tc, a_url_has_one_form, 0, sizeof(canonical) / sizeof(*canonical));
	tcase_add_loop_test(
	    tc, addresses_are_told, 0, sizeof(addresses) / sizeof(*addresses));
	tcase_add_loop_test(
	    tc, what_has_no_host_is_no_url, 0, sizeof(wrong) / sizeof(*wrong));
	tcase_add_loop_test(tc, a_url_has_a_greatest_length, 0,
	    sizeof(lengths) / sizeof(*lengths));
	tcase_add_loop_test(
	    tc, endless_urls_end, 0, sizeof(endless) / sizeof(*endless));
	tcase_add_loop_test(tc, expressions_go_from_the_whole_to_the_least, 0,
	    sizeof(expressed) / sizeof(*expressed));
	tcase_add_test(tc, expressions_are_thirty_at_most);
	tcase_add_test(tc, expressions_end_when_told);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
