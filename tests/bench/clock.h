/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * clock.h - how long something took, and what is typical of many times
 */
#ifndef FRAUDSINK_TESTS_CLOCK_H
#define FRAUDSINK_TESTS_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#ifdef __x86_64__
#include <x86intrin.h>
#endif

static inline double
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* For what takes nanoseconds; tick_ns() is their unit. */
static inline uint64_t
ticks(void)
{
#ifdef __x86_64__
	uint64_t t;

	_mm_lfence();
	t = __rdtsc();
	_mm_lfence();
	return t;
#else
	return (uint64_t)now_ns();
#endif
}

/* Nanoseconds a tick. */
static inline double
tick_ns(void)
{
	double t = now_ns();
	uint64_t from = ticks();

	while (now_ns() - t < 5e7)
		;
	return (now_ns() - t) / (double)(ticks() - from);
}

static inline int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The value at share P of the N values V, which are put in order. */
static inline double
quantile(double *v, size_t n, double p)
{
	qsort(v, n, sizeof(*v), by_value);
	return v[(size_t)((double)(n - 1) * p)];
}

#endif
