/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A record, all numbers little-endian:
 *
 *   u32 magic, u32 length of the rest without the checksum, u64 checksum of it
 *   u32 rings: each 16 octets of id, u32 workers, u64 position of each
 *   u32 categories, groups, case numbers, sets: each u32 length and text; the
 * number of one is its place u32 events: each EVENT_LEN octets and its name on
 * the wire
 */
#include "stats/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/bytes.h"
#include "lib/checksum.h"
#include "lib/name.h"

#define MAGIC      0x324a5346u /* "FSJ2" */
#define HEADER_LEN 16
#define EVENT_LEN  62
#define FILE_MOST  (1u << 30)
#define RINGS_MOST 1024

struct buffer {
	uint8_t *at;
	size_t len, room;
};

struct journal {
	int fd;
	char *path;
	off_t len;            /* of the whole records */
	struct buffer events; /* noted */
	uint32_t noted;
	struct buffer record; /* room to put one together */
};

/* ---- buffers ---- */

/* Room for MORE octets at the end of B, which then counts as used; NULL when
 * out of memory. */
static uint8_t *
extend(struct buffer *b, size_t more)
{
	if (more > b->room - b->len) {
		size_t room = 2 * b->room + more + 4096;
		uint8_t *at = realloc(b->at, room);

		if (at == NULL)
			return NULL;
		b->at = at;
		b->room = room;
	}
	b->len += more;
	return b->at + b->len - more;
}

static bool
put(struct buffer *b, const void *octets, size_t len)
{
	uint8_t *p = extend(b, len);

	if (p != NULL && len > 0) /* without notes there are no octets */
		memcpy(p, octets, len);
	return p != NULL;
}

static bool
put_number(struct buffer *b, uint32_t n)
{
	uint8_t *p = extend(b, 4);

	if (p != NULL)
		fsk_put32(p, n);
	return p != NULL;
}

/* ---- opening ---- */

int
journal_open(struct journal **out, const char *path, struct fsk_error *err)
{
	struct journal *j = calloc(1, sizeof(*j));
	struct stat st;
	int rc;

	*out = NULL;
	if (j == NULL || (j->path = strdup(path)) == NULL) {
		free(j);
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	}
	j->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (j->fd == -1 || fstat(j->fd, &st) == -1)
		rc = fsk_fail(err, FSK_EIO, "cannot open '%s': %s", path,
		    strerror(errno));
	else if (!S_ISREG(st.st_mode))
		rc = fsk_fail(err, FSK_EIO,
		    "cannot open '%s': it is not a regular file", path);
	else if (flock(j->fd, LOCK_EX | LOCK_NB) == -1)
		rc = fsk_fail(err, FSK_EIO, "cannot lock '%s': %s", path,
		    errno == EWOULDBLOCK ? "another collector has it"
					 : strerror(errno));
	else
		rc = FSK_OK;
	if (rc != FSK_OK) {
		journal_close(j);
		return rc;
	}
	*out = j;
	return FSK_OK;
}

void
journal_close(struct journal *j)
{
	if (j == NULL)
		return;
	if (j->fd != -1)
		close(j->fd);
	free(j->events.at);
	free(j->record.at);
	free(j->path);
	free(j);
}

/* ---- writing ---- */

bool
journal_add(struct journal *j, const struct rollup_event *e)
{
	const size_t kept = e->kept != NULL ? 16 : 0;
	uint8_t *p = extend(&j->events, EVENT_LEN + e->qname_len);

	if (p == NULL)
		return false;
	fsk_put64(p, e->time);
	fsk_put64(p + 8, e->client);
	fsk_put32(p + 16, e->tag);
	fsk_put32(p + 20, e->asn);
	fsk_put32(p + 24, e->feeds);
	fsk_put16(p + 28, e->category);
	fsk_put16(p + 30, e->group);
	fsk_put16(p + 32, e->qtype);
	memcpy(p + 34, e->country, 2);
	p[36] = e->severity;
	p[37] = e->action;
	p[38] = e->transport;
	p[39] = e->would;
	p[40] = (uint8_t)e->entry;
	p[41] = (uint8_t)e->qname_len;
	p[42] = kept != 0;
	p[43] = 0;
	memset(p + 44, 0, 16);
	if (kept != 0)
		memcpy(p + 44, e->kept, kept);
	fsk_put16(p + 60, e->case_number);
	memcpy(p + EVENT_LEN, e->qname, e->qname_len);
	j->noted++;
	return true;
}

