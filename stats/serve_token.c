/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/serve_token.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stats/cmd.h"

bool
token_read(struct token *t, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n;

	if (fd == -1) {
		complain("cannot open '%s': %s", path, strerror(errno));
		return false;
	}
	n = read(fd, t->text, TOKEN_MAX);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_mode & S_IROTH))
		complain("warning: everybody can read '%s'", path);
	close(fd);
	t->text[n > 0 ? n : 0] = '\0';
	t->len = strcspn(t->text, "\r\n");
	t->text[t->len] = '\0';
	if (n == TOKEN_MAX || t->len < TOKEN_LEAST) {
		complain("'%s' has no token of %d to %d characters in its "
			 "first line",
		    path, TOKEN_LEAST, TOKEN_MAX - 1);
		return false;
	}
	return true;
}

bool
token_is(const struct token *t, const char *given)
{
	const size_t len = strnlen(given, TOKEN_MAX);
	volatile unsigned char differs = (unsigned char)(t->len != len);

	for (size_t i = 0; i < TOKEN_MAX; i++) {
		const char a = i < t->len ? t->text[i] : '\0';
		const char b = i < len ? given[i] : '\0';

		differs = (unsigned char)(differs | (a ^ b));
	}
	return t->len != 0 && differs == 0;
}
