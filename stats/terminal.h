/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * terminal.h - a terminal as a screen
 *
 * Plain ANSI.  While it is open the terminal shows another screen and gives
 * keys one by one; it is put back as it was by terminal_close(), also when the
 * program is ended by a signal.
 */
#ifndef FRAUDSINK_STATS_TERMINAL_H
#define FRAUDSINK_STATS_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* False if standard input and output are no terminal. */
bool terminal_open(void);
void terminal_close(void);

/* Its size; 80 by 24 if it does not tell. */
void terminal_size(unsigned *columns, unsigned *rows);

/* Shows the LEN octets at TEXT from the top left corner; every line of it ends
 * with a newline. */
void terminal_show(const char *text, size_t len);

/* Waits SECONDS for a key, a signal to end, or another size of the screen.
 * Whether it is to go on: the key was not 'q' and no signal came. */
bool terminal_wait(unsigned seconds);

#endif