static bool
put_rings(struct buffer *b, const struct journal_ring *rings, unsigned n)
{
	bool good = put_number(b, n);

	for (unsigned i = 0; good && i < n; i++) {
		good = put(b, rings[i].id, 16) &&
		    put_number(b, rings[i].workers);
		for (unsigned w = 0; good && w < rings[i].workers; w++) {
			uint8_t *p = extend(b, 8);

			good = p != NULL;
			if (good)
				fsk_put64(p, rings[i].position[w]);
		}
	}
	return good;
}

static bool
put_texts(struct buffer *b, const struct table *texts)
{
	bool good = put_number(b, (uint32_t)texts->n);

	for (size_t i = 0; good && i < texts->n; i++) {
		size_t len;
		const char *text = table_key(texts, i, &len);

		good = put_number(b, (uint32_t)len - 1) &&
		    put(b, text, len - 1);
	}
	return good;
}

static bool
make_record(struct journal *j, const struct words *w,
    const struct journal_ring *rings, unsigned n)
{
	struct buffer *b = &j->record;
	uint8_t *header;

	b->len = 0;
	if (extend(b, HEADER_LEN) == NULL || !put_rings(b, rings, n) ||
	    !put_texts(b, &w->kind[FSK_LABEL_CATEGORY]) ||
	    !put_texts(b, &w->kind[FSK_LABEL_GROUP]) ||
	    !put_texts(b, &w->kind[WORDS_CASE]) || !put_texts(b, &w->sets) ||
	    !put_number(b, j->noted) || !put(b, j->events.at, j->events.len))
		return false;
	header = b->at;
	fsk_put32(header, MAGIC);
	fsk_put32(header + 4, (uint32_t)(b->len - HEADER_LEN));
	fsk_put64(
	    header + 8, fsk_checksum(header + HEADER_LEN, b->len - HEADER_LEN));
	return true;
}

int
journal_write(struct journal *j, const struct words *w,
    const struct journal_ring *rings, unsigned n, struct fsk_error *err)
{
	const uint8_t *p;
	size_t left;

	if (!make_record(j, w, rings, n))
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	if (j->record.len > FILE_MOST - (size_t)j->len)
		return fsk_fail(
		    err, FSK_EIO, "cannot write '%s': it is full", j->path);
	p = j->record.at;
	left = j->record.len;
	while (left > 0) {
		off_t at = j->len + (off_t)(j->record.len - left);
		ssize_t done = pwrite(j->fd, p, left, at);

		if (done == -1 && errno == EINTR)
			continue;
		if (done == -1) {
			fsk_fail(err, FSK_EIO, "cannot write '%s': %s", j->path,
			    strerror(errno));
			/* If it stays, it is no record. */
			(void)!ftruncate(j->fd, j->len);
			return FSK_EIO;
		}
		p += done;
		left -= (size_t)done;
	}
	j->len += (off_t)j->record.len;
	j->events.len = 0;
	j->noted = 0;
	return FSK_OK;
}

int
journal_clear(struct journal *j, struct fsk_error *err)
{
	j->events.len = 0;
	j->noted = 0;
	if (j->len == 0)
		return FSK_OK;
	if (ftruncate(j->fd, 0) == -1)
		return fsk_fail(err, FSK_EIO, "cannot empty '%s': %s", j->path,
		    strerror(errno));
	j->len = 0;
	return FSK_OK;
}

/* ---- reading: it was written by this program, but by which version? ---- */

struct input {
	const uint8_t *at, *end;
	bool bad;       /* once it is, it stays so */
	bool no_memory; /* to read it; this, too */
};

static const uint8_t *
get(struct input *in, size_t len)
{
	const uint8_t *p = in->at;

	if (in->bad || len > (size_t)(in->end - in->at)) {
		in->bad = true;
		return NULL;
	}
	in->at += len;
	return p;
}

