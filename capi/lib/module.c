// SPDX-License-Identifier: MIT OR Apache-2.0
/* THIS_MODULE. */
#include <linux/module.h>

struct module __this_module = {
	.state = MODULE_STATE_LIVE,
	.name = KBUILD_MODNAME,
};
