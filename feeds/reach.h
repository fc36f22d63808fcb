/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reach.h - which addresses a server may send us on to
 *
 * A server in the Internet could have us ask hosts that it cannot reach
 * itself: those of the operator's own networks, this machine, the service for
 * machines of a cloud at 169.254.169.254.  A redirection therefore leads to
 * public addresses only, or no further in than its origin is (RFC 6890).
 */
#ifndef FRAUDSINK_FEEDS_REACH_H
#define FRAUDSINK_FEEDS_REACH_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/prefix.h"

/* Whether a server at FROM may send us on to TO. */
bool reach_may_lead(const uint8_t from[static FSK_ADDR_LEN],
    const uint8_t to[static FSK_ADDR_LEN]);

#endif
