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

/// What a scheduler weighs of a server, as `ServerLoad` begins.
struct hawse_load {
    uint32_t active, eligible, inactive;
};

/// A server's cost: `active << shift` + `active & active_mask` + `inactive & inactive_mask` + `constant`, in 32 bits.
struct hawse_cost {
    uint32_t shift, active_mask, inactive_mask, constant;
};

static inline uint32_t hawse_cost_of(const struct hawse_load *load, struct hawse_cost cost) {
    return (load->active << cost.shift) + (load->active & cost.active_mask) + (load->inactive & cost.inactive_mask) + cost.constant;
}

static inline const struct hawse_load *hawse_load_at(const void *loads, ptrdiff_t index, ptrdiff_t stride) {
    return (const struct hawse_load *)((const char *)loads + index * stride);
}

/// The last of `count` loads, `stride` bytes each, that has less cost per weight than `best_cost` per `best_weight`; -1: none.
/// One that is not eligible weighs nothing and never has. Weights are below 2^31: no product or difference overflows.
static inline ptrdiff_t hawse_lighter(
    const void *loads, ptrdiff_t count, ptrdiff_t stride, struct hawse_cost cost, uint32_t best_cost, uint32_t best_weight) {
#if defined(__SSE2__)
    __m128i shift = _mm_cvtsi32_si128((int)cost.shift), constant = _mm_set1_epi32((int)cost.constant);
    __m128i active_mask = _mm_set1_epi32((int)cost.active_mask), inactive_mask = _mm_set1_epi32((int)cost.inactive_mask);
    __m128i of_best = _mm_set1_epi64x((long long)best_cost), weight_of_best = _mm_set1_epi64x((long long)best_weight);
    while (count >= 4) {
        __m128i any = _mm_setzero_si128();
        for (int pair = 0; pair < 4; pair += 2) {
            const char *one = (const char *)hawse_load_at(loads, count - 4 + pair, stride), *two = one + stride;
            __m128i head = _mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *)one), _mm_loadl_epi64((const __m128i *)two));
            __m128i tail = _mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *)(one + 8)), _mm_loadl_epi64((const __m128i *)(two + 8)));
            __m128i sum = _mm_add_epi32(_mm_sll_epi32(head, shift), _mm_and_si128(head, active_mask));
            sum = _mm_add_epi32(_mm_add_epi32(sum, _mm_and_si128(tail, inactive_mask)), constant);
            __m128i theirs = _mm_mul_epu32(sum, weight_of_best);
            any = _mm_or_si128(any, _mm_sub_epi64(theirs, _mm_mul_epu32(_mm_srli_epi64(head, 32), of_best)));
        }
        if (_mm_movemask_pd(_mm_castsi128_pd(any)) != 0) break;
        count -= 4;
    }
#endif
    while (count > 0) {
        const struct hawse_load *load = hawse_load_at(loads, --count, stride);
        if ((uint64_t)hawse_cost_of(load, cost) * best_weight < (uint64_t)load->eligible * best_cost) return count;
    }
    return -1;
}

/// The last of `count` loads that is eligible and has no active connection; -1: none.
static inline ptrdiff_t hawse_idle(const void *loads, ptrdiff_t count, ptrdiff_t stride) {
    while (count > 0) {
        const struct hawse_load *load = hawse_load_at(loads, --count, stride);
        if (load->active == 0 && load->eligible != 0) return count;
    }
    return -1;
}

#endif
