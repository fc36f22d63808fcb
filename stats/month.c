/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/month.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t
first_of(int year, int month)
{
	struct tm tm = { .tm_year = year, .tm_mon = month, .tm_mday = 1 };

	return timegm(&tm);
}

int64_t
month_of(int64_t when)
{
	const time_t t = (time_t)when;
	struct tm tm;

	gmtime_r(&t, &tm);
	return first_of(tm.tm_year, tm.tm_mon);
}

int64_t
month_add(int64_t month, int n)
{
	const time_t t = (time_t)month;
	struct tm tm;

	gmtime_r(&t, &tm);
	return first_of(tm.tm_year, tm.tm_mon + n);
}

bool
month_parse(const char *text, int64_t *month)
{
	int year, number;

	for (int i = 0; i < 7; i++)
		if (i == 4 ? text[i] != '-' : text[i] < '0' || text[i] > '9')
			return false;
	if (text[7] != '\0')
		return false;
	year = atoi(text);
	number = atoi(text + 5);
	if (year < 1970 || number < 1 || number > 12)
		return false;
	*month = first_of(year - 1900, number - 1);
	return true;
}
