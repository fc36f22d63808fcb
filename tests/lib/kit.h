/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kit.h - what the tests of lib/ share
 *
 * A folder that goes away with the test, random numbers that do not change, and
 * a list of entries that is at once the writer's input and the model: the same
 * semantics as the database's, written as plainly as can be.
 */
#ifndef FRAUDSINK_TESTS_KIT_H
#define FRAUDSINK_TESTS_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/db.h"
#include "lib/db_write.h"
#include "lib/name.h"

/* ---- a folder, for tcase_add_checked_fixture() ---- */

extern char kit_dir[];
void kit_setup(void);
void kit_teardown(void);

/* The path of NAME in the folder; the last four results stay valid. */
const char *kit_path(const char *name);
unsigned kit_files(void);                         /* how many lie there */
uint8_t *kit_read(const char *path, size_t *len); /* to be freed */
void kit_write(const char *path, const void *bytes, size_t len);

/* ---- random ---- */

void kit_seed(uint64_t seed);
uint64_t kit_random(void);
unsigned kit_below(unsigned n); /* 0 to N - 1 */

/* ---- names ---- */

struct fsk_name kit_name(const char *text);

/* LEN octets on the wire, any octets, labels of any length. */
struct fsk_name kit_any_name(unsigned len);

/* ---- lists ---- */

#define KIT_CLAIMS  8
#define KIT_ANSWERS 3
extern const struct fsk_claim kit_claims[KIT_CLAIMS];
extern const struct fsk_answer kit_answers[KIT_ANSWERS];

/* Rows of kit_claims[] that the tests call by name. */
enum {
	RED_A,    /* alpha, phishing, red */
	YELLOW_B, /* beta, malware, yellow, older */
	RED_C,    /* gamma, scam, red, youngest */
	RED_A2,   /* alpha again, fraud */
	ALLOW_D,  /* delta, trusted, yellow, allow */
	ALLOW_E,  /* epsilon, bank, red, allow */
	YELLOW_F, /* zeta, parked, yellow, oldest */
	RED_G,    /* eta, malware, red */
};

struct kit_entry {
	struct fsk_name name;
	enum fsk_match_kind match;
	bool allow;
	uint32_t claims; /* bit I: kit_claims[I] */
	uint32_t next;   /* of the same hash, plus 1 */
};

struct kit_list {
	struct kit_entry *entry;
	size_t n, room;
	uint32_t head[4096];
};

void kit_free(struct kit_list *l);
void kit_add(struct kit_list *l, const struct fsk_name *name,
    enum fsk_match_kind match, unsigned claim);
void kit_add_text(struct kit_list *l, const char *text,
    enum fsk_match_kind match, unsigned claim);

/* N entries of all kinds over an alphabet so small that they nest. */
void kit_add_nested(struct kit_list *l, unsigned n);

/* A name to ask for: of that alphabet, a listed one, above or below one. */
struct fsk_name kit_question(const struct kit_list *l);

/* The entry that decides about WIRE, or NULL. */
const struct kit_entry *kit_find(const struct kit_list *l, const uint8_t *wire);

/* What stays of L where superfluous entries go. */
size_t kit_pruned(const struct kit_list *l);

/* ---- databases ---- */

struct kit_build {
	enum fsk_db_mode mode;
	unsigned threads, lanes; /* 0: 1 */
	size_t memory;           /* 0: the least */
	bool prune, shuffle;
	unsigned urls;      /* so many of kit_url() are listed */
	const void *policy; /* for KIT_ANSWERS classes; NULL: none */
	size_t policy_len;
	const char *expression; /* one more that is listed, by RED_C */
};

/* The expression of URL I; it is listed by kit_claims[I % 3], and every second
 * one by kit_claims[RED_G] too. */
const char *kit_url(unsigned i);

/* The key of all of them. */
extern const uint8_t kit_key[FSK_KEY_LEN];

/* Writes L to PATH with a fixed key, serial 7, created 1000000000. */
int kit_publish(const struct kit_list *l, const char *path,
    const struct kit_build *b, struct fsk_writer_result *result,
    struct fsk_error *err);

/* The same, opened; the test fails if that does. */
struct fsk_db *kit_open(const struct kit_list *l, const struct kit_build *b);

void kit_lookup(const struct fsk_db *db, const uint8_t *wire, size_t len,
    struct fsk_found *found);
struct fsk_found kit_ask(const struct fsk_db *db, const char *text);

/* Fails the test unless FOUND says of WIRE what E (NULL: not covered) says. */
void kit_same(const struct fsk_db *db, const struct fsk_found *found,
    const struct kit_entry *e, const uint8_t *wire);

#endif
