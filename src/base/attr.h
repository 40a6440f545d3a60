/* base/attr.h — compiler attributes; the only place that spells them. */
#pragma once
#define PRAC_NODISCARD __attribute__((warn_unused_result))
#define PRAC_NONNULL(...) __attribute__((nonnull(__VA_ARGS__)))
#define PRAC_PRINTF(fmt_at, args_at) __attribute__((format(printf, fmt_at, args_at)))
#define PRAC_CLEANUP(fn) __attribute__((cleanup(fn)))
#define PRAC_ALIGNED(n) __attribute__((aligned(n)))
#define PRAC_NORETURN __attribute__((noreturn))
#define PRAC_LIKELY(x) __builtin_expect(!!(x), 1)
#define PRAC_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define PRAC_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
