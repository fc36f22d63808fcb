/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * notify.h - telling the service manager how a daemon is
 *
 * systemd's notification protocol (sd_notify(3)): a datagram of lines to the
 * socket that NOTIFY_SOCKET names.  Without that variable nothing is sent.
 */
#ifndef FRAUDSINK_NOTIFY_H
#define FRAUDSINK_NOTIFY_H

#include <stdint.h>

/* Sends TEXT, lines such as "READY=1".  What cannot be sent is lost: a daemon
 * does not depend on being watched.  The variable is read the first time only.
 * Any thread. */
void fsk_notify(const char *text);

/* How often "WATCHDOG=1" is wanted, in microseconds; 0: not at all. */
uint64_t fsk_notify_watchdog(void);

#endif
