/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/policy.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feeds/answer.h"
#include "feeds/group_list.h"
#include "feeds/prefix_file.h"
#include "feeds/schedule.h"
#include "feeds/state.h"

struct policy {
	const struct conf *c;
	struct fsk_group_spec *group; /* [0]: everyone else */
	uint32_t groups;
	struct fsk_class *class;
	uint16_t *answer; /* [class * groups + group], turned when packed */
	uint32_t classes, room;
	/* [feed or rule * 2 + aliases]; rules follow the feeds. */
	unsigned *class_of;
	struct fsk_prefixes networks, addresses, servers;
	struct fsk_place *place;
	struct fsk_membership *membership;
	uint32_t places, memberships, membership_room;
	struct fsk_schedule *schedule;
	struct fsk_interval *interval;
	uint32_t schedules, intervals;
	void *any;
	size_t any_len;
	pthread_mutex_t lock; /* of the addresses */
	uint8_t *packed;
};

static int
out_of_memory(struct fsk_error *err)
{
	return fsk_fail(err, FSK_ENOMEM, "out of memory");
}

static const struct conf_group *
group_at(const struct policy *p, size_t i)
{
	return (const struct conf_group *)p->c->policy.groups.at + i;
}

/* ---- classes ---- */

/* The row of the answer A; FSK_ANSWER_PASS where that is to resolve. */
static int
answer_row(struct fsk_writer *w, const struct conf_answer *a, uint16_t *row,
    struct fsk_error *err)
{
	struct fsk_answer answer;
	char why[128];
	unsigned n;
	int rc;

	*row = FSK_ANSWER_PASS;
	if (a->action == FSK_PASSTHRU)
		return FSK_OK;
	if (!answer_make(a, &answer, why))
		return fsk_fail(err, FSK_EINVAL, "%s", why);
	rc = fsk_writer_answer(w, &answer, &n, err);
	*row = (uint16_t)n;
	return rc;
}

static bool
same_class(const struct fsk_class *a, const struct fsk_class *b)
{
	return a->aliases == b->aliases && a->types_only == b->types_only &&
	    a->ntypes == b->ntypes &&
	    memcmp(a->type, b->type, a->ntypes * sizeof(*a->type)) == 0;
}

/* The number of class K with the answers ROWS, one a group. */
static int
class_number(struct policy *p, const struct fsk_class *k, const uint16_t *rows,
    unsigned *number, struct fsk_error *err)
{
	const size_t len = p->groups * sizeof(*rows);

	for (*number = 0; *number < p->classes; ++*number)
		if (same_class(&p->class[*number], k) &&
		    memcmp(p->answer + (size_t)*number * p->groups, rows,
			len) == 0)
			return FSK_OK;
	if (p->classes == p->room) {
		const uint32_t room = 2 * p->room + 16;
		void *class = realloc(p->class, room * sizeof(*p->class));
		void *answer;

		if (class == NULL)
			return out_of_memory(err);
		p->class = class;
		answer = realloc(p->answer, room * len);
		if (answer == NULL)
			return out_of_memory(err);
		p->answer = answer;
		p->room = room;
	}
	p->class[p->classes] = *k;
	memcpy(p->answer + (size_t)p->classes * p->groups, rows, len);
	p->classes++;
	return FSK_OK;
}

/* Works out the two classes of feed F or RULE. */
static int
make_classes(struct policy *p, struct fsk_writer *w, const struct conf_feed *f,
    const struct conf_rule *rule, unsigned *class_of, struct fsk_error *err)
{
	uint16_t *rows = calloc(p->groups, sizeof(*rows));
	struct conf_answer a = conf_answer_of(p->c, f, rule, NULL);
	struct fsk_class k;
	int rc = rows != NULL ? answer_row(w, &a, &rows[0], err)
			      : out_of_memory(err);

	answer_class(&a, &k);
	for (uint32_t i = 1; i < p->groups && rc == FSK_OK; i++) {
		a = conf_answer_of(p->c, f, rule, group_at(p, i - 1));
		rc = answer_row(w, &a, &rows[i], err);
	}
	if (rc == FSK_OK)
		rc = class_number(p, &k, rows, &class_of[1], err);
	k.aliases = false;
	if (rc == FSK_OK)
		rc = class_number(p, &k, rows, &class_of[0], err);
	free(rows);
	return rc;
}

