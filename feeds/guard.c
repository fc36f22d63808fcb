/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/guard.h"

#include <stdlib.h>
#include <string.h>

#include "feeds/host.h"
#include "feeds/lines.h"
#include "feeds/nameset.h"
#include "feeds/psl.h"
#include "lib/prefix.h"

const char GUARD_AGREE[] = "popular: more feeds must agree";

struct guard {
	struct psl *psl;
	/* Names that must stay reachable, with their rank (0: never blocked),
	 * and all names above them with the best rank below. */
	struct nameset itself, above;
	struct nameset shared;
	struct nameset special; /* with all that is below */
	uint32_t rank_never;    /* up to here nobody may block */
	unsigned agree;         /* feeds that must agree beyond it */
};

/* Without any list: what half of the web hangs on. */
static const char *const core[] = { "awsglobalaccelerator.com", "google.com",
	"www.google.com", "accounts.google.com", "gstatic.com",
	"googleapis.com", "googleusercontent.com", "forcesafesearch.google.com",
	"youtube.com", "microsoft.com", "www.microsoft.com",
	"login.microsoftonline.com", "windows.net", "windowsupdate.com",
	"office.com", "office365.com", "live.com", "azure.com",
	"trafficmanager.net", "azureedge.net", "apple.com", "icloud.com",
	"mzstatic.com", "aaplimg.com", "amazon.com", "amazonaws.com",
	"cloudfront.net", "akamai.net", "akamaiedge.net", "akamaized.net",
	"akadns.net", "edgekey.net", "edgesuite.net", "cloudflare.com",
	"cdn.cloudflare.net", "cloudflare.net", "cloudflare-dns.com",
	"fastly.net", "fastlylb.net", "github.com", "githubusercontent.com",
	"github.io", "gitlab.com", "facebook.com", "fbcdn.net", "instagram.com",
	"whatsapp.com", "whatsapp.net", "wikipedia.org", "wikimedia.org",
	"mozilla.org", "mozilla.com", "firefox.com", "debian.org", "ubuntu.com",
	"letsencrypt.org", "digicert.com", "sectigo.com", "root-servers.net",
	"gtld-servers.net", "iana.org", "icann.org", "ntp.org", "pool.ntp.org",
	"verisign.com", "twitter.com", "x.com", "linkedin.com", "netflix.com",
	"paypal.com", "reddit.com", "yahoo.com", "bing.com", "zoom.us",
	"slack.com", "dropbox.com", "steampowered.com", "stackoverflow.com",
	"baidu.com", "qq.com", "taobao.com", "alipay.com", "weixin.qq.com",
	"cnnic.net.cn", "in-addr.arpa", "ip6.arpa" };

/* Hosts of many owners. */
static const char *const shared_core[] = { "docs.google.com",
	"drive.google.com", "sites.google.com", "forms.gle", "goo.gl",
	"storage.googleapis.com", "firebasestorage.googleapis.com",
	"script.google.com", "github.com", "raw.githubusercontent.com",
	"gist.github.com", "gitlab.com", "bitbucket.org", "pastebin.com",
	"onedrive.live.com", "1drv.ms", "sharepoint.com", "forms.office.com",
	"blob.core.windows.net", "dropbox.com", "dl.dropboxusercontent.com",
	"s3.amazonaws.com", "amazonaws.com", "cdn.discordapp.com",
	"media.discordapp.net", "discord.com", "t.me", "telegra.ph", "bit.ly",
	"tinyurl.com", "t.co", "is.gd", "cutt.ly", "rb.gy", "linktr.ee",
	"ipfs.io", "cloudflare-ipfs.com", "archive.org", "mediafire.com",
	"mega.nz", "4sync.com", "transfer.sh", "facebook.com", "youtube.com",
	"medium.com", "tumblr.com", "wordpress.com", "wixsite.com",
	"weebly.com", "notion.so" };

/* Special-use names (RFC 6761, 6762, 7686, 9476 and the registry): what their
 * resolution means is not for a list to say. */
