/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_MODULEPARAM_H
#define _RZ_LINUX_MODULEPARAM_H

/*
 * Parameters of a module: a record of each lies in the section .rz.params, where the
 * loader finds it, and whoever runs the module may set it by name before it starts.
 */

#include <linux/init.h>
#include <linux/stringify.h>
#include <linux/build_bug.h>
#include <linux/types.h>
#include <linux/stat.h>

#ifndef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX KBUILD_MODNAME "."
#endif
#define MAX_PARAM_PREFIX_LEN (64 - sizeof(unsigned long))

/* A text that the module carries: type-checked and thrown away. */
#define MODULE_INFO(tag, info) \
	_Static_assert(sizeof(info) > 0 && sizeof("" info) > 0, \
		       "MODULE_INFO takes a string")
#define __MODULE_INFO(tag, name, info) MODULE_INFO(tag, info)
#define __MODULE_PARM_TYPE(name, type) MODULE_INFO(parmtype, type)
#define MODULE_PARM_DESC(name, desc) MODULE_INFO(parm, desc)

struct module;
struct kernel_param;

enum {
	KERNEL_PARAM_OPS_FL_NOARG = 1 << 0
};

enum {
	KERNEL_PARAM_FL_UNSAFE = 1 << 0,
	KERNEL_PARAM_FL_HWPARAM = 1 << 1
};

struct kernel_param_ops {
	/* KERNEL_PARAM_OPS_FL_. */
	unsigned int flags;
	/* 0, or a negative error. @val is NULL when there was no `=`. */
	int (*set)(const char *val, const struct kernel_param *kp);
	/* The value as text with a newline; the length, or a negative error. */
	int (*get)(char *buffer, const struct kernel_param *kp);
	/* Frees what the parameter points to, when the module goes. */
	void (*free)(void *arg);
};

struct kparam_string {
	unsigned int maxlen;
	char *string;
};

struct kparam_array {
	unsigned int max;
	unsigned int elemsize;
	unsigned int *num;
	const struct kernel_param_ops *ops;
	void *elem;
};

struct kernel_param {
	const char *name;
	struct module *mod;
	const struct kernel_param_ops *ops;
	const u16 perm;
	s8 level;
	u8 flags;
	union {
		void *arg;
		const struct kparam_string *str;
		const struct kparam_array *arr;
	};
};

/*
 * What the loader reads. @type is one of byte, short, ushort, int, uint, long, ulong,
 * ullong, hexint, charp, bool, bint, invbool; `string` (@len bytes at @addr); or
 * `ops`, where @ops->set is called with @addr as the argument. For an array @num is
 * where its length goes (or NULL), @len the size of one element in the low and the
 * number of elements in the high half; else @len is the size of the variable.
 */
struct __rz_param {
	const char *name;
	const char *type;
	void *addr;
	unsigned long len;
	unsigned int *num;
	const struct kernel_param_ops *ops;
};

#define __RZ_PARAM(name_, type_, addr_, len_, num_, ops_)			\
	static struct __rz_param __used __section(".rz.params")			\
		__aligned(sizeof(void *)) __PASTE(__rz_param_, name_) = {	\
		.name = #name_, .type = (type_), .addr = (void *)(addr_),	\
		.len = (len_), .num = (num_), .ops = (ops_),			\
	}

