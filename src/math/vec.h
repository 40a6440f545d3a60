/* math/vec.h — four doubles at once, the same bits on every machine.
 *
 * lanes     sums run in MATH_LANES fixed partial sums, joined in one fixed order: vector unit or
 *           not, the result is the same. Products are never fused with sums (-ffp-contract=off
 *           in meson.build: the default of gcc for gnu17 is to fuse wherever the machine can).
 * clones    a function marked MATH_CLONES is compiled twice, with AVX2 and without it; the loader
 *           picks
 */
#pragma once
#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define MATH_NO_CLONES 1
#endif
#endif
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) &&      \
    !defined(MATH_NO_CLONES)
#define MATH_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define MATH_CLONES
#endif

enum { MATH_LANES = 4 };
typedef double math_v4 __attribute__((vector_size(32), aligned(8), may_alias));
/* Four doubles at p, as a value to read and as a place to write. No function takes or returns a
 * math_v4: that would tie the ABI to the vector unit. */
#define MATH_READ(p) (*(const math_v4 *)(p))
#define MATH_AT(p) (*(math_v4 *)(p))
#define MATH_V4_SUM(v) (((v)[0] + (v)[2]) + ((v)[1] + (v)[3]))

double math_dot(const double *a, const double *b, size_t n);
void math_axpy(double *y, double a, const double *x, size_t n); /* y += a x */