static const char *const special[] = { "localhost", "local", "onion", "arpa",
	"invalid", "internal", "alt" };

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* Adds NAME with VALUE to SET, and to ABOVE (if given) all that is above it. */
static int
add(struct nameset *set, struct nameset *above, const struct fsk_name *name,
    uint32_t value, struct fsk_error *err)
{
	struct fsk_query q;
	bool good;

	nameset_query(set, &q, name);
	good = nameset_add(set, &q, q.labels, value);
	if (above != NULL) {
		nameset_query(above, &q, name);
		for (unsigned k = 1; k < q.labels && good; k++)
			good = nameset_add(above, &q, k, value);
	}
	return good ? FSK_OK : fsk_fail(err, FSK_ENOMEM, "out of memory");
}

static int
add_text(struct nameset *set, struct nameset *above, const char *text,
    uint32_t value, struct fsk_error *err)
{
	struct fsk_name name;
	const char *wrong = host_name(&name, text, strlen(text));

	if (wrong != NULL)
		return fsk_fail(
		    err, FSK_ENAME, "'%s' is no name: %s", text, wrong);
	return add(set, above, &name, value, err);
}

/* ---- lists of names ---- */

struct list_reader {
	struct nameset *set, *above;
	uint32_t rank;
	bool ranked; /* the value is the rank, else 0 */
};

/* A line: "name", "*.name" or "rank,name"; what is none is passed over, these
 * lists are other people's too. */
static int
take_line(void *arg, const char *text, size_t len, struct fsk_error *err)
{
	struct list_reader *r = arg;
	const char *comma;
	struct fsk_name name;

	parse_trim(&text, &len);
	comma = memchr(text, ',', len);
	if (comma != NULL) {
		len -= (size_t)(comma + 1 - text);
		text = comma + 1;
	}
	if (len > 2 && text[0] == '*' && text[1] == '.') {
		text += 2;
		len -= 2;
	}
	if (len == 0 || host_name(&name, text, len) != NULL)
		return FSK_OK;
	r->rank++;
	return add(r->set, r->above, &name, r->ranked ? r->rank : 0, err);
}

/* ---- making it ---- */

int
guard_never(struct guard *g, const char *host, struct fsk_error *err)
{
	return add_text(&g->itself, &g->above, host, 0, err);
}

static int
fill(struct guard *g, const struct conf *c, struct fsk_error *err)
{
	struct list_reader popular = { &g->itself, &g->above, 0, true };
	struct list_reader shared = { &g->shared, NULL, 0, false };
	int rc = FSK_OK;

	for (size_t i = 0; i < COUNT(core) && rc == FSK_OK; i++)
		rc = guard_never(g, core[i], err);
	for (size_t i = 0; i < COUNT(shared_core) && rc == FSK_OK; i++)
		rc = add_text(&g->shared, NULL, shared_core[i], 0, err);
	for (size_t i = 0; i < COUNT(special) && rc == FSK_OK; i++)
		rc = add_text(&g->special, NULL, special[i], 0, err);
	for (size_t i = 0; i < c->own_names.n && rc == FSK_OK; i++) {
		rc = guard_never(g, c->own_names.at[i], err);
		/* The operator's own domains, with all that is in them. */
		if (rc == FSK_OK)
			rc = add_text(
			    &g->special, NULL, c->own_names.at[i], 1, err);
	}
	for (size_t i = 0; i < c->good.n && rc == FSK_OK; i++)
		rc = guard_never(g, c->good.at[i], err);
	for (size_t i = 0; i < c->protected_files.n && rc == FSK_OK; i++) {
		popular.rank = 0;
		rc = lines_read(
		    c->protected_files.at[i], take_line, &popular, err);
	}
	for (size_t i = 0; i < c->shared_files.n && rc == FSK_OK; i++)
		rc = lines_read(c->shared_files.at[i], take_line, &shared, err);
	return rc;
}

