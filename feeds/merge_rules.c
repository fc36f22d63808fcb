/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the operator lists himself, by rules.  His own word needs no guard but
 * the canaries.
 */
#include "feeds/merge_in.h"

#include <stdio.h>
#include <stdlib.h>

#include "feeds/entry.h"
#include "feeds/host.h"
#include "feeds/ingest.h"
#include "lib/prefix.h"

/* One rule on its way. */
struct ruler {
	struct merger *m;
	const struct conf_rule *rule;
	size_t number; /* of its section */
	struct fsk_lane *lane;
	struct since {
		uint32_t day;
		uint32_t claim[2]; /* [1]: aliases may lead to it */
	} * since;                 /* the days that came up so far */
	size_t n;
};

/* Notes that a rule lists E: no feed's exception takes that away. */
static bool
note_rule(struct merger *m, const struct parse_entry *e)
{
	struct fsk_query q;
	bool good = true;

	if (e->match != FSK_BELOW) {
		nameset_query(&m->ruled, &q, &e->name);
		good = nameset_add(&m->ruled, &q, q.labels, 0);
	}
	if (e->match != FSK_EXACT && good) {
		nameset_query(&m->ruled_below, &q, &e->name);
		good = nameset_add(&m->ruled_below, &q, q.labels, 0);
	}
	return good;
}

static int
describe_rule(
    struct merger *m, const struct conf_rule *rule, struct fsk_error *err)
{
	const struct fsk_feed feed = {
		.name = rule->head.title,
		.authority = rule->authority != NULL ? rule->authority : "",
		.legal_basis = rule->legal_basis != NULL ? rule->legal_basis
							 : "",
		.contact = rule->contact != NULL ? rule->contact : "",
	};

	return fsk_writer_feed(m->w, &feed, err);
}

