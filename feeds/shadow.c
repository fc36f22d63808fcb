/* SPDX-License-Identifier: BSD-3-Clause */
/* fraudsink-feeds shadow: try a list on real traffic before it blocks anyone.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "feeds/aside.h"
#include "feeds/cmd.h"
#include "feeds/publish.h"
#include "feeds/release.h"
#include "feeds/state.h"
#include "feeds/status.h"

static const char help[] =
    "usage: fraudsink-feeds shadow [-c FILE] NEW\n"
    "       fraudsink-feeds shadow [-c FILE] --status | --promote | --drop\n"
    "\n"
    "Puts a copy of the database NEW beside the one in force.  The resolver\n"
    "answers by the one in force, and counts and tells where NEW would have\n"
    "answered otherwise, until it is promoted or dropped.\n"
    "\n"
    "  -c, --config FILE      default: " CONF_DEFAULT "\n"
    "      --status           tell what is tried, and since when\n"
    "      --promote          put it in force, as a generation of its own\n"
    "      --drop             try it no longer\n"
    "  -h, --help\n"
    "\n"
    "Exit status: 0 done, 1 nothing is tried, 2 error (nothing changed).\n";

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "status", no_argument, NULL, 's' },
	{ "promote", no_argument, NULL, 'p' },
	{ "drop", no_argument, NULL, 'd' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* Where the list that is tried lies (lib/handle.h), for free(). */
static char *
shadow_path(const struct conf *c)
{
	char *path;

	return asprintf(&path, "%s.shadow", c->database) == -1 ? NULL : path;
}

/* Copies the open file FROM to TO. */
static int
copy(int from, int to, const char *path, struct fsk_error *err)
{
	ssize_t n;

	do
		n = sendfile(to, from, NULL, 1 << 30);
	while (n > 0 || (n == -1 && errno == EINTR));
	return n == 0 ? FSK_OK
		      : fsk_fail(err, FSK_EIO, "cannot copy '%s': %s", path,
			    strerror(errno));
}

/* Puts a copy of the database FROM at TO, if it is whole; *INFO tells of it. */
static int
place(const char *from, const char *to, struct fsk_db_info *info,
    struct fsk_error *err)
{
	int fd = open(from, O_RDONLY | O_CLOEXEC);
	struct fsk_db *db;
	struct aside a;
	int rc;

	if (fd == -1)
		return fsk_fail(err, FSK_EIO, "cannot open '%s': %s", from,
		    strerror(errno));
	rc = aside_open(&a, to, err);
	if (rc == FSK_OK)
		rc = copy(fd, a.fd, from, err);
	/* The copy is looked at: nobody else can change it. */
	if (rc == FSK_OK)
		rc = fsk_db_open_fd(&db, a.fd, from, FSK_DB_MAP, err);
	if (rc == FSK_OK) {
		fsk_db_info(db, info);
		fsk_db_close(db);
		rc = aside_publish(&a, err);
	}
	aside_close(&a);
	close(fd);
	return rc;
}

static int
try(const struct conf *c, const char *from, struct fsk_error *err)
{
	char *path = shadow_path(c);
	struct fsk_db_info info;
	int rc = path != NULL ? place(from, path, &info, err)
			      : fsk_fail(err, FSK_ENOMEM, "out of memory");

	if (rc == FSK_OK)
		printf("'%s' is tried: %" PRIu64 " entries, serial %" PRIu64
		       "\n",
		    from, info.entries, info.serial);
	free(path);
	return rc;
}

/* ---- what is tried ---- */

/* Opens what is tried, with the time at which it was put there; FSK_EIO where
 * nothing is, and then *DB is NULL and *NOTHING set. */