static uint32_t
get_number(struct input *in)
{
	const uint8_t *p = get(in, 4);

	return p != NULL ? fsk_get32(p) : 0;
}

static struct journal_ring *
get_rings(struct input *in, unsigned *n)
{
	struct journal_ring *rings;
	const uint8_t *p;

	*n = get_number(in);
	if (in->bad || *n > RINGS_MOST) {
		in->bad = true;
		return NULL;
	}
	rings = calloc(*n + 1, sizeof(*rings));
	in->no_memory |= rings == NULL;
	for (unsigned i = 0; rings != NULL && i < *n; i++) {
		p = get(in, 16);
		if (p != NULL)
			memcpy(rings[i].id, p, 16);
		rings[i].workers = get_number(in);
		if (rings[i].workers > FSK_RING_WORKERS)
			in->bad = true;
		for (unsigned w = 0; !in->bad && w < rings[i].workers; w++) {
			p = get(in, 8);
			rings[i].position[w] = p != NULL ? fsk_get64(p) : 0;
		}
	}
	return rings;
}

/* The numbers in W of the texts that follow; KIND 0: they are sets. */
static uint32_t *
get_texts(struct input *in, struct words *w, unsigned kind, uint32_t *n)
{
	uint32_t *numbers;

	*n = get_number(in);
	if (in->bad || *n > SETS_MAX) {
		in->bad = true;
		return NULL;
	}
	numbers = calloc(*n + 1, sizeof(*numbers));
	in->no_memory |= numbers == NULL;
	for (uint32_t i = 0; numbers != NULL && i < *n; i++) {
		const size_t len = get_number(in);
		const uint8_t *p = get(in, len);
		char *text;

		if (p == NULL)
			break;
		text = strndup((const char *)p, len);
		if (text == NULL) {
			in->no_memory = true;
			break;
		}
		numbers[i] = kind == 0
		    ? words_set_of(w, text)
		    : words_number(w, (enum fsk_label_kind)kind, text);
		free(text);
	}
	return numbers;
}

/* The numbers of a record's texts. */
struct dictionary {
	uint32_t *categories, *groups, *cases, *sets;
	uint32_t n[4];
};

static bool
get_event(struct input *in, const struct dictionary *d, struct rollup_event *e,
    struct fsk_name *name)
{
	const uint8_t *p = get(in, EVENT_LEN), *wire;
	uint32_t category, group, number, set;

	if (p == NULL || (wire = get(in, p[41])) == NULL)
		return false;
	set = fsk_get32(p + 24);
	category = fsk_get16(p + 28);
	group = fsk_get16(p + 30);
	number = fsk_get16(p + 60);
	if (category >= d->n[0] || group >= d->n[1] || number >= d->n[2] ||
	    set >= d->n[3] || !fsk_name_from_wire(name, wire, p[41]) ||
	    p[40] > fsk_name_labels(name->wire) || p[39] > 1)
		return false;
	*e = (struct rollup_event){
		.time = fsk_get64(p),
		.client = fsk_get64(p + 8),
		.tag = fsk_get32(p + 16),
		.asn = fsk_get32(p + 20),
		.feeds = d->sets[set],
		.category = (uint16_t)d->categories[category],
		.group = (uint16_t)d->groups[group],
		.case_number = (uint16_t)d->cases[number],
		.qtype = fsk_get16(p + 32),
		.country = { (char)p[34], (char)p[35] },
		.severity = p[36],
		.action = p[37],
		.transport = p[38],
		.would = p[39],
		.entry = p[40],
		.qname = name->wire,
		.qname_len = name->len,
		.kept = p[42] != 0 ? p + 44 : NULL,
	};
	return true;
}

static int
replay_record(struct input *in, struct words *w,
    bool (*wanted)(
	void *arg, const struct journal_ring *rings, unsigned n, bool *yes),
    bool (*each)(void *arg, const struct rollup_event *e), void *arg,
    struct fsk_error *err)
{
	struct dictionary d = { 0 };
	struct journal_ring *rings;
	struct rollup_event e;
	struct fsk_name name;
	unsigned n;
	uint32_t events = 0;
	bool yes = false, good;