/* Enters the claims of the rule for what it lists since DAY. */
static int
add_since(struct ruler *k, uint32_t day, struct fsk_error *err)
{
	const struct conf_rule *rule = k->rule;
	const struct conf_answer a = conf_answer_of(
	    k->m->r->c, NULL, rule, NULL);
	struct fsk_claim c = { .feed = rule->head.title,
		.category = rule->category,
		.severity = a.severity == 0 ? FSK_RED : FSK_YELLOW,
		.since = day,
		.case_number = rule->case_number,
		.decides = true };
	struct since *more = realloc(k->since, (k->n + 1) * sizeof(*more));
	int rc = FSK_OK;

	if (more == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	k->since = more;
	more[k->n].day = day;
	for (unsigned i = 0; i < 2 && rc == FSK_OK; i++) {
		c.class = policy_rule_class(k->m->policy, k->number, i == 1);
		rc = fsk_writer_claim(k->m->w, &c, &more[k->n].claim[i], err);
	}
	k->n += rc == FSK_OK;
	return rc;
}

/* The claim for ENTRY, which the rule lists.  Rules come one after the other,
 * each in one thread: no lane is in use when it is entered. */
static int
claim_for(struct ruler *k, const char *entry, bool aliases, uint32_t *claim,
    struct fsk_error *err)
{
	uint32_t day;
	size_t i = 0;
	int rc = dates_since(
	    k->m->dates, k->rule->head.title, entry, &day, err);

	while (i < k->n && k->since[i].day != day)
		i++;
	if (rc == FSK_OK && i == k->n)
		rc = add_since(k, day, err);
	if (rc == FSK_OK)
		*claim = k->since[i].claim[aliases];
	return rc;
}

/* Enters what is listed as "ip:PREFIX" or the like, or a URL. */
static int
add_expression(struct ruler *k, struct fsk_lane *lane, const char *text,
    struct fsk_error *err)
{
	uint32_t claim;
	int rc = claim_for(k, text, true, &claim, err);

	return rc == FSK_OK ? fsk_lane_add_url(lane, text, claim, err) : rc;
}

static int
take_rule(const struct ingest_input *in, struct fsk_lane *lane,
    const struct parse_entry *e, struct fsk_error *err)
{
	struct ruler *k = in->arg;
	char text[FSK_TEXT_MAX], entry[FSK_TEXT_MAX + 2];
	uint32_t claim;
	int rc;

	if (e->kind != PARSE_LIST)
		return FSK_OK;
	if (e->url != NULL)
		return add_expression(k, lane, e->url, err);
	if (!note_rule(k->m, e))
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	snprintf(entry, sizeof(entry), "%s%s", entry_mark(e->match),
	    fsk_name_to_text(e->name.wire, text));
	rc = claim_for(
	    k, entry, !guard_is_target(k->m->r->g, &e->name), &claim, err);
	return rc == FSK_OK ? fsk_lane_add(lane, &e->name, e->match, claim, err)
			    : rc;
}

/* Enters the addresses of answers that RULE lists. */
static int
add_places(struct ruler *k, struct fsk_error *err)
{
	const struct conf_rule *rule = k->rule;
	char text[FSK_PREFIX_KEY];
	int rc = FSK_OK;

	for (size_t i = 0; i < rule->prefixes.n && rc == FSK_OK; i++) {
		uint8_t addr[FSK_ADDR_LEN];
		unsigned bits;

		if (fsk_prefix_read(rule->prefixes.at[i], addr, &bits) != NULL)
			continue; /* conf_read() has told */
		rc = policy_address(k->m->policy, addr, bits, false)
		    ? FSK_OK
		    : fsk_fail(err, FSK_ENOMEM, "out of memory");
		if (rc == FSK_OK)
			rc = add_expression(k, k->lane,
			    fsk_prefix_key("ip", addr, bits, text), err);
	}
	for (size_t i = 0; i < rule->countries.n && rc == FSK_OK; i++) {
		snprintf(
		    text, sizeof(text), "country:%s", rule->countries.at[i]);
		rc = add_expression(k, k->lane, text, err);
	}
	for (size_t i = 0; i < rule->networks.n && rc == FSK_OK; i++) {
		const char *number = rule->networks.at[i];

		snprintf(text, sizeof(text), "asn:%lu",
		    strtoul(number + (number[0] == 'A' ? 2 : 0), NULL, 10));
		rc = add_expression(k, k->lane, text, err);
	}
	return rc;
}

/* Enters what RULE lists. */
static int
add_rule(struct merger *m, const struct conf_rule *rule, size_t number,
    struct fsk_error *err)
{
	const struct ingest_options options = { .threads = 1, .strict = true };
	struct ruler k = { .m = m, .rule = rule, .number = number };
	int rc = describe_rule(m, rule, err);

	if (rc == FSK_OK)
		rc = fsk_writer_lane(m->w, &k.lane, err);
	if (rc == FSK_OK)
		rc = add_places(&k, err);
	for (size_t i = 0; i < rule->names.n && rc == FSK_OK; i++) {
		struct parse_entry e = { .kind = PARSE_LIST };
		const struct ingest_input in = { .arg = &k };

		if (host_entry(&e.name, &e.match,
			(enum fsk_match_kind)rule->match, rule->names.at[i],
			strlen(rule->names.at[i])) == NULL)
			rc = take_rule(&in, k.lane, &e, err);
	}
	for (size_t i = 0; i < rule->files.n && rc == FSK_OK; i++) {
		struct ingest_input in = { .path = rule->files.at[i],
			.match = (enum fsk_match_kind)rule->match,
			.take = take_rule,
			.arg = &k };

		rc = ingest(&in, 1, m->w, &options, err);
	}
	free(k.since);
	return rc;
}

int
merge_rules(struct merger *m, struct fsk_error *err)
{
	const struct section_list *rules = &m->r->c->policy.rules;
	const struct conf_rule *rule = rules->at;
	char *before = state_path(m->r->c->state, NULL, "rules.fsdb");
	int rc = before != NULL
	    ? dates_open(&m->dates, before, rules->n > 0 ? m->r->dates : NULL,
		  m->r->today, err)
	    : fsk_fail(err, FSK_ENOMEM, "out of memory");

	free(before);
	for (size_t i = 0; i < rules->n && rc == FSK_OK; i++)
		rc = add_rule(m, &rule[i], i, err);
	return rc;
}

bool
merge_rule_covers(const struct merger *m, const struct fsk_name *name,
    enum fsk_match_kind match)
{
	struct fsk_query q;
	uint32_t value;

	if (match != FSK_EXACT && nameset_covers(&m->ruled_below, name, true))
		return true;
	if (match == FSK_BELOW)
		return false;
	nameset_query(&m->ruled, &q, name);
	return nameset_find(&m->ruled, &q, q.labels, &value) ||
	    nameset_covers(&m->ruled_below, name, false);
}
