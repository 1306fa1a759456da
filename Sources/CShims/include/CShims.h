// Leaf operations Swift cannot express: a prefetch hint, the SSE2 comparison of 16 tag bytes, a file of memory.
// Header only, baseline instruction set, so that no build flag is needed.
#ifndef HAWSE_CSHIMS_H
#define HAWSE_CSHIMS_H

#include <stddef.h>
#include <stdint.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

static inline void hawse_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }
static inline void hawse_prefetch_write(const void *address) { __builtin_prefetch(address, 1, 3); }

/// A file of so many bytes that is memory only (`memfd_create`); -1 when there is none to be had.
static inline int hawse_memory_file(size_t size) {
#if defined(__linux__) && defined(SYS_memfd_create)
    int file = (int)syscall(SYS_memfd_create, "hawse", 1);
    if (file >= 0 && ftruncate(file, (off_t)size) != 0) {
        close(file);
        return -1;
    }
    return file;
#else
    (void)size;
    return -1;
#endif
}

/// A bit per byte of the 16 at `tags` that equals `tag`.
static inline uint32_t hawse_match_tags(const uint8_t *tags, uint8_t tag) {
#if defined(__SSE2__)
    __m128i group = _mm_loadu_si128((const __m128i *)tags);
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(group, _mm_set1_epi8((char)tag)));
#else
    uint32_t mask = 0;
    for (int i = 0; i < 16; i++) mask |= (uint32_t)(tags[i] == tag) << i;
    return mask;
#endif
}

#endif