int
guard_open(struct guard **out, const struct conf *c, struct fsk_error *err)
{
	struct guard *g = calloc(1, sizeof(*g));
	int rc;

	*out = NULL;
	if (g == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	nameset_init(&g->itself);
	nameset_init(&g->above);
	nameset_init(&g->shared);
	nameset_init(&g->special);
	g->rank_never = (uint32_t)c->protected_rank;
	g->agree = (unsigned)c->protected_feeds;
	g->psl = psl_open();
	rc = g->psl == NULL ? fsk_fail(err, FSK_EIO,
				  "there is no public suffix list: without it "
				  "a feed could block a whole 'co.uk'")
			    : fill(g, c, err);
	if (rc != FSK_OK) {
		guard_close(g);
		return rc;
	}
	*out = g;
	return FSK_OK;
}

void
guard_close(struct guard *g)
{
	if (g == NULL)
		return;
	psl_close(g->psl);
	nameset_fini(&g->itself);
	nameset_fini(&g->above);
	nameset_fini(&g->shared);
	nameset_fini(&g->special);
	free(g);
}

/* ---- judging ---- */

/* Whether NAME or something above it is in SET; *VALUE as of the first. */
static bool
at_or_below(
    const struct nameset *set, const struct fsk_name *name, uint32_t *value)
{
	struct fsk_query q;

	nameset_query(set, &q, name);
	for (unsigned k = q.labels; k > 0; k--)
		if (nameset_find(set, &q, k, value))
			return true;
	return false;
}

const char *
guard_refuses(const struct guard *g, const struct fsk_name *name,
    enum fsk_match_kind match, enum conf_trust trust, unsigned *agree)
{
	struct fsk_query q;
	uint32_t rank = UINT32_MAX, value;

	*agree = 1;
	if (name->len < 2)
		return "the root";
	if (fsk_name_labels(name->wire) < 2)
		return "a top-level domain";
	if (at_or_below(&g->special, name, &value))
		return value == 0 ? "a special-use name (RFC 6761)"
				  : "the operator's own";
	switch (psl_kind(g->psl, name)) {
	case PSL_ICANN:
		return "a public suffix";
	case PSL_PRIVATE:
		/* One exact host of a company is not all its customers. */
		if (match != FSK_EXACT)
			return "a private suffix, under which others live";
		break;
	case PSL_NONE:
		break;
	}
	nameset_query(&g->itself, &q, name);
	if (match != FSK_BELOW &&
	    nameset_find(&g->itself, &q, q.labels, &value))
		rank = value;
	nameset_query(&g->above, &q, name);
	if (match != FSK_EXACT &&
	    nameset_find(&g->above, &q, q.labels, &value) && value < rank)
		rank = value;
	if (rank == UINT32_MAX)
		return NULL;
	if (rank == 0)
		return "protected";
	if (rank <= g->rank_never)
		return "popular";
	if (trust == TRUST_HIGH)
		return NULL;
	*agree = g->agree;
	return *agree > 1 ? GUARD_AGREE : NULL;
}

/* Addresses that are not of any one host in the Internet (the special-purpose
 * registries, RFC 6890): sinkholes answer with them, and so do home networks.
 */
static const char *const special_prefixes[] = { "0.0.0.0/8", "10.0.0.0/8",
	"100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.168.0.0/16", "224.0.0.0/3", "::/127", "::ffff:0:0/96",
	"64:ff9b::/96", "fc00::/7", "fe80::/10", "ff00::/8" };

const char *
guard_refuses_prefix(const uint8_t *addr, unsigned bits)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	const bool v4 = bits >= 96 && memcmp(addr, mapped, 12) == 0;

	if (bits < (v4 ? 96 + 16 : 32))
		return "too many addresses";
	for (size_t i = 0; i < COUNT(special_prefixes); i++) {
		uint8_t other[FSK_ADDR_LEN];
		unsigned most;

		fsk_prefix_read(special_prefixes[i], other, &most);
		if ((!v4 || most > 96) &&
		    fsk_prefix_holds(other, bits < most ? bits : most, addr))
			return "special-purpose addresses (RFC 6890)";
	}
	return NULL;
}

bool
guard_is_target(const struct guard *g, const struct fsk_name *name)
{
	uint32_t value;

	return at_or_below(&g->itself, name, &value);
}

bool
guard_shared(const struct guard *g, const struct fsk_name *name)
{
	struct fsk_query q;
	uint32_t value;

	if (at_or_below(&g->shared, name, &value))
		return true;
	nameset_query(&g->itself, &q, name);
	return nameset_find(&g->itself, &q, q.labels, &value) ||
	    psl_kind(g->psl, name) != PSL_NONE;
}
