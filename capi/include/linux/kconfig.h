/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_KCONFIG_H
#define _RZ_LINUX_KCONFIG_H

/*
 * The configuration that checked code sees. A symbol that is not defined is off.
 */

/* The module's name; the loader gives the real one. */
#ifndef KBUILD_MODNAME
#define KBUILD_MODNAME "module"
#endif

#define CONFIG_64BIT			1
#define CONFIG_X86_64			1
#define CONFIG_SMP			1
#define CONFIG_MODULES			1
#define CONFIG_MODULE_UNLOAD		1
#define CONFIG_PRINTK			1
#define CONFIG_BUG			1
#define CONFIG_MMU			1
#define CONFIG_HZ			100
#define CONFIG_NR_CPUS			64
#define CONFIG_LOG_BUF_SHIFT		17
#define CONFIG_PREEMPT_COUNT		1
#define CONFIG_PREEMPTION		1
#define CONFIG_DEBUG_ATOMIC_SLEEP	1
#define CONFIG_GENERIC_HARDIRQS		1
#define CONFIG_KUNIT			1
#define CONFIG_ARCH_DMA_ADDR_T_64BIT	1
#define CONFIG_PHYS_ADDR_T_64BIT	1

/*
 * Whether a symbol is defined as 1, in the preprocessor and in C. The trick: an
 * argument list that begins with a comma only if the symbol is 1.
 */
#define __RZ_COMMA_1			0,
#define __RZ_SECOND(ignored, second, ...) second
#define __RZ_IS_ONE(x)			__RZ_IS_ONE_(x)
#define __RZ_IS_ONE_(x)			__RZ_IS_ONE__(__RZ_COMMA_##x)
#define __RZ_IS_ONE__(zero_or_junk)	__RZ_SECOND(zero_or_junk 1, 0, 0)

/* CONFIG_x is y. */
#define IS_BUILTIN(option)	__RZ_IS_ONE(option)
/* CONFIG_x is m. */
#define IS_MODULE(option)	__RZ_IS_ONE(option##_MODULE)
/* CONFIG_x is y or m. */
#define IS_ENABLED(option)	(IS_BUILTIN(option) || IS_MODULE(option))
/* CONFIG_x can be called from here. */
#define IS_REACHABLE(option)	(IS_BUILTIN(option) || IS_MODULE(option))

#endif
