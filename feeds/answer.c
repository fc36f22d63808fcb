/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/answer.h"

#include <arpa/inet.h>
#include <string.h>

bool
answer_addresses(const char *list, struct fsk_answer *a)
{
	while (*list != '\0') {
		size_t n = strcspn(list, ",");
		char one[INET6_ADDRSTRLEN];

		if (n >= sizeof(one))
			return false;
		memcpy(one, list, n);
		one[n] = '\0';
		if (a->count4 < FSK_ADDRS_MAX &&
		    inet_pton(AF_INET, one, a->addr4[a->count4]) == 1)
			a->count4++;
		else if (a->count6 < FSK_ADDRS_MAX &&
		    inet_pton(AF_INET6, one, a->addr6[a->count6]) == 1)
			a->count6++;
		else
			return false;
		list += n + (list[n] == ',');
	}
	return a->count4 + a->count6 > 0;
}
