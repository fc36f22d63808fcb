/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/warn_send.h"

#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "stats/cmd.h"
#include "stats/warn.h"

#define PART_MOST (256u << 10) /* octets in one request */
#define LOOK_S    2            /* from one look at the folder to the next */
#define RETRY_S   300          /* the longest wait after a failure */

struct warn_sender {
	const struct conf_warnings *c;
	CURL *curl;
	struct curl_slist *headers;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t change;
	atomic_bool stop;
	uint32_t day; /* how far it came */
	uint64_t at;  /* octets of that day's file */
	char part[PART_MOST];
	char told[256];
};

/* ---- how far ---- */

static void
read_sent(struct warn_sender *s)
{
	unsigned long long at = 0;
	unsigned day = 0;
	char *path;
	FILE *f;

	if (asprintf(&path, "%s/sent", s->c->folder) == -1)
		return;
	f = fopen(path, "re");
	if (f != NULL && fscanf(f, "%u %llu", &day, &at) == 2) {
		s->day = day;
		s->at = at;
	}
	if (f != NULL)
		fclose(f);
	free(path);
}

static void
write_sent(const struct warn_sender *s)
{
	char *path = NULL, *new_path = NULL;
	FILE *f = NULL;
	bool good = false;

	if (asprintf(&path, "%s/sent", s->c->folder) == -1)
		path = NULL;
	if (path != NULL && asprintf(&new_path, "%s.new", path) == -1)
		new_path = NULL;
	if (new_path != NULL)
		f = fopen(new_path, "we");
	if (f != NULL) {
		good = fprintf(f, "%u %llu\n", s->day,
			   (unsigned long long)s->at) > 0;
		good &= fflush(f) == 0 && fsync(fileno(f)) == 0;
		good &= fclose(f) == 0;
	}
	if (good)
		rename(new_path, path);
	free(path);
	free(new_path);
}

/* ---- what is next ---- */

/* The first day from s->day on of which there is a file; false: none. */
static bool
next_day(const struct warn_sender *s, uint32_t from, uint32_t *day)
{
	DIR *d = opendir(s->c->folder);
	const struct dirent *entry;
	bool any = false;
	uint32_t one;

	while (d != NULL && (entry = readdir(d)) != NULL)
		if (warn_day(entry->d_name, &one) && one >= from &&
		    (!any || one < *day)) {
			*day = one;
			any = true;
		}
	if (d != NULL)
		closedir(d);
	return any;
}

/* Reads whole lines from where it came to; how many octets. */
static size_t
read_part(struct warn_sender *s)
{
	char *path = warn_path(s->c->folder, s->day);
	ssize_t n = -1;
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd != -1) {
		n = pread(fd, s->part, sizeof(s->part), (off_t)s->at);
		close(fd);
	}
	free(path);
	while (n > 0 && s->part[n - 1] != '\n')
		n--;
	return n > 0 ? (size_t)n : 0;
}

/* Moves on to what is not sent; 0: there is nothing. */
static size_t
find_part(struct warn_sender *s)
{
	uint32_t day;

	if (next_day(s, s->day, &day) && day != s->day) {
		s->day = day;
		s->at = 0;
	}
	for (;;) {
		const size_t n = read_part(s);

		if (n > 0 || !next_day(s, s->day + 1, &day))
			return n;
		s->day = day;
		s->at = 0;
	}
}

/* ---- sending ---- */

static size_t
ignore(char *text, size_t size, size_t n, void *arg)
{
	(void)text;
	(void)arg;
	return size * n;
}

static int
watch_stop(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct warn_sender *s = arg;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return atomic_load(&s->stop);
}

static void
tell(struct warn_sender *s, const char *what)
{
	if (strcmp(s->told, what) == 0)
		return;
	snprintf(s->told, sizeof(s->told), "%s", what);
	if (*what != '\0')
		complain("warnings are not taken, they wait: %s", what);
	else
		complain("warnings are taken again");
}

