/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_INIT_H
#define _RZ_LINUX_INIT_H

/*
 * Where a module begins and ends. There is one memory for all code here: the
 * annotations that let Linux throw some of it away say nothing.
 */

#include <linux/compiler.h>
#include <linux/types.h>
#include <linux/stringify.h>

#define __init
#define __exit
#define __initdata
#define __initconst
#define __exitdata
#define __exit_call
#define __ref
#define __refdata
#define __refconst
#define __init_or_module
#define __initdata_or_module
#define __initconst_or_module
#define __meminit
#define __memexit
#define __devinit
#define __devexit
#define __devinitdata
#define __cpuinit
#define __net_init
#define __net_exit
#define __devexit_p(x)	(x)
#define __exit_p(x)	(x)

typedef int (*initcall_t)(void);
typedef void (*exitcall_t)(void);

/* The loader looks for these. A module has at most one of each. */
extern int (*const __rz_module_init)(void);
extern void (*const __rz_module_exit)(void);

/* @fn runs first, in task context on CPU 0; it may sleep. Not 0: the module fails. */
#define module_init(fn)	int (*const __used __rz_module_init)(void) = fn;
/* @fn runs when nothing else can run any more; it may sleep. */
#define module_exit(fn)	void (*const __used __rz_module_exit)(void) = fn;

#define __initcall(fn)			module_init(fn)
#define __exitcall(fn)			module_exit(fn)
#define early_initcall(fn)		module_init(fn)
#define core_initcall(fn)		module_init(fn)
#define core_initcall_sync(fn)		module_init(fn)
#define postcore_initcall(fn)		module_init(fn)
#define postcore_initcall_sync(fn)	module_init(fn)
#define arch_initcall(fn)		module_init(fn)
#define subsys_initcall(fn)		module_init(fn)
#define subsys_initcall_sync(fn)	module_init(fn)
#define fs_initcall(fn)			module_init(fn)
#define fs_initcall_sync(fn)		module_init(fn)
#define rootfs_initcall(fn)		module_init(fn)
#define device_initcall(fn)		module_init(fn)
#define device_initcall_sync(fn)	module_init(fn)
#define late_initcall(fn)		module_init(fn)
#define late_initcall_sync(fn)		module_init(fn)
#define console_initcall(fn)		module_init(fn)

/* The kernel's command line: a module has none. */
#define __setup(str, fn)		static __used int (*__UNIQUE_ID(__setup_))(char *) = fn
#define __setup_null_param(str, id)	struct __rz_nothing
#define early_param(str, fn)		static __used int (*__UNIQUE_ID(__early_))(char *) = fn

#endif
