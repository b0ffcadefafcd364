/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_EXPORT_H
#define _RZ_LINUX_EXPORT_H

/* A module's own exports mean nothing here; the names are checked. */

#include <linux/compiler.h>
#include <linux/stringify.h>

struct module;

#ifdef MODULE
extern struct module __this_module;
#define THIS_MODULE	(&__this_module)
#else
#define THIS_MODULE	((struct module *)0)
#endif

#define __RZ_EXPORT(sym)		extern typeof(sym) sym
#define EXPORT_SYMBOL(sym)		__RZ_EXPORT(sym)
#define EXPORT_SYMBOL_GPL(sym)		__RZ_EXPORT(sym)
#define EXPORT_SYMBOL_NS(sym, ns)	__RZ_EXPORT(sym)
#define EXPORT_SYMBOL_NS_GPL(sym, ns)	__RZ_EXPORT(sym)
#define EXPORT_UNUSED_SYMBOL(sym)	__RZ_EXPORT(sym)
#define EXPORT_SYMBOL_FOR_KUNIT(sym)	__RZ_EXPORT(sym)

#endif