/* The functions of a type; of those that the loader knows itself, NULL. */
#define __RZ_OPS(type) \
	__builtin_choose_expr(__RZ_IS_ONE(__rz_known_##type), NULL, &param_ops_##type)
#define __rz_known_byte		1
#define __rz_known_short	1
#define __rz_known_ushort	1
#define __rz_known_int		1
#define __rz_known_uint		1
#define __rz_known_long		1
#define __rz_known_ulong	1
#define __rz_known_ullong	1
#define __rz_known_hexint	1
#define __rz_known_charp	1
#define __rz_known_bool		1
#define __rz_known_bint		1
#define __rz_known_invbool	1

/* A parameter of a type that is known by its name (or that has param_ops_TYPE). */
#define module_param(name, type, perm) module_param_named(name, name, type, perm)
#define module_param_unsafe(name, type, perm) module_param(name, type, perm)
#define module_param_named(name, value, type, perm)				\
	param_check_##type(name, &(value));					\
	VERIFY_OCTAL_PERMISSIONS_STATIC(perm);					\
	__RZ_PARAM(name, #type, &value, sizeof(value), NULL, __RZ_OPS(type))
#define module_param_named_unsafe(name, value, type, perm) \
	module_param_named(name, value, type, perm)
#define module_param_hw_named(name, value, type, hwtype, perm) \
	module_param_named(name, value, type, perm)
#define module_param_hw(name, type, hwtype, perm) module_param(name, type, perm)
#define core_param(name, var, type, perm) module_param_named(name, var, type, perm)

/* A parameter that its own functions set and show. */
#define module_param_cb(name, ops, arg, perm)					\
	VERIFY_OCTAL_PERMISSIONS_STATIC(perm);					\
	__RZ_PARAM(name, "ops", arg, 0, NULL, ops)
#define module_param_cb_unsafe(name, ops, arg, perm) \
	module_param_cb(name, ops, arg, perm)
#define core_param_cb(name, ops, arg, perm)		module_param_cb(name, ops, arg, perm)
#define postcore_param_cb(name, ops, arg, perm)		module_param_cb(name, ops, arg, perm)
#define device_param_cb(name, ops, arg, perm)		module_param_cb(name, ops, arg, perm)
#define late_param_cb(name, ops, arg, perm)		module_param_cb(name, ops, arg, perm)
/* The old form. */
#define module_param_call(name, set_, get_, arg, perm)				\
	static const struct kernel_param_ops __PASTE(__rz_ops_, name) = {	\
		.set = (set_), .get = (get_),					\
	};									\
	module_param_cb(name, &__PASTE(__rz_ops_, name), arg, perm)

/* A list of values between commas; *@nump is how many there were. */
#define module_param_array(name, type, nump, perm) \
	module_param_array_named(name, name, type, nump, perm)
#define module_param_array_named(name, array, type, nump, perm)			\
	param_check_##type(name, &(array)[0]);					\
	VERIFY_OCTAL_PERMISSIONS_STATIC(perm);					\
	__RZ_PARAM(name, "array of " #type, array,				\
		   sizeof((array)[0]) |						\
		   (sizeof(array) / sizeof((array)[0]) << 32), nump,		\
		   __RZ_OPS(type))
#define module_param_hw_array(name, type, hwtype, nump, perm) \
	module_param_array(name, type, nump, perm)
/* Text that is copied into an array of @len bytes. */
#define module_param_string(name, string, len, perm)				\
	_Static_assert((len) > 0, "no room for a string");			\
	VERIFY_OCTAL_PERMISSIONS_STATIC(perm);					\
	__RZ_PARAM(name, "string", string, len, NULL, NULL)

#define VERIFY_OCTAL_PERMISSIONS_STATIC(perm) \
	_Static_assert((perm) >= 0 && (perm) <= 0777, "the mode of a parameter is octal")

/* Whether the variable has the parameter's type. */
#define __param_check(name, p, type) \
	static __always_inline type __always_unused *__check_##name(void) { return (p); } \
	struct __rz_nothing

#define __RZ_PARAM_TYPE(name)							\
	extern const struct kernel_param_ops param_ops_##name;			\
	int param_set_##name(const char *val, const struct kernel_param *kp);	\
	int param_get_##name(char *buffer, const struct kernel_param *kp)

__RZ_PARAM_TYPE(byte);
__RZ_PARAM_TYPE(short);
__RZ_PARAM_TYPE(ushort);
__RZ_PARAM_TYPE(int);
__RZ_PARAM_TYPE(uint);
__RZ_PARAM_TYPE(long);
__RZ_PARAM_TYPE(ulong);
__RZ_PARAM_TYPE(ullong);
__RZ_PARAM_TYPE(hexint);
__RZ_PARAM_TYPE(charp);
__RZ_PARAM_TYPE(bool);
__RZ_PARAM_TYPE(bint);
__RZ_PARAM_TYPE(invbool);
/* Frees a charp that was set. */
void param_free_charp(void *arg);
/* @val as an unsigned int between @min and @max. */
int param_set_uint_minmax(const char *val, const struct kernel_param *kp,
			  unsigned int min, unsigned int max);
extern const struct kernel_param_ops param_ops_bool_enable_only;
extern const struct kernel_param_ops param_ops_string;
int param_set_copystring(const char *val, const struct kernel_param *kp);
int param_get_string(char *buffer, const struct kernel_param *kp);

#define param_check_byte(name, p)	__param_check(name, p, unsigned char)
#define param_check_short(name, p)	__param_check(name, p, short)
#define param_check_ushort(name, p)	__param_check(name, p, unsigned short)
#define param_check_int(name, p)	__param_check(name, p, int)
#define param_check_uint(name, p)	__param_check(name, p, unsigned int)
#define param_check_long(name, p)	__param_check(name, p, long)
#define param_check_ulong(name, p)	__param_check(name, p, unsigned long)
#define param_check_ullong(name, p)	__param_check(name, p, unsigned long long)
#define param_check_hexint(name, p)	param_check_uint(name, p)
#define param_check_charp(name, p)	__param_check(name, p, char *)
#define param_check_bool(name, p)	__param_check(name, p, bool)
#define param_check_bint(name, p)	param_check_int(name, p)
#define param_check_invbool(name, p)	__param_check(name, p, bool)
#define param_check_bool_enable_only	param_check_bool

/* Nobody changes parameters while the module runs. */
static __always_inline void kernel_param_lock(struct module *mod)
{
	(void)mod;
}

static __always_inline void kernel_param_unlock(struct module *mod)
{
	(void)mod;
}

#endif
