/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * err.h - result codes, and the sentence that an operator reads
 *
 * Functions that can fail return FSK_OK (0) or a negative code, and describe
 * the failure in the struct fsk_error that the caller brought (NULL: nobody
 * wants to know).  The sentence follows one form: what failed, the thing in
 * quotes, the reason.  The library itself never prints.
 */
#ifndef FRAUDSINK_ERR_H
#define FRAUDSINK_ERR_H

enum fsk_result {
	FSK_OK = 0,
	FSK_EIO = -1,      /* the system said no: open, read, write, rename */
	FSK_ENOMEM = -2,   /* out of memory */
	FSK_EFORMAT = -3,  /* not a database, or one of another version */
	FSK_ECORRUPT = -4, /* a database whose content contradicts itself */
	FSK_EINVAL = -5,   /* the caller asked for something impossible */
	FSK_ENAME = -6,    /* not a domain name */
	FSK_ELATE = -7,    /* it took longer than it may */
};

struct fsk_error {
	int code; /* enum fsk_result of the last failure, FSK_OK if none */
	char text[512];
};

/* Writes the sentence made of FMT into *ERR (which may be NULL) and returns
 * CODE, so that `return fsk_fail(...)` is one statement. */
int fsk_fail(struct fsk_error *err, enum fsk_result code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
