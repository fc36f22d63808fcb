/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/privacy.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/hash.h"
#include "lib/name.h"
#include "stats/sketch.h"

#define SECRET_LEN 32
#define TEXT_LEN   (2 * SECRET_LEN + 1) /* hexadecimal digits, a newline */
#define MAPPED     96 /* bits before an IPv4 address in one of IPv6 */

/* The keys of a day; two days meet at midnight. */
struct day_keys {
	bool made;
	uint32_t day;
	uint64_t sketch[2];
	uint32_t tag;
	EVP_CIPHER_CTX *cipher[2]; /* of pseudonyms */
};

struct privacy {
	const struct conf *c;
	uint8_t secret[SECRET_LEN];
	struct day_keys days[2];
	uint64_t token[2][2]; /* two keys for each half of a token */
};

/* ---- the secret ---- */

static int
read_secret(struct privacy *p, int fd, const char *path, struct fsk_error *err)
{
	char text[TEXT_LEN + 1];
	struct stat st;
	ssize_t n = read(fd, text, sizeof(text));

	if (n == -1 || fstat(fd, &st) == -1)
		return fsk_fail(err, FSK_EIO, "cannot read '%s': %s", path,
		    strerror(errno));
	if ((st.st_mode & 077) != 0)
		return fsk_fail(err, FSK_EINVAL,
		    "'%s' is a secret, but its mode %03o lets others use it",
		    path, (unsigned)st.st_mode & 0777);
	for (size_t i = 0; n == TEXT_LEN && i < SECRET_LEN; i++) {
		unsigned octet;
		char digits[3] = { text[2 * i], text[2 * i + 1], '\0' };

		if (strspn(digits, "0123456789abcdef") != 2 ||
		    sscanf(digits, "%2x", &octet) != 1)
			n = 0;
		else
			p->secret[i] = (uint8_t)octet;
	}
	if (n != TEXT_LEN || text[TEXT_LEN - 1] != '\n')
		return fsk_fail(err, FSK_EINVAL,
		    "'%s' is no secret: it must be %d hexadecimal digits and a "
		    "newline",
		    path, 2 * SECRET_LEN);
	return FSK_OK;
}

/* Makes the file with a new secret, under another name first: a half one never
 * has PATH.  If somebody else was faster, theirs counts. */
static int
make_secret(const char *path, struct fsk_error *err)
{
	uint8_t secret[SECRET_LEN];
	char text[TEXT_LEN + 1], *name = NULL;
	int fd = -1, rc = FSK_OK;

	if (asprintf(&name, "%s.XXXXXX", path) == -1)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	if (getrandom(secret, sizeof(secret), 0) != (ssize_t)sizeof(secret) ||
	    (fd = mkostemp(name, O_CLOEXEC)) == -1) {
		rc = fsk_fail(err, FSK_EIO, "cannot make '%s': %s", path,
		    strerror(errno));
		goto out;
	}
	for (size_t i = 0; i < SECRET_LEN; i++)
		snprintf(text + 2 * i, 4, "%02x\n", secret[i]);
	if (write(fd, text, TEXT_LEN) != TEXT_LEN || fsync(fd) == -1 ||
	    (link(name, path) == -1 && errno != EEXIST))
		rc = fsk_fail(err, FSK_EIO, "cannot make '%s': %s", path,
		    strerror(errno));
	unlink(name);
	close(fd);
out:
	OPENSSL_cleanse(secret, sizeof(secret));
	OPENSSL_cleanse(text, sizeof(text));
	free(name);
	return rc;
}

/* ---- keys ---- */

/* Derives 32 octets for PURPOSE and DAY. */
static bool
derive(const struct privacy *p, const char *purpose, uint32_t day,
    uint8_t out[static 32])
{
	uint8_t input[64];
	const size_t len = strlen(purpose);
	size_t out_len = 32;

	memcpy(input, purpose, len);
	fsk_put32(input + len, day);
	return EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, p->secret,
		   SECRET_LEN, input, len + 4, out, 32, &out_len) != NULL;
}

