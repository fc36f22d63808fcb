/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dnsmasq's configuration (dnsmasq(8)): which domains it answers with nothing.
 *
 *	address=/x/ address=/x/# address=/x/0.0.0.0 local=/x/ server=/x/
 *
 * block x and all below, and so does `server=/x/127.0.0.1`, where nobody serves
 * x; `server=/x/#` excepts it from a domain above.  With a
 * name server behind it, server= is about where x is asked for, and address=
 * with a real address is a redirection: neither is a reason to block.  Several
 * domains may stand in one line: /x/y/.  Of those the good ones are taken even
 * if another is bad, and the line then counts as bad.
 *
 * Of "*.x" dnsmasq takes what lies below x, of "*x" whatever ends in x, "/#/"
 * is all names and "//" all without a dot; ".x" is x.
 */
#include <string.h>

#include "feeds/host.h"
#include "feeds/parse.h"

/* The other options, between blanks. */
static const char known[] =
    " add-cpe-id add-mac add-subnet addn-hosts alias all-servers "
    "auth-peer auth-sec-servers auth-server auth-soa auth-ttl auth-zone "
    "bind-dynamic bind-interfaces bogus-nxdomain bogus-priv "
    "bootp-dynamic bridge-interface caa-record cache-rr cache-size "
    "clear-on-reload cname conf-dir conf-file conf-script "
    "connmark-allowlist connmark-allowlist-enable conntrack "
    "dhcp-alternate-port dhcp-authoritative dhcp-boot dhcp-broadcast "
    "dhcp-circuitid dhcp-client-update dhcp-duid dhcp-fqdn "
    "dhcp-generate-names dhcp-host dhcp-hostsdir dhcp-hostsfile "
    "dhcp-ignore dhcp-ignore-clid dhcp-ignore-names dhcp-lease-max "
    "dhcp-leasefile dhcp-luascript dhcp-mac dhcp-match dhcp-name-match "
    "dhcp-no-override dhcp-option dhcp-option-force dhcp-optsdir "
    "dhcp-optsfile dhcp-proxy dhcp-pxe-vendor dhcp-range "
    "dhcp-rapid-commit dhcp-relay dhcp-remoteid dhcp-reply-delay "
    "dhcp-script dhcp-scriptuser dhcp-sequential-ip dhcp-subscrid "
    "dhcp-ttl dhcp-userclass dhcp-vendorclass dns-forward-max "
    "dns-loop-detect dns-rr dnssec dnssec-check-unsigned dnssec-debug "
    "dnssec-limits dnssec-no-timecheck dnssec-timestamp domain "
    "domain-needed dumpfile dumpmask dynamic-host edns-packet-max "
    "enable-dbus enable-ra enable-tftp enable-ubus except-interface "
    "expand-hosts fast-dns-retry filter-A filter-AAAA filter-rr "
    "filterwin2k group host-record hostsdir ignore-address interface "
    "interface-name ipset keep-in-foreground leasefile-ro "
    "listen-address local-service local-ttl localise-queries localmx "
    "log-async log-debug log-dhcp log-facility log-queries "
    "max-cache-ttl max-port max-tcp-connections max-ttl min-cache-ttl "
    "min-port mx-host mx-target naptr-record neg-ttl nftset no-daemon "
    "no-dhcp-interface no-dhcpv4-interface no-dhcpv6-interface no-hosts "
    "no-ident no-negcache no-ping no-poll no-resolv no-round-robin "
    "pid-file port port-limit proxy-dnssec ptr-record pxe-prompt "
    "pxe-service query-port quiet-dhcp quiet-dhcp6 quiet-ra quiet-tftp "
    "ra-param read-ethers rebind-domain-ok rebind-localhost-ok "
    "resolv-file rev-server script-arp script-on-renewal selfmx "
    "servers-file shared-network srv-host stop-dns-rebind strict-order "
    "strip-mac strip-subnet synth-domain tag-if tftp-lowercase tftp-max "
    "tftp-mtu tftp-no-blocksize tftp-no-fail tftp-port-range tftp-root "
    "tftp-secure tftp-single-port tftp-unique-root trust-anchor "
    "txt-record umbrella use-stale-cache user ";

static bool
is(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(text, word, len) == 0;
}

static bool
is_known(const char *name, size_t len)
{
	char word[40];

	if (len == 0 || len > sizeof(word) - 2)
		return false;
	word[0] = word[len + 1] = ' ';
	memcpy(word + 1, name, len);
	return memchr(name, ' ', len) == NULL &&
	    memmem(known, sizeof(known) - 1, word, len + 2) != NULL;
}

/* Whether TEXT is a name server: an address or a name, then perhaps a port and
 * where from to ask it. */
static bool
is_server(const char *text, size_t len)
{
	struct fsk_name name;
	size_t n = 0;
	bool nowhere;

	while (n < len && text[n] != '#' && text[n] != '@')
		n++;
	return parse_address(text, n, &nowhere) ||
	    host_name(&name, text, n) == NULL;
}

