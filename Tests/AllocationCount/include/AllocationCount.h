/* Counts the heap allocations of each thread.
 *
 * Linked into an executable (or preloaded as a shared library) this replaces malloc and its relatives by wrappers of
 * glibc's own functions that count. free needs no wrapper. */
#ifndef ALLOCATION_COUNT_H
#define ALLOCATION_COUNT_H

#include <stdint.h>

/* Allocations that the calling thread has made since it began. */
uint64_t allocation_count_of_thread(void);

#endif
