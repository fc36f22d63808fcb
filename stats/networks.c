/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/networks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
networks_init(struct networks *n)
{
	table_init(&n->names, sizeof(char *));
}

void
networks_fini(struct networks *n)
{
	for (size_t i = 0; i < n->names.n; i++)
		free(*(char **)table_value(&n->names, i));
	table_fini(&n->names);
}

static int
add(void *arg, uint32_t asn, const char *organisation)
{
	struct networks *n = arg;
	char key[16], **name;
	bool fresh;

	snprintf(key, sizeof(key), "%" PRIu32, asn);
	name = table_put(&n->names, key, strlen(key), &fresh);
	if (name == NULL)
		return FSK_ENOMEM;
	free(*name);
	*name = strdup(organisation);
	return *name != NULL ? FSK_OK : FSK_ENOMEM;
}

int
networks_read(struct networks *n, struct store *s, struct fsk_error *err)
{
	int rc = store_networks(s, add, n, err);

	return rc == FSK_ENOMEM ? fsk_fail(err, rc, "out of memory") : rc;
}

const char *
networks_name(const struct networks *n, const char *asn)
{
	char *const *name = table_get(&n->names, asn, strlen(asn));

	return name != NULL ? *name : NULL;
}