/* What follows from TARGET, which stands behind the domains. */
static enum parse_result
judge(struct parse_sink *sink, bool address, const char *target, size_t len,
    enum parse_kind *kind)
{
	bool nowhere;

	if (len == 0)
		return PARSE_NAMES;
	if (address) {
		if (is(target, len, "#"))
			return PARSE_NAMES;
		if (!parse_address(target, len, &nowhere)) {
			sink->why = "no address behind the domain";
			return PARSE_BAD;
		}
		if (nowhere)
			return PARSE_NAMES;
		sink->why = "an address that is not 0.0.0.0, 127.*, :: or ::1";
		return PARSE_SKIPPED;
	}
	if (is(target, len, "#")) {
		*kind = PARSE_ALLOW;
		return PARSE_NAMES;
	}
	/* Where nobody serves the domain. */
	if (parse_address(target, len, &nowhere) && nowhere)
		return PARSE_NAMES;
	if (!is_server(target, len)) {
		sink->why = "no name server behind the domain";
		return PARSE_BAD;
	}
	sink->why = "a name server for the domain";
	return PARSE_SKIPPED;
}

static enum parse_result
domain(struct parse_sink *sink, struct parse_entry *e, const char *text,
    size_t len)
{
	enum parse_result result;

	e->match = sink->match == FSK_EXACT ? FSK_EXACT : FSK_SUBTREE;
	if (len == 0 || is(text, len, "#")) {
		sink->why = "all names, or all without a dot";
		return PARSE_SKIPPED;
	}
	if (len > 2 && text[0] == '*' && text[1] == '.') {
		e->match = FSK_BELOW;
		text += 2;
		len -= 2;
	} else if (len > 1 && text[0] == '.') {
		text++;
		len--;
	}
	result = parse_name(sink, &e->name, text, len);
	if (result == PARSE_NAMES)
		sink->take(sink, e);
	return result;
}

/* Reads "/x/y/target". */
static enum parse_result
domains(struct parse_sink *sink, bool address, const char *text, size_t len)
{
	struct parse_entry e = { .kind = PARSE_LIST };
	const char *last = memrchr(text, '/', len), *end, *bad = NULL;
	size_t behind = (size_t)(text + len - last) - 1;
	enum parse_result all;
	bool names = false;

	if (last == text) {
		sink->why = "no '/' behind the domain";
		return PARSE_BAD;
	}
	all = judge(sink, address, last + 1, behind, &e.kind);
	if (all != PARSE_NAMES)
		return all;
	for (text++; text <= last; text = end + 1) {
		end = memchr(text, '/', (size_t)(last + 1 - text));
		switch (domain(sink, &e, text, (size_t)(end - text))) {
		case PARSE_NAMES:
			names = true;
			break;
		case PARSE_BAD:
			if (bad == NULL)
				bad = sink->why; /* the line's first fault */
			break;
		case PARSE_SKIPPED:
		case PARSE_NOTHING:
			break;
		}
	}
	if (bad != NULL) {
		sink->why = bad;
		return PARSE_BAD;
	}
	return names ? PARSE_NAMES : PARSE_SKIPPED;
}

static enum parse_result
line(struct parse_sink *sink, void *state, const char *text, size_t len)
{
	const char *value;
	size_t name_len = len, value_len = 0;
	bool address;

	(void)state;
	parse_trim(&text, &len);
	if (len == 0)
		return PARSE_NOTHING;
	name_len = len;
	value = memchr(text, '=', len);
	if (value != NULL) {
		name_len = (size_t)(value - text);
		value++;
		value_len = len - name_len - 1;
		parse_blanks(&value, &value_len);
		parse_blanks(&text, &name_len);
	}
	address = is(text, name_len, "address");
	if (value_len > 0 && value[0] == '/' &&
	    (address || is(text, name_len, "server") ||
		is(text, name_len, "local")))
		return domains(sink, address, value, value_len);
	if ((is(text, name_len, "server") && value_len > 0) ||
	    is_known(text, name_len)) {
		sink->why = "an option that blocks no name";
		return PARSE_SKIPPED;
	}
	sink->why = "no option of dnsmasq";
	return PARSE_BAD;
}

/* More options of dnsmasq than other lines. */
static unsigned
guess(const char *text, size_t len)
{
	size_t good = 0, bad = 0, row_len, name_len;
	const char *row, *value;

	while (parse_line(&text, &len, &row, &row_len)) {
		parse_trim(&row, &row_len);
		if (row_len == 0)
			continue;
		value = memchr(row, '=', row_len);
		name_len = value != NULL ? (size_t)(value - row) : row_len;
		parse_blanks(&row, &name_len);
		if (is(row, name_len, "address") ||
		    is(row, name_len, "server") || is(row, name_len, "local") ||
		    is_known(row, name_len))
			good++;
		else
			bad++;
	}
	return good > bad ? 90 : 0;
}

const struct parse_format parse_dnsmasq = {
	.name = "dnsmasq",
	.line = line,
	.guess = guess,
};