static bool
token_keys(struct privacy *p)
{
	uint8_t octets[32];

	if (!derive(p, "fraudsink subscriber", 0, octets))
		return false;
	for (unsigned i = 0; i < 4; i++)
		p->token[i / 2][i % 2] = fsk_get64(octets + 8 * i);
	OPENSSL_cleanse(octets, sizeof(octets));
	return true;
}

int
privacy_open(struct privacy **out, const struct conf *c, struct fsk_error *err)
{
	struct privacy *p = calloc(1, sizeof(*p));
	int fd, rc = FSK_OK;

	*out = NULL;
	if (p == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	p->c = c;
	fd = open(c->key_file, O_RDONLY | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT) {
		rc = make_secret(c->key_file, err);
		fd = open(c->key_file, O_RDONLY | O_CLOEXEC);
	}
	if (rc == FSK_OK && fd == -1)
		rc = fsk_fail(err, FSK_EIO, "cannot open '%s': %s", c->key_file,
		    strerror(errno));
	if (rc == FSK_OK)
		rc = read_secret(p, fd, c->key_file, err);
	if (fd != -1)
		close(fd);
	if (rc != FSK_OK) {
		privacy_close(p);
		return rc;
	}
	if (!token_keys(p)) {
		privacy_close(p);
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	}
	*out = p;
	return FSK_OK;
}

static void
forget(struct day_keys *k)
{
	EVP_CIPHER_CTX_free(k->cipher[0]);
	EVP_CIPHER_CTX_free(k->cipher[1]);
	OPENSSL_cleanse(k, sizeof(*k));
}

void
privacy_close(struct privacy *p)
{
	if (p == NULL)
		return;
	forget(&p->days[0]);
	forget(&p->days[1]);
	OPENSSL_cleanse(p, sizeof(*p));
	free(p);
}

static EVP_CIPHER_CTX *
cipher_of(const uint8_t key[static 16])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (ctx == NULL ||
	    EVP_EncryptInit_ex2(ctx, EVP_aes_128_ecb(), key, NULL, NULL) != 1) {
		EVP_CIPHER_CTX_free(ctx);
		return NULL;
	}
	EVP_CIPHER_CTX_set_padding(ctx, 0);
	return ctx;
}

/* The keys of DAY; NULL when out of memory. */
static struct day_keys *
keys_of(struct privacy *p, uint32_t day)
{
	const struct conf *c = p->c;
	struct day_keys *k = &p->days[day % 2];
	uint8_t octets[32];
	bool good;

	if (k->made && k->day == day)
		return k;
	forget(k);
	k->day = day;
	good = derive(p, "fraudsink sketch",
	    c->sketch_key == CONF_DAILY ? day : 0, octets);
	k->sketch[0] = fsk_get64(octets);
	k->sketch[1] = fsk_get64(octets + 8);
	k->tag = fsk_get32(octets + 16);
	if (k->tag == SKETCH_EMPTY || k->tag == SKETCH_MIXED)
		k->tag = 1;
	if (good && c->privacy == CONF_PSEUDONYM) {
		good = derive(p, "fraudsink pseudonym",
		    c->pseudonym_key == CONF_DAILY ? day : 0, octets);
		k->cipher[0] = cipher_of(octets);
		k->cipher[1] = cipher_of(octets + 16);
		good &= k->cipher[0] != NULL && k->cipher[1] != NULL;
	}
	OPENSSL_cleanse(octets, sizeof(octets));
	if (!good) {
		forget(k);
		return NULL;
	}
	k->made = true;
	return k;
}

/* ---- addresses ---- */

