/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cmd_ask.h - the commands that answer questions
 */
#ifndef FRAUDSINK_STATS_CMD_ASK_H
#define FRAUDSINK_STATS_CMD_ASK_H

/* The question called by argv[0] (questions.h).  Exit status: 0 answered, 1
 * there is nothing, 2 error. */
int cmd_ask(int argc, char **argv);

int cmd_live(int argc, char **argv);
int cmd_serve(int argc, char **argv);

#endif
