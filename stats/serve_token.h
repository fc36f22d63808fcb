/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * serve_token.h - who may ask
 */
#ifndef FRAUDSINK_STATS_SERVE_TOKEN_H
#define FRAUDSINK_STATS_SERVE_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#define TOKEN_LEAST 16
#define TOKEN_MAX   255

struct token {
	char text[TOKEN_MAX + 1];
	size_t len; /* 0: there is none */
};

/* Reads the first line of the file PATH; false after telling what is wrong. */
bool token_read(struct token *t, const char *path);

/* Whether GIVEN is T; takes the same time wherever they differ. */
bool token_is(const struct token *t, const char *given);

#endif
