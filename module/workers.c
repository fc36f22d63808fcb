/* SPDX-License-Identifier: BSD-3-Clause */
#include "module/workers.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* The slot of this thread.  Threads and this library outlive a set of slots
 * when Unbound reloads, hence the generation. */
static _Thread_local __attribute__((tls_model("initial-exec"))) struct {
	uint64_t generation;
	struct worker_slot *slot;
} self;

bool
workers_init(struct workers *w, unsigned n, struct fsk_handle *handle)
{
	static _Atomic uint64_t generations;

	w->slot = aligned_alloc(64, n * sizeof(*w->slot));
	if (w->slot == NULL)
		return false;
	memset(w->slot, 0, n * sizeof(*w->slot));
	w->slots = n;
	w->handle = handle;
	w->generation = atomic_fetch_add(&generations, 1) + 1;
	atomic_init(&w->claimed, 0);
	for (unsigned i = 0; i < n; i++) {
		uint64_t *key = w->slot[i].memo.key;

		fsk_handle_attach(handle, &w->slot[i].reader);
		(void)!getrandom(key, sizeof(w->slot[i].memo.key), 0);
	}
	return true;
}

void
workers_fini(struct workers *w)
{
	free(w->slot);
	w->slot = NULL;
	w->slots = 0;
}

struct worker_slot *
workers_self(struct workers *w)
{
	if (__builtin_expect(self.generation != w->generation, 0)) {
		unsigned i = atomic_fetch_add(&w->claimed, 1);

		self.generation = w->generation;
		self.slot = i < w->slots ? &w->slot[i] : NULL;
	}
	return self.slot;
}

void
worker_leak(struct worker_slot *slot, const uint8_t *qname, size_t len,
    uint16_t qtype, uint16_t qclass)
{
	unsigned in = atomic_load_explicit(
	    &slot->leaks_in, memory_order_relaxed);
	struct leak *l = &slot->leak[in % LEAKS];

	if (len > sizeof(l->qname) ||
	    in - atomic_load_explicit(&slot->leaks_out, memory_order_acquire) ==
		LEAKS)
		return;
	l->qtype = qtype;
	l->qclass = qclass;
	l->len = (uint8_t)len;
	memcpy(l->qname, qname, len);
	atomic_store_explicit(&slot->leaks_in, in + 1, memory_order_release);
}

bool
worker_take_leak(struct worker_slot *slot, struct leak *out)
{
	unsigned at = atomic_load_explicit(
	    &slot->leaks_out, memory_order_relaxed);

	if (at == atomic_load_explicit(&slot->leaks_in, memory_order_acquire))
		return false;
	*out = slot->leak[at % LEAKS];
	atomic_store_explicit(&slot->leaks_out, at + 1, memory_order_release);
	return true;
}