static bool
is_mapped(const uint8_t *addr)
{
	static const uint8_t before[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(addr, before, sizeof(before)) == 0;
}

static void
cut(const uint8_t *addr, unsigned bits, uint8_t *out)
{
	memset(out, 0, 16);
	memcpy(out, addr, bits / 8);
	if (bits % 8 != 0)
		out[bits / 8] = (uint8_t)(addr[bits / 8] &
		    (0xff00u >> (bits % 8)));
}

/* The address of all of a subscriber's machines. */
static void
subscriber(const uint8_t *addr, uint8_t *out)
{
	cut(addr, is_mapped(addr) ? 128 : 64, out);
}

bool
privacy_hash(struct privacy *p, uint32_t day, const uint8_t addr[static 16],
    uint64_t *hash, uint32_t *tag)
{
	const struct day_keys *k = keys_of(p, day);
	uint8_t whole[16];

	if (k == NULL)
		return false;
	subscriber(addr, whole);
	*hash = fsk_siphash(k->sketch, whole, 16);
	*tag = k->tag;
	return true;
}

void
privacy_token(struct privacy *p, const uint8_t addr[static 16],
    char text[static PRIVACY_TOKEN])
{
	uint8_t whole[16];

	subscriber(addr, whole);
	snprintf(text, PRIVACY_TOKEN, "%016" PRIx64 "%016" PRIx64,
	    fsk_siphash(p->token[0], whole, 16),
	    fsk_siphash(p->token[1], whole, 16));
}

uint64_t
privacy_order(struct privacy *p, uint32_t day, const uint8_t addr[static 16],
    const uint8_t *entry)
{
	uint8_t text[16 + 4 + FSK_NAME_MAX];
	size_t len = 20;

	subscriber(addr, text);
	fsk_put32(text + 16, day);
	for (; *entry != 0; entry += *entry + 1u) {
		memcpy(text + len, entry, *entry + 1u);
		len += *entry + 1u;
	}
	return fsk_siphash(p->token[0], text, len);
}

/* Each bit is turned over or not, as told by what stands before it: that is
 * written behind a one bit at the end of a block, and of the block encrypted
 * with either key the last bits are added up. */
static bool
pseudonym(EVP_CIPHER_CTX *const cipher[2], const uint8_t *addr, uint8_t *out)
{
	const bool mapped = is_mapped(addr);
	const unsigned first = mapped ? MAPPED : 0;
	const int len = (int)(128 - first) * 16;
	uint8_t block[2048], coded[2][2048];
	fsk_u128 before = mapped ? (fsk_u128)1 << MAPPED | 0xffff : 1;
	int n;

	for (unsigned i = first; i < 128; i++) {
		uint8_t *b = block + (i - first) * 16;

		for (unsigned j = 0; j < 16; j++)
			b[j] = (uint8_t)(before >> (120 - 8 * j));
		before = before << 1 | (addr[i / 8] >> (7 - i % 8) & 1);
	}
	for (unsigned k = 0; k < 2; k++)
		if (EVP_EncryptUpdate(cipher[k], coded[k], &n, block, len) !=
			1 ||
		    n != len)
			return false;
	memcpy(out, addr, 16);
	for (unsigned i = first; i < 128; i++) {
		const unsigned last = (i - first) * 16 + 15;

		if ((coded[0][last] ^ coded[1][last]) & 1)
			out[i / 8] ^= (uint8_t)(0x80 >> i % 8);
	}
	return true;
}

bool
privacy_pseudonym(const uint8_t key[static 32], const uint8_t addr[static 16],
    uint8_t out[static 16])
{
	EVP_CIPHER_CTX *cipher[2] = { cipher_of(key), cipher_of(key + 16) };
	bool good = cipher[0] != NULL && cipher[1] != NULL &&
	    pseudonym(cipher, addr, out);

	EVP_CIPHER_CTX_free(cipher[0]);
	EVP_CIPHER_CTX_free(cipher[1]);
	return good;
}

bool
privacy_keep(struct privacy *p, uint32_t day, const uint8_t addr[static 16],
    uint8_t out[static 16])
{
	const struct day_keys *k;

	switch ((enum conf_privacy)p->c->privacy) {
	case CONF_NOTHING:
		return false;
	case CONF_PREFIX:
		cut(addr,
		    is_mapped(addr) ? MAPPED + (unsigned)p->c->prefix4
				    : (unsigned)p->c->prefix6,
		    out);
		return true;
	case CONF_PSEUDONYM:
		k = keys_of(p, day);
		return k != NULL && pseudonym(k->cipher, addr, out);
	}
	return false;
}
