/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/guard_names.h"

#include <stddef.h>

/* Without any list: what half of the web hangs on. */
const char *const guard_core[] = { "awsglobalaccelerator.com", "google.com",
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
	"cnnic.net.cn", "in-addr.arpa", "ip6.arpa",
	/* Where people sign in and read their mail. */
	"login.live.com", "login.microsoft.com", "login.windows.net",
	"outlook.com", "outlook.live.com", "outlook.office.com",
	"outlook.office365.com", "teams.microsoft.com", "appleid.apple.com",
	/* What devices ask to learn whether they are online. */
	"captive.apple.com", "clients3.google.com",
	"connectivity-check.ubuntu.com", "connectivitycheck.gstatic.com",
	"connectivitycheck.grapheneos.network", "detectportal.firefox.com",
	"nmcheck.gnome.org", "www.msftconnecttest.com", "www.msftncsi.com",
	/* The app that warns of fraud. */
	"fzapp.gjfzpt.cn", NULL };

/* Hosts of many owners. */
const char *const guard_shared_core[] = { "docs.google.com", "drive.google.com",
	"sites.google.com", "forms.gle", "goo.gl", "storage.googleapis.com",
	"firebasestorage.googleapis.com", "script.google.com", "github.com",
	"raw.githubusercontent.com", "gist.github.com", "gitlab.com",
	"bitbucket.org", "pastebin.com", "onedrive.live.com", "1drv.ms",
	"sharepoint.com", "forms.office.com", "blob.core.windows.net",
	"dropbox.com", "dl.dropboxusercontent.com", "s3.amazonaws.com",
	"amazonaws.com", "cdn.discordapp.com", "media.discordapp.net",
	"discord.com", "t.me", "telegra.ph", "bit.ly", "tinyurl.com", "t.co",
	"is.gd", "cutt.ly", "rb.gy", "linktr.ee", "ipfs.io",
	"cloudflare-ipfs.com", "archive.org", "mediafire.com", "mega.nz",
	"4sync.com", "transfer.sh", "facebook.com", "youtube.com", "medium.com",
	"tumblr.com", "wordpress.com", "wixsite.com", "weebly.com", "notion.so",
	NULL };

/* Special-use names (RFC 6761, 6762, 7686, 9476 and the registry): what their
 * resolution means is not for a list to say. */
const char *const guard_special[] = { "localhost", "local", "onion", "arpa",
	"invalid", "internal", "alt", NULL };

/* Addresses that are not of any one host in the Internet (the special-purpose
 * registries, RFC 6890): sinkholes answer with them, and so do home networks.
 */
const char *const guard_prefixes[] = { "0.0.0.0/8", "10.0.0.0/8",
	"100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.168.0.0/16", "224.0.0.0/3", "::/127", "::ffff:0:0/96",
	"64:ff9b::/96", "fc00::/7", "fe80::/10", "ff00::/8", NULL };