static int
make_all_classes(struct policy *p, struct fsk_writer *w, struct fsk_error *err)
{
	const struct conf *c = p->c;
	const struct conf_rule *rule = c->policy.rules.at;
	int rc = FSK_OK;

	p->class_of = calloc(
	    2 * (c->nfeeds + c->policy.rules.n) + 1, sizeof(*p->class_of));
	if (p->class_of == NULL)
		return out_of_memory(err);
	for (size_t i = 0; i < c->nfeeds && rc == FSK_OK; i++)
		rc = make_classes(
		    p, w, &c->feeds[i], NULL, p->class_of + 2 * i, err);
	for (size_t i = 0; i < c->policy.rules.n && rc == FSK_OK; i++)
		rc = make_classes(p, w, NULL, &rule[i],
		    p->class_of + 2 * (c->nfeeds + i), err);
	return rc;
}

unsigned
policy_feed_class(const struct policy *p, size_t i, bool aliases)
{
	return p->class_of[2 * i + aliases];
}

unsigned
policy_rule_class(const struct policy *p, size_t i, bool aliases)
{
	return p->class_of[2 * (p->c->nfeeds + i) + aliases];
}

/* ---- who and when ---- */

/* A prefix and the group that names it. */
struct member {
	struct fsk_prefix prefix;
	uint32_t group;
};

struct members {
	struct member *at;
	size_t n, room;
	uint32_t group; /* that is being read */
};

static bool
take_member(void *arg, const uint8_t *addr, unsigned bits)
{
	struct members *m = arg;

	if (m->n == m->room) {
		const size_t room = 2 * m->room + 64;
		void *at = realloc(m->at, room * sizeof(*m->at));

		if (at == NULL)
			return false;
		m->at = at;
		m->room = room;
	}
	memcpy(m->at[m->n].prefix.addr, addr, FSK_ADDR_LEN);
	m->at[m->n].prefix.bits = (uint8_t)bits;
	m->at[m->n++].group = m->group;
	return true;
}

static int
read_members(
    const struct conf_group *g, struct members *m, struct fsk_error *err)
{
	uint8_t addr[FSK_ADDR_LEN];
	unsigned bits;
	int rc = FSK_OK;

	for (size_t i = 0; i < g->prefixes.n && rc == FSK_OK; i++)
		if (fsk_prefix_read(g->prefixes.at[i], addr, &bits) == NULL &&
		    !take_member(m, addr, bits))
			rc = out_of_memory(err);
	for (size_t i = 0; i < g->prefix_files.n && rc == FSK_OK; i++)
		rc = prefix_file_read(
		    g->prefix_files.at[i], take_member, m, err);
	return rc;
}

static int
compare_members(const void *ap, const void *bp)
{
	const struct member *a = ap, *b = bp;
	int c = memcmp(a->prefix.addr, b->prefix.addr, FSK_ADDR_LEN);

	if (c == 0)
		c = a->prefix.bits - b->prefix.bits;
	return c != 0 ? c : a->group < b->group ? -1 : a->group > b->group;
}

static bool
same_prefix(const struct member *a, const struct member *b)
{
	return a->prefix.bits == b->prefix.bits &&
	    memcmp(a->prefix.addr, b->prefix.addr, FSK_ADDR_LEN) == 0;
}

static int
add_membership(
    struct policy *p, struct fsk_membership one, struct fsk_error *err)
{
	if (p->memberships == p->membership_room) {
		const uint32_t room = 2 * p->membership_room + 64;
		void *at = realloc(p->membership, room * sizeof(one));

		if (at == NULL)
			return out_of_memory(err);
		p->membership = at;
		p->membership_room = room;
	}
	p->membership[p->memberships++] = one;
	return FSK_OK;
}

/* Adds the place of the members at M, N of them, all with one prefix: the
 * groups that name it, in the order of the file.  If all of them have hours,
 * those of the place AROUND it follow; NULL: there is none. */
