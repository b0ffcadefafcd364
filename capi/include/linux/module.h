/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_MODULE_H
#define _RZ_LINUX_MODULE_H

/*
 * What makes a file a module. THIS_MODULE is alive as long as the program; taking and
 * putting references to it always works.
 */

#include <linux/list.h>
#include <linux/stat.h>
#include <linux/compiler.h>
#include <linux/cache.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/err.h>
#include <linux/math64.h>
#include <linux/string.h>
#include <linux/stringify.h>
#include <linux/moduleparam.h>
#include <linux/export.h>
/* What files that include only this rely on: Linux's own includes it on the way. */
#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/wait.h>

#define MODULE_NAME_LEN MAX_PARAM_PREFIX_LEN

enum module_state {
	MODULE_STATE_LIVE,
	MODULE_STATE_COMING,
	MODULE_STATE_GOING,
	MODULE_STATE_UNFORMED
};

struct module {
	enum module_state state;
	char name[MODULE_NAME_LEN];
	const char *version;
	const char *srcversion;
};

#ifdef MODULE
/* Each file has it; the linker keeps one. */
struct module __this_module __weak = {
	.state = MODULE_STATE_LIVE,
	.name = KBUILD_MODNAME,
};
#endif

#define MODULE_LICENSE(text)		MODULE_INFO(license, text)
#define MODULE_AUTHOR(text)		MODULE_INFO(author, text)
#define MODULE_DESCRIPTION(text)	MODULE_INFO(description, text)
#define MODULE_ALIAS(text)		MODULE_INFO(alias, text)
#define MODULE_SOFTDEP(text)		MODULE_INFO(softdep, text)
#define MODULE_VERSION(text)		MODULE_INFO(version, text)
#define MODULE_FIRMWARE(text)		MODULE_INFO(firmware, text)
#define MODULE_IMPORT_NS(ns)		MODULE_INFO(import_ns, __stringify(ns))
#define MODULE_SUPPORTED_DEVICE(text)	MODULE_INFO(supported, text)
#define MODULE_ALIAS_MISCDEV(minor)	MODULE_INFO(alias, #minor)
#define MODULE_DEVICE_TABLE(type, name)	\
	extern typeof(name) name __maybe_unused

static __always_inline bool try_module_get(struct module *module)
{
	(void)module;
	return true;
}

static __always_inline void __module_get(struct module *module)
{
	(void)module;
}

static __always_inline void module_put(struct module *module)
{
	(void)module;
}

static __always_inline bool module_is_live(struct module *module)
{
	return module->state != MODULE_STATE_GOING;
}

static __always_inline int module_refcount(struct module *module)
{
	(void)module;
	return 0;
}

#define module_name(mod)						\
({									\
	struct module *__rz_mod = (mod);				\
	__rz_mod ? __rz_mod->name : "kernel";				\
})

#endif
