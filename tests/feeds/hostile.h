/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hostile.h - a name server that says what it is told to
 *
 * It answers each connection's one question with a script, words parted by
 * blanks:
 *
 *   S7          the SOA of the zone with serial 7; Z7: of another zone
 *   name        a CNAME record of that name in the zone; "name=5" with TTL 5,
 *               "name*3" that of name0, name1, name2; "name*" without end
 *   /           ends a message; without it all is one, and a message with
 *               nothing in it is not sent
 *   x99:name    99 messages of a record each
 *   #5          the message has RCODE 5
 *   !W          spoils the message; W is one of: id query opcode questions
 *               none type zone class octets short count
 *   $ $W        signs the message; W spoils it: mac key algorithm short late
 *               early moved badkey badsig badtime
 *   ~           waits until the client goes
 *   %           ends the connection in the middle of the message
 *
 * At the end it waits for the client to go.
 */
#ifndef FRAUDSINK_TESTS_HOSTILE_H
#define FRAUDSINK_TESTS_HOSTILE_H

#include <pthread.h>
#include <stdatomic.h>

#define HOSTILE_ZONE   "zone.test"
#define HOSTILE_KEY    "key.test"
#define HOSTILE_SECRET "c2VjcmV0IG9mIGZyYXVkc2luaydzIHRlc3RzIQ=="

struct hostile {
	const char *ixfr, *axfr; /* scripts; NULL: hangs up */
	int fd;
	char server[64]; /* where it listens */
	pthread_t thread;
	atomic_uint connections, ixfrs, axfrs; /* so far */
};

/* Starts it in a thread, on own_address(), with the scripts in H. */
void hostile_start(struct hostile *h);
void hostile_stop(struct hostile *h);

#endif
