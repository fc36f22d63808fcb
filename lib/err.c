/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/err.h"

#include <stdarg.h>
#include <stdio.h>

int
fsk_fail(struct fsk_error *err, enum fsk_result code, const char *fmt, ...)
{
	va_list ap;

	if (err != NULL) {
		err->code = code;
		va_start(ap, fmt);
		vsnprintf(err->text, sizeof(err->text), fmt, ap);
		va_end(ap);
	}
	return code;
}