static int
add_place(struct policy *p, const uint16_t *schedule_of, const struct member *m,
    size_t n, const struct fsk_place *around, struct fsk_error *err)
{
	const uint32_t first = p->memberships;
	bool always = false;
	int rc = FSK_OK;

	for (size_t i = 0; i < n && rc == FSK_OK; i++) {
		const uint16_t schedule = schedule_of[m[i].group];

		if (i > 0 && m[i].group == m[i - 1].group)
			continue;
		always |= schedule == FSK_NO_SCHEDULE;
		rc = add_membership(p,
		    (struct fsk_membership){ (uint16_t)m[i].group, schedule },
		    err);
	}
	for (uint32_t i = 0;
	     around != NULL && !always && i < around->n && rc == FSK_OK; i++)
		rc = add_membership(p, p->membership[around->first + i], err);
	if (rc != FSK_OK)
		return rc;
	p->place[p->places] = (struct fsk_place){ first,
		p->memberships - first };
	return fsk_prefixes_add(
		   &p->networks, m->prefix.addr, m->prefix.bits, ++p->places)
	    ? FSK_OK
	    : out_of_memory(err);
}

static bool
is_v4(const struct fsk_prefix *p)
{
	static const uint8_t mapped[FSK_ADDR_LEN] = {
		[10] = 0xff, [11] = 0xff
	};

	return p->bits >= 96 && fsk_prefix_holds(mapped, 96, p->addr);
}

/* Whether A holds the addresses of B; as in a table of prefixes, one of IPv6
 * holds none of IPv4. */
static bool
encloses(const struct fsk_prefix *a, const struct fsk_prefix *b)
{
	return is_v4(a) == is_v4(b) &&
	    fsk_prefix_holds(a->addr, a->bits, b->addr);
}

/* Where a group has hours, others have those that are left: groups of the same
 * prefix, then of the shorter ones that hold it. */
static int
make_places(struct policy *p, const uint16_t *schedule_of, struct members *m,
    struct fsk_error *err)
{
	/* The prefixes that hold the one at hand, each in the one before. */
	struct {
		const struct fsk_prefix *prefix;
		const struct fsk_place *place;
	} around[8 * FSK_ADDR_LEN + 1];
	unsigned depth = 0;
	int rc = FSK_OK;

	if (m->n > 0)
		qsort(m->at, m->n, sizeof(*m->at), compare_members);
	p->place = calloc(m->n + 1, sizeof(*p->place));
	if (p->place == NULL)
		return out_of_memory(err);
	for (size_t i = 0, next; i < m->n && rc == FSK_OK; i = next) {
		const struct fsk_prefix *prefix = &m->at[i].prefix;

		for (next = i + 1;
		     next < m->n && same_prefix(&m->at[i], &m->at[next]);
		     next++)
			;
		while (depth > 0 && !encloses(around[depth - 1].prefix, prefix))
			depth--;
		rc = add_place(p, schedule_of, m->at + i, next - i,
		    depth > 0 ? around[depth - 1].place : NULL, err);
		around[depth].prefix = prefix;
		around[depth++].place = &p->place[p->places - 1];
	}
	return rc;
}

/* The schedule of G, a new one; FSK_NO_SCHEDULE where it is always. */
static int
make_schedule(struct policy *p, const struct conf_group *g, int64_t now,
    uint16_t *number, struct fsk_error *err)
{
	const uint32_t first = p->intervals;
	struct schedule s;

	*number = FSK_NO_SCHEDULE;
	if (g->time == NULL)
		return FSK_OK;
	if (schedule_read(&s, g->time) != NULL)
		return fsk_fail(err, FSK_EINVAL, "a bad time");
	if (!schedule_expand(&s, g->timezone, now, &p->interval, &p->intervals))
		return out_of_memory(err);
	*number = (uint16_t)p->schedules;
	p->schedule[p->schedules++] = (struct fsk_schedule){ first,
		p->intervals - first };
	return FSK_OK;
}

static int
make_groups(
    struct policy *p, const uint8_t *key, int64_t now, struct fsk_error *err)
{
	struct members members = { 0 };
	uint16_t *schedule_of = calloc(p->groups, sizeof(*schedule_of));
	int rc = FSK_OK;

	p->schedule = calloc(p->groups, sizeof(*p->schedule));
	if (schedule_of == NULL || p->schedule == NULL)
		rc = out_of_memory(err);
	p->group[0].name = "";
	for (uint32_t i = 1; i < p->groups && rc == FSK_OK; i++) {
		const struct conf_group *g = group_at(p, i - 1);

		p->group[i].name = g->head.title;
		p->group[i].off = g->off;
		members.group = i;
		rc = make_schedule(p, g, now, &schedule_of[i], err);
		if (rc == FSK_OK)
			rc = read_members(g, &members, err);
		if (rc == FSK_OK)
			rc = group_list(p->c, g, key, now,
			    (void **)(uintptr_t)&p->group[i].list,
			    &p->group[i].list_len, err);
	}
	if (rc == FSK_OK)
		rc = group_list_any(p->c, key, now, &p->any, &p->any_len, err);
	if (rc == FSK_OK)
		rc = make_places(p, schedule_of, &members, err);
	free(members.at);
	free(schedule_of);
	return rc;
}