	rings = get_rings(in, &n);
	d.categories = get_texts(in, w, FSK_LABEL_CATEGORY, &d.n[0]);
	d.groups = get_texts(in, w, FSK_LABEL_GROUP, &d.n[1]);
	d.cases = get_texts(in, w, WORDS_CASE, &d.n[2]);
	d.sets = get_texts(in, w, 0, &d.n[3]);
	events = get_number(in);
	good = !in->no_memory && (in->bad || wanted(arg, rings, n, &yes));
	for (uint32_t i = 0; good && yes && !in->bad && i < events; i++) {
		in->bad = !get_event(in, &d, &e, &name);
		good = in->bad || each(arg, &e);
	}
	free(rings);
	free(d.categories);
	free(d.groups);
	free(d.cases);
	free(d.sets);
	return good ? FSK_OK : fsk_fail(err, FSK_ENOMEM, "out of memory");
}

/* Reads the record at AT; *IS is false if there is none that is whole.
 * FSK_ENOMEM. */
static int
read_record(struct journal *j, off_t at, struct input *in, bool *is,
    struct fsk_error *err)
{
	uint8_t header[HEADER_LEN];
	struct stat st;
	size_t len;

	*is = false;
	if (pread(j->fd, header, HEADER_LEN, at) != HEADER_LEN ||
	    fsk_get32(header) != MAGIC)
		return FSK_OK;
	len = fsk_get32(header + 4);
	if (len > FILE_MOST || fstat(j->fd, &st) == -1 ||
	    (off_t)len > st.st_size - at - HEADER_LEN)
		return FSK_OK;
	j->record.len = 0;
	if (extend(&j->record, len) == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	*is = pread(j->fd, j->record.at, len, at + HEADER_LEN) ==
		(ssize_t)len &&
	    fsk_checksum(j->record.at, len) == fsk_get64(header + 8);
	*in = (struct input){ .at = j->record.at, .end = j->record.at + len };
	return FSK_OK;
}

int
journal_replay(struct journal *j, struct words *w,
    bool (*wanted)(
	void *arg, const struct journal_ring *rings, unsigned n, bool *yes),
    bool (*each)(void *arg, const struct rollup_event *e), void *arg,
    struct fsk_error *err)
{
	struct input in;
	bool is;
	int rc;

	while ((rc = read_record(j, j->len, &in, &is, err)) == FSK_OK && is) {
		rc = replay_record(&in, w, wanted, each, arg, err);
		if (rc != FSK_OK || in.bad)
			break;
		j->len += (off_t)(HEADER_LEN + j->record.len);
	}
	return rc;
}

/* ---- what this process has written itself ---- */

size_t
journal_len(const struct journal *j)
{
	return (size_t)j->len;
}

size_t
journal_noted(const struct journal *j)
{
	return j->noted;
}

static bool
is_wanted(void *arg, const struct journal_ring *rings, unsigned n, bool *yes)
{
	(void)arg;
	(void)rings;
	(void)n;
	*yes = true;
	return true;
}

int
journal_recall(struct journal *j, size_t *at, struct words *w,
    bool (*each)(void *arg, const struct rollup_event *e), void *arg,
    struct fsk_error *err)
{
	struct input in = { .bad = true };
	bool is;
	int rc = read_record(j, (off_t)*at, &in, &is, err);

	if (rc == FSK_OK && is)
		rc = replay_record(&in, w, is_wanted, each, arg, err);
	if (rc == FSK_OK && (!is || in.bad))
		rc = fsk_fail(err, FSK_ECORRUPT,
		    "'%s' is not as it was written", j->path);
	*at += HEADER_LEN + j->record.len;
	return rc;
}

int
journal_return(struct journal *j, const struct words *was, struct words *w,
    bool (*each)(void *arg, const struct rollup_event *e), void *arg,
    struct fsk_error *err)
{
	struct input in;

	if (!make_record(j, was, NULL, 0))
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	j->events.len = 0;
	j->noted = 0;
	in = (struct input){ .at = j->record.at + HEADER_LEN,
		.end = j->record.at + j->record.len };
	return replay_record(&in, w, is_wanted, each, arg, err);
}