static bool
post(struct warn_sender *s, size_t len)
{
	char why[256];
	long status = 0;
	CURLcode rc;

	curl_easy_setopt(s->curl, CURLOPT_POSTFIELDS, s->part);
	curl_easy_setopt(s->curl, CURLOPT_POSTFIELDSIZE, (long)len);
	rc = curl_easy_perform(s->curl);
	curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
	if (rc == CURLE_OK && status >= 200 && status < 300) {
		tell(s, "");
		return true;
	}
	if (rc != CURLE_OK)
		snprintf(why, sizeof(why), "%s", curl_easy_strerror(rc));
	else
		snprintf(why, sizeof(why), "the server says %ld", status);
	if (!atomic_load(&s->stop))
		tell(s, why);
	return false;
}

/* Waits for SECONDS, or until it is to end. */
static void
pause_for(struct warn_sender *s, unsigned seconds)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += seconds;
	pthread_mutex_lock(&s->lock);
	while (!atomic_load(&s->stop) &&
	    pthread_cond_timedwait(&s->change, &s->lock, &until) == 0)
		;
	pthread_mutex_unlock(&s->lock);
}

static void *
run(void *arg)
{
	struct warn_sender *s = arg;
	unsigned wait = 1;

	while (!atomic_load(&s->stop)) {
		const size_t n = find_part(s);

		if (n == 0) {
			pause_for(s, LOOK_S);
		} else if (post(s, n)) {
			s->at += n;
			write_sent(s);
			wait = 1;
		} else {
			pause_for(s, wait);
			wait = 2 * wait < RETRY_S ? 2 * wait : RETRY_S;
		}
	}
	return NULL;
}

static bool
prepare(struct warn_sender *s)
{
	const struct conf_warnings *c = s->c;

	s->curl = curl_easy_init();
	s->headers = curl_slist_append(
	    NULL, "Content-Type: application/x-ndjson");
	if (s->curl == NULL || s->headers == NULL)
		return false;
	curl_easy_setopt(s->curl, CURLOPT_URL, c->url);
	curl_easy_setopt(s->curl, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(s->curl, CURLOPT_HTTPHEADER, s->headers);
	curl_easy_setopt(s->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(s->curl, CURLOPT_CONNECTTIMEOUT, 10L);
	curl_easy_setopt(s->curl, CURLOPT_TIMEOUT, 60L);
	curl_easy_setopt(s->curl, CURLOPT_WRITEFUNCTION, ignore);
	curl_easy_setopt(s->curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(s->curl, CURLOPT_XFERINFOFUNCTION, watch_stop);
	curl_easy_setopt(s->curl, CURLOPT_XFERINFODATA, s);
	if (c->ca_file != NULL)
		curl_easy_setopt(s->curl, CURLOPT_CAINFO, c->ca_file);
	if (c->certificate != NULL) {
		curl_easy_setopt(s->curl, CURLOPT_SSLCERT, c->certificate);
		curl_easy_setopt(s->curl, CURLOPT_SSLKEY, c->key);
	}
	return true;
}

static void
let_go(struct warn_sender *s)
{
	curl_slist_free_all(s->headers);
	curl_easy_cleanup(s->curl);
	pthread_cond_destroy(&s->change);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

int
warn_sender_start(struct warn_sender **out, const struct conf_warnings *c,
    struct fsk_error *err)
{
	struct warn_sender *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	s->c = c;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->change, NULL);
	read_sent(s);
	if (!prepare(s) || pthread_create(&s->thread, NULL, run, s) != 0) {
		let_go(s);
		return fsk_fail(err, FSK_ENOMEM, "cannot start a thread");
	}
	*out = s;
	return FSK_OK;
}

void
warn_sender_stop(struct warn_sender *s)
{
	if (s == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	atomic_store(&s->stop, true);
	pthread_cond_signal(&s->change);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	let_go(s);
}
