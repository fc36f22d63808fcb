/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp.h - a TCP connection that never waits for ever
 *
 * All that waits ends at the deadline, when the other side is silent for too
 * long, and soon after the stop flag is set.
 */
#ifndef FRAUDSINK_FEEDS_TCP_H
#define FRAUDSINK_FEEDS_TCP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

struct addrinfo;

/* The functions return FSK_EIO where the network or the other side failed,
 * and FSK_EINVAL where there is no more time or *STOP is set. */
struct tcp {
	int fd;                  /* -1: not connected */
	int64_t deadline;        /* tcp_now() when all must be over */
	uint64_t silence;        /* ms without an octet; also to connect */
	const atomic_bool *stop; /* NULL: none */
	bool closed;             /* the other side has ended it */
};

/* Milliseconds of the monotonic clock. */
int64_t tcp_now(void);

/* The addresses of SERVER ("192.0.2.1", "[2001:db8::1]:5353", "host:port";
 * PORT where it names none), for freeaddrinfo().  Asks the system, which can
 * take the time that its resolver is set to.  FSK_EINVAL: not of that form. */
int tcp_addresses(const char *server, const char *port, struct addrinfo **list,
    struct fsk_error *err);

/* Connects T to the first address at AT, within CONNECT_MS. */
int tcp_connect(struct tcp *t, const struct addrinfo *at, uint64_t connect_ms,
    struct fsk_error *err);

/* Closes T, which may be closed. */
void tcp_close(struct tcp *t);

/* Sends all LEN octets, reads exactly LEN octets. */
int tcp_write(struct tcp *t, const void *p, size_t len, struct fsk_error *err);
int tcp_read(struct tcp *t, void *p, size_t len, struct fsk_error *err);

/* Does nothing for MS milliseconds, connected or not. */
int tcp_pause(struct tcp *t, uint64_t ms, struct fsk_error *err);

#endif
