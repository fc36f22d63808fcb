/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/unpack_zip.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#define RATIO_MAX 200
#define SMALL     (16u << 20) /* octets, harmless at any ratio */

struct unpack_zip {
	zip_t *z;
	zip_file_t *member; /* NULL: between two */
	zip_uint64_t next;
	uint64_t left; /* of the member, as the directory has it */
	bool cut;      /* what was given last is no line end */
};

static const char *
reason(int code)
{
	switch (code) {
	case ZIP_ER_MEMORY:
		return "out of memory";
	case ZIP_ER_ENCRNOTSUPP:
	case ZIP_ER_NOPASSWD:
	case ZIP_ER_WRONGPASSWD:
		return "a member is encrypted";
	case ZIP_ER_COMPNOTSUPP:
		return "a member is compressed in a way that is not known";
	default:
		return "it is damaged or cut off";
	}
}

static bool
is_folder(const zip_stat_t *st)
{
	size_t len = st->name != NULL ? strlen(st->name) : 0;

	return len > 0 && st->name[len - 1] == '/';
}

/* Looks at what the directory says of the members. */
static const char *
look(struct unpack_zip *z, uint64_t file_len)
{
	const zip_uint64_t want = ZIP_STAT_SIZE | ZIP_STAT_ENCRYPTION_METHOD;
	zip_int64_t n = zip_get_num_entries(z->z, 0);
	uint64_t sum = 0;

	for (zip_int64_t i = 0; i < n; i++) {
		zip_stat_t st;

		if (zip_stat_index(z->z, (zip_uint64_t)i, 0, &st) == -1 ||
		    (st.valid & want) != want)
			return reason(ZIP_ER_INCONS);
		if (st.encryption_method != ZIP_EM_NONE)
			return reason(ZIP_ER_NOPASSWD);
		sum += st.size < UINT64_MAX - sum ? st.size : UINT64_MAX - sum;
	}
	if (sum > SMALL && sum / RATIO_MAX > file_len)
		return "its members claim more than 200 times its size";
	return NULL;
}

const char *
unpack_zip_open(struct unpack_zip **out, int fd)
{
	const char *wrong = NULL;
	struct unpack_zip *z;
	struct stat st;
	int own, code;

	*out = NULL;
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		return "a zip file cannot be read from a pipe: save it first";
	z = calloc(1, sizeof(*z));
	own = z != NULL ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
	if (own == -1) {
		free(z);
		return "out of memory or of files";
	}
	z->z = zip_fdopen(own, 0, &code); /* takes OWN if it succeeds */
	if (z->z == NULL) {
		wrong = reason(code);
		close(own);
	} else {
		wrong = look(z, (uint64_t)st.st_size);
	}
	if (wrong != NULL) {
		unpack_zip_close(z);
		return wrong;
	}
	*out = z;
	return NULL;
}

void
unpack_zip_close(struct unpack_zip *z)
{
	if (z == NULL)
		return;
	if (z->member != NULL)
		zip_fclose(z->member);
	if (z->z != NULL)
		zip_discard(z->z);
	free(z);
}

/* Opens the next member that is no folder; false at the end, with *WHY set if
 * that is a failure. */
static bool
open_next(struct unpack_zip *z, const char **why)
{
	const zip_uint64_t n = (zip_uint64_t)zip_get_num_entries(z->z, 0);
	zip_stat_t st;

	for (; z->next < n; z->next++) {
		if (zip_stat_index(z->z, z->next, 0, &st) == -1)
			break;
		if (is_folder(&st))
			continue;
		z->member = zip_fopen_index(z->z, z->next, 0);
		z->left = st.size;
		if (z->member == NULL)
			break;
		z->next++;
		return true;
	}
	if (z->next < n)
		*why = reason(zip_error_code_zip(zip_get_error(z->z)));
	return false;
}

/* The member has given all: closes it. */
static const char *
close_member(struct unpack_zip *z)
{
	const char *wrong = z->left > 0
	    ? "a member is shorter than it should be"
	    : NULL;

	if (zip_fclose(z->member) != 0 && wrong == NULL)
		wrong = reason(ZIP_ER_INCONS);
	z->member = NULL;
	return wrong;
}

ssize_t
unpack_zip_read(
    struct unpack_zip *z, uint8_t *out, size_t len, const char **why)
{
	*why = NULL;
	for (;;) {
		zip_int64_t n;

		if (z->member == NULL && !open_next(z, why))
			return *why != NULL ? -1 : 0;
		n = zip_fread(z->member, out, len);
		if (n < 0) {
			*why = reason(
			    zip_error_code_zip(zip_file_get_error(z->member)));
			return -1;
		}
		if ((uint64_t)n > z->left) {
			*why = "a member is longer than it should be";
			return -1;
		}
		z->left -= (uint64_t)n;
		if (n > 0) {
			z->cut = out[n - 1] != '\n';
			return (ssize_t)n;
		}
		*why = close_member(z);
		if (*why != NULL)
			return -1;
		if (z->cut) {
			z->cut = false;
			*out = '\n';
			return 1;
		}
	}
}
