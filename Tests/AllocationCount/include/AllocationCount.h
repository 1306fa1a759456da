// Counts the allocations of the calling thread, for tests that want none.
#ifndef HAWSE_ALLOCATION_COUNT_H
#define HAWSE_ALLOCATION_COUNT_H

/// Allocations of this thread so far; -1 where they cannot be counted.
long hawse_allocation_count(void);

#endif