/* ---- the whole ---- */

int
policy_open(struct policy **out, const struct conf *c, struct fsk_writer *w,
    const uint8_t *key, int64_t now, struct fsk_error *err)
{
	struct policy *p = calloc(1, sizeof(*p));
	int rc = FSK_OK;

	*out = NULL;
	if (p == NULL)
		return out_of_memory(err);
	pthread_mutex_init(&p->lock, NULL);
	p->c = c;
	p->groups = (uint32_t)c->policy.groups.n + 1;
	p->group = calloc(p->groups, sizeof(*p->group));
	if (p->group == NULL)
		rc = out_of_memory(err);
	if (rc == FSK_OK)
		rc = make_groups(p, key, now, err);
	if (rc == FSK_OK)
		rc = make_all_classes(p, w, err);
	if (rc != FSK_OK) {
		policy_close(p);
		return rc;
	}
	*out = p;
	return FSK_OK;
}

void
policy_close(struct policy *p)
{
	if (p == NULL)
		return;
	for (uint32_t i = 0; p->group != NULL && i < p->groups; i++)
		free((void *)(uintptr_t)p->group[i].list);
	free(p->any);
	free(p->group);
	free(p->class);
	free(p->answer);
	free(p->class_of);
	free(p->place);
	free(p->membership);
	free(p->schedule);
	free(p->interval);
	fsk_prefixes_fini(&p->networks);
	fsk_prefixes_fini(&p->addresses);
	fsk_prefixes_fini(&p->servers);
	free(p->packed);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

bool
policy_address(
    struct policy *p, const uint8_t *addr, unsigned bits, bool servers)
{
	bool good;

	pthread_mutex_lock(&p->lock);
	good = fsk_prefixes_add(
	    servers ? &p->servers : &p->addresses, addr, bits, 1);
	pthread_mutex_unlock(&p->lock);
	return good;
}

static bool
has_places(const struct conf_policy *c)
{
	const struct conf_rule *rule = c->rules.at;

	for (size_t i = 0; i < c->rules.n; i++)
		if (rule[i].countries.n + rule[i].networks.n > 0)
			return true;
	return false;
}

int
policy_finish(struct policy *p, struct fsk_writer *w, struct fsk_error *err)
{
	const struct conf_policy *c = &p->c->policy;
	uint16_t *turned = calloc(
	    (size_t)p->groups * p->classes + 1, sizeof(*turned));
	struct fsk_policy_spec spec = {
		.settings = {
			.trust_ecs = c->trust_ecs,
			.look_at_places = has_places(c),
			.look_at_servers = p->servers.n > 0,
			.if_signed = (enum fsk_signed)c->if_signed,
			.country_db = c->country_db,
			.asn_db = c->asn_db,
			.contact = c->contact,
			.organisation = c->organisation,
			.incidents = c->incidents,
		},
		.groups = p->groups,
		.group = p->group,
		.any = p->any,
		.any_len = p->any_len,
		.classes = p->classes,
		.class = p->class,
		.answer = turned,
		.networks = &p->networks,
		.places = p->places,
		.place = p->place,
		.memberships = p->memberships,
		.membership = p->membership,
		.schedules = p->schedules,
		.schedule = p->schedule,
		.intervals = p->intervals,
		.interval = p->interval,
		.addresses = &p->addresses,
		.servers = &p->servers,
	};
	size_t len;

	spec.settings.look_at_answers = p->addresses.n > 0 ||
	    spec.settings.look_at_places;
	for (uint32_t k = 0; turned != NULL && k < p->classes; k++)
		for (uint32_t g = 0; g < p->groups; g++)
			turned[(size_t)g * p->classes + k] =
			    p->answer[(size_t)k * p->groups + g];
	free(p->packed);
	p->packed = turned != NULL ? fsk_policy_pack(&spec, &len) : NULL;
	free(turned);
	if (p->packed == NULL)
		return out_of_memory(err);
	fsk_writer_policy(w, p->packed, len);
	return FSK_OK;
}
