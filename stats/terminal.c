/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "stats/clock.h"

/* Another screen, no cursor, lines that are too long are cut; and back. */
#define OPEN       "\033[?1049h\033[?25l\033[?7l"
#define CLOSE      "\033[?7h\033[?25h\033[?1049l"
#define HOME       "\033[H"
#define CLEAR_LINE "\033[K"
#define CLEAR_REST "\033[J"

static struct termios was;
static bool is_open;
static volatile sig_atomic_t ended;

static void
end(int signal)
{
	(void)signal;
	ended = 1;
}

static void
resized(int signal)
{
	(void)signal; /* poll() has come back: that is all */
}

static void
put(const char *text, size_t len)
{
	while (len > 0) {
		const ssize_t n = write(STDOUT_FILENO, text, len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0) {
			ended = 1; /* the terminal is gone */
			return;
		}
		text += n;
		len -= (size_t)n;
	}
}

bool
terminal_open(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction act = { .sa_handler = end };
	struct termios raw;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ||
	    tcgetattr(STDIN_FILENO, &was) == -1)
		return false;
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaction(signals[i], &act, NULL);
	act.sa_handler = resized;
	sigaction(SIGWINCH, &act, NULL);
	raw = was;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) == -1)
		return false;
	is_open = true;
	put(OPEN, sizeof(OPEN) - 1);
	return true;
}

void
terminal_close(void)
{
	if (!is_open)
		return;
	put(CLOSE, sizeof(CLOSE) - 1);
	tcsetattr(STDIN_FILENO, TCSANOW, &was);
	is_open = false;
}

void
terminal_size(unsigned *columns, unsigned *rows)
{
	struct winsize w;

	*columns = 80;
	*rows = 24;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == -1 || w.ws_col == 0 ||
	    w.ws_row == 0)
		return;
	*columns = w.ws_col;
	*rows = w.ws_row;
}

void
terminal_show(const char *text, size_t len)
{
	unsigned columns, rows;
	const char *line = text;

	terminal_size(&columns, &rows);
	put(HOME, sizeof(HOME) - 1);
	/* A newline after the last row would move all up. */
	for (const char *p = text; p < text + len && rows > 0; p++)
		if (*p == '\n') {
			/* Not after it: behind a full line the cursor stands on
			 * its last character. */
			put(CLEAR_LINE, sizeof(CLEAR_LINE) - 1);
			put(line, (size_t)(p - line));
			line = p + 1;
			if (--rows > 0)
				put("\r\n", 2);
		}
	if (rows > 0)
		put(CLEAR_REST, sizeof(CLEAR_REST) - 1);
}

bool
terminal_wait(unsigned seconds)
{
	const int64_t until = clock_ms() + (int64_t)seconds * 1000;
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };

	while (!ended) {
		const int64_t left = until - clock_ms();
		char key;
		int n;

		if (left <= 0)
			return true;
		n = poll(&in, 1, (int)left);
		if (n == -1)
			return errno == EINTR && !ended;
		if (n == 0)
			return true;
		if (read(STDIN_FILENO, &key, 1) != 1 || key == 'q' ||
		    key == 'Q')
			return false;
	}
	return false;
}
