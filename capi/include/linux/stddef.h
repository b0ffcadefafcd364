/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_STDDEF_H
#define _RZ_LINUX_STDDEF_H

#include <linux/compiler_types.h>

#undef NULL
#define NULL ((void *)0)

enum {
	false = 0,
	true = 1
};

#undef offsetof
#define offsetof(type, member) __builtin_offsetof(type, member)
#define sizeof_field(type, member) sizeof(((type *)0)->member)
#define offsetofend(type, member) (offsetof(type, member) + sizeof_field(type, member))

/* Members that can be named one by one and as one object. */
#define struct_group(name, members...) \
	union { struct { members }; struct { members } name; }
#define struct_group_attr(name, attrs, members...) \
	union { struct { members } attrs; struct { members } attrs name; }
#define struct_group_tagged(tag, name, members...) \
	union { struct { members }; struct tag { members } name; }

/* An array of unknown length in a union or as the only member. */
#define DECLARE_FLEX_ARRAY(type, name) \
	struct { struct { } __rz_empty_##name; type name[]; }

#endif
