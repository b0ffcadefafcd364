/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_COMPILER_ATTRIBUTES_H
#define _RZ_LINUX_COMPILER_ATTRIBUTES_H

/*
 * Function and variable attributes under the kernel's names. What a compiler
 * does not know becomes nothing.
 */

#ifndef __has_attribute
#define __has_attribute(x) 0
#endif

#define __alias(symbol)			__attribute__((__alias__(#symbol)))
#define __aligned(x)			__attribute__((__aligned__(x)))
#define __aligned_largest		__attribute__((__aligned__))
#define __always_inline			inline __attribute__((__always_inline__))
#define __always_unused			__attribute__((__unused__))
#define __attribute_const__		__attribute__((__const__))
#define __cleanup(func)			__attribute__((__cleanup__(func)))
#define __cold				__attribute__((__cold__))
#define __deprecated
#define __flatten			__attribute__((__flatten__))
#define __gnu_inline			__attribute__((__gnu_inline__))
#define __malloc			__attribute__((__malloc__))
#define __maybe_unused			__attribute__((__unused__))
#define __mode(x)			__attribute__((__mode__(x)))
#define __must_check			__attribute__((__warn_unused_result__))
#define __noreturn			__attribute__((__noreturn__))
#define __packed			__attribute__((__packed__))
#define __printf(a, b)			__attribute__((__format__(printf, a, b)))
#define __pure				__attribute__((__pure__))
#define __scanf(a, b)			__attribute__((__format__(scanf, a, b)))
#define __section(section)		__attribute__((__section__(section)))
#define __used				__attribute__((__used__))
#define __visible
#define __weak				__attribute__((__weak__))
#define __alloc_size(x, ...)		__attribute__((__alloc_size__(x, ## __VA_ARGS__)))
#define __assume_aligned(a, ...)	__attribute__((__assume_aligned__(a, ## __VA_ARGS__)))

#define noinline			__attribute__((__noinline__))
#define noinline_for_stack		noinline
#define asmlinkage
#define notrace
#define nokprobe_inline			__always_inline

#if __has_attribute(__copy__)
#define __copy(symbol)			__attribute__((__copy__(symbol)))
#else
#define __copy(symbol)
#endif

#if __has_attribute(__designated_init__)
#define __designated_init		__attribute__((__designated_init__))
#else
#define __designated_init
#endif

#if __has_attribute(__nonstring__)
#define __nonstring			__attribute__((__nonstring__))
#else
#define __nonstring
#endif

#if __has_attribute(__error__) && !defined(__CHECKER__)
#define __compiletime_error(msg)	__attribute__((__error__(msg)))
#define __compiletime_warning(msg)	__attribute__((__warning__(msg)))
#else
#define __compiletime_error(msg)
#define __compiletime_warning(msg)
#endif

#if __has_attribute(__fallthrough__)
#define fallthrough			__attribute__((__fallthrough__))
#else
#define fallthrough			do { } while (0)	/* fall through */
#endif

/* Code that the checker does not look into: no accesses of it are seen. */
#define __no_kcsan			__attribute__((__no_sanitize_thread__))
#define __no_sanitize_thread		__no_kcsan
#define __no_kasan_or_inline		__always_inline
#define __no_kcsan_or_inline		__always_inline

#define __counted_by(member)
#define __randomize_layout
#define __no_randomize_layout
#define __latent_entropy
#define __ro_after_init
#define __read_mostly
#define __noclone
#define __naked

#endif
