/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * warn_send.h - orders to warn, sent by HTTPS
 *
 * A thread of its own reads what is in the folder and not sent yet, and posts
 * it, some lines at a time (application/x-ndjson).  What the server does not
 * take (any answer but 2xx) stays and is tried again, later each time; "sent"
 * in the folder says how far it came.  Who is killed between an answer and
 * noting it sends some lines again: their ids tell.
 */
#ifndef FRAUDSINK_STATS_WARN_SEND_H
#define FRAUDSINK_STATS_WARN_SEND_H

#include "lib/err.h"
#include "stats/conf.h"

struct warn_sender;

/* Starts the thread; C must outlive it. */
int warn_sender_start(struct warn_sender **s, const struct conf_warnings *c,
    struct fsk_error *err);

/* Ends it, a transfer under way as well; S may be NULL. */
void warn_sender_stop(struct warn_sender *s);

#endif
