/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * step.h - our program, killed at a step of its work
 *
 * It is traced (ptrace(2)); a step is the start of a system call that changes
 * files, in any of its threads.
 */
#ifndef FRAUDSINK_TESTS_FEEDS_STEP_H
#define FRAUDSINK_TESTS_FEEDS_STEP_H

#include <stdbool.h>

/* Runs fraudsink-feeds in kit_dir with the words of ARGS and kills it at step
 * LAST, from 1; its output goes nowhere.  Returns whether it was killed, else
 * its exit status is in *STATUS.  *CAN is false where nothing can be traced. */
bool step_run(const char *args, unsigned last, int *status, bool *can);

#endif
