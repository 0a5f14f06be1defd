#ifndef ALLOCATION_COUNTER_H
#define ALLOCATION_COUNTER_H

#include <stdint.h>

/// How often memory was asked for, and how much: malloc, calloc, realloc, aligned_alloc, posix_memalign, memalign.
struct AllocationCount {
    uint64_t calls;
    uint64_t bytes;
};

/// What the calling thread has asked for since it started.
struct AllocationCount allocation_count(void);

/// Bytes that all threads have been given and have not given back, allocator's overhead included.
uint64_t allocated_bytes(void);

#endif