static int
open_shadow(const struct conf *c, struct fsk_db **db, time_t *since,
    bool *nothing, struct fsk_error *err)
{
	char *path = shadow_path(c);
	struct stat st;
	int rc;

	*db = NULL;
	if (path == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	*nothing = stat(path, &st) == -1 && errno == ENOENT;
	if (*nothing) {
		rc = fsk_fail(err, FSK_EIO, "no list is tried");
	} else {
		rc = fsk_db_open(db, path, FSK_DB_MAP, err);
		*since = st.st_mtim.tv_sec;
	}
	free(path);
	return rc;
}

static void
print_time(const char *what, time_t t)
{
	char text[32] = "unknown";
	struct tm tm;

	if (gmtime_r(&t, &tm) != NULL)
		strftime(text, sizeof(text), "%FT%TZ", &tm);
	printf("%s%s", what, text);
}

static int
tell(const struct conf *c, bool *nothing, struct fsk_error *err)
{
	struct fsk_db_info info;
	struct fsk_db *db;
	time_t since;
	int rc = open_shadow(c, &db, &since, nothing, err);

	if (rc != FSK_OK)
		return rc;
	fsk_db_info(db, &info);
	printf("%s.shadow", c->database);
	print_time("  since ", since);
	printf("  serial %" PRIu64, info.serial);
	print_time("  made ", (time_t)info.created);
	printf("  %" PRIu64 " entries\n", info.entries);
	fsk_db_close(db);
	return FSK_OK;
}

static int
drop(const struct conf *c, bool *nothing, struct fsk_error *err)
{
	char *path = shadow_path(c);
	int rc = FSK_OK;

	if (path == NULL) {
		rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
	} else if (unlink(path) == -1) {
		*nothing = errno == ENOENT;
		rc = *nothing ? fsk_fail(err, FSK_EIO, "no list is tried")
			      : fsk_fail(err, FSK_EIO, "cannot remove '%s': %s",
				    path, strerror(errno));
	}
	free(path);
	return rc;
}

/* ---- into force ---- */

/* Whether the generation SERIAL is another database than *INFO tells of. */
static bool
is_taken(const struct conf *c, const struct fsk_db_info *info)
{
	char *path = generation_path(c, info->serial);
	struct fsk_db_info other;
	struct fsk_error err;
	struct fsk_db *db;
	bool taken = path == NULL || access(path, F_OK) == 0;

	if (path != NULL &&
	    fsk_db_open(&db, path, FSK_DB_MAP, &err) == FSK_OK) {
		fsk_db_info(db, &other);
		taken = memcmp(other.build_id, info->build_id,
			    sizeof(info->build_id)) != 0;
		fsk_db_close(db);
	}
	free(path);
	return taken;
}

/* Makes what is tried a generation, if the canaries hold. */
static int
admit(
    const struct conf *c, const struct fsk_db_info *info, struct fsk_error *err)
{
	char *from = shadow_path(c), *to = generation_candidate(c);
	char *folder = state_path(c->state, NULL, "generations");
	struct fsk_db_info copied;
	int rc = FSK_OK;

	if (from == NULL || to == NULL || folder == NULL)
		rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
	else if (info->serial == 0 || info->serial == UINT64_MAX)
		rc = fsk_fail(err, FSK_EINVAL,
		    "a list with serial %" PRIu64 " cannot be a generation",
		    info->serial);
	else if (is_taken(c, info))
		rc = fsk_fail(err, FSK_EINVAL,
		    "another generation has the serial %" PRIu64
		    " of the list that is tried",
		    info->serial);
	if (rc == FSK_OK)
		rc = state_folder(folder, err);
	if (rc == FSK_OK)
		rc = place(from, to, &copied, err);
	if (rc == FSK_OK) {
		rc = generation_check(c, err);
		if (rc == FSK_OK)
			rc = generation_admit(c, info->serial, err);
		if (rc != FSK_OK)
			unlink(to);
	}
	free(folder);
	free(from);
	free(to);
	return rc;
}

static int
promote(const struct conf *c, bool *nothing, struct fsk_error *err)
{
	struct fsk_db_info info;
	struct fsk_db *db;
	time_t since;
	int rc = open_shadow(c, &db, &since, nothing, err);

	if (rc != FSK_OK)
		return rc;
	fsk_db_info(db, &info);
	fsk_db_close(db);
	rc = admit(c, &info, err);
	if (rc == FSK_OK)
		rc = generation_install(c, info.serial, err);
	if (rc != FSK_OK)
		return rc;
	printf("generation %" PRIu64 " is in force, until the next sync that "
	       "has something new\n",
	    info.serial);
	if (drop(c, nothing, err) != FSK_OK)
		complain("%s", err->text);
	generations_prune(c);
	status_keep(c);
	release_hooks(c, info.serial);
	return FSK_OK;
}

/* ---- the command ---- */

static int
run(const struct conf *c, int mode, const char *from)
{
	struct fsk_error err = { 0 };
	bool nothing = false;
	int lock = -1, rc = FSK_OK;

	if (mode != 's')
		rc = state_lock(c->state, &lock, &err);
	if (rc == FSK_OK)
		rc = mode == 's'  ? tell(c, &nothing, &err)
		    : mode == 'p' ? promote(c, &nothing, &err)
		    : mode == 'd' ? drop(c, &nothing, &err)
				  : try(c, from, &err);
	state_unlock(lock);
	if (rc == FSK_OK)
		return EXIT_SUCCESS;
	complain("%s", err.text);
	return nothing ? EXIT_NONE : EXIT_ERROR;
}

int
cmd_shadow(int argc, char **argv)
{
	const char *path = CONF_DEFAULT;
	int mode = 0, o, status;
	struct conf *c;

	while ((o = getopt_long(argc, argv, "c:h", options, NULL)) != -1)
		switch (o) {
		case 'c':
			path = optarg;
			break;
		case 's':
		case 'p':
		case 'd':
			if (mode != 0 && mode != o)
				return usage_error("shadow", "one at a time");
			mode = o;
			break;
		case 'h':
			fputs(help, stdout);
			return finish_output(EXIT_SUCCESS);
		default:
			return usage_error("shadow", "bad command line");
		}
	if (argc - optind != (mode == 0))
		return usage_error("shadow",
		    mode == 0 ? "say which database" : "too many arguments");
	c = read_conf(path);
	if (c == NULL)
		return EXIT_ERROR;
	status = run(c, mode, argv[optind]);
	conf_free(c);
	return finish_output(status);
}
