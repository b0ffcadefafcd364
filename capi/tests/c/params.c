// SPDX-License-Identifier: MIT OR Apache-2.0
/* Parameters of all types. With the values that the test gives, init returns 0. */
#include <linux/module.h>
#include <linux/slab.h>

static unsigned char a_byte = 1;
module_param(a_byte, byte, 0444);
static short a_short;
module_param(a_short, short, 0444);
static int an_int = 5;
module_param_named(number, an_int, int, 0644);
MODULE_PARM_DESC(number, "a number");
static unsigned long a_ulong;
module_param(a_ulong, ulong, 0);
static unsigned int a_hexint;
module_param(a_hexint, hexint, 0);
static bool a_bool;
module_param(a_bool, bool, 0444);
static bool an_invbool = true;
module_param(an_invbool, invbool, 0444);
static char *a_charp = "default";
module_param(a_charp, charp, 0444);
static int numbers[4];
static unsigned int numbers_count;
module_param_array(numbers, int, &numbers_count, 0444);
static char *words[2] = { "one", "two" };
module_param_array(words, charp, NULL, 0444);
static char text[8] = "text";
module_param_string(text, text, sizeof(text), 0444);

/* A type of one's own, around one that is known. */
static unsigned int level;

static int set_level(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 1, 3);
}

static const struct kernel_param_ops param_ops_level = {
	.set = set_level,
	.get = param_get_uint,
};
#define param_check_level(name, p) param_check_uint(name, p)
module_param(level, level, 0644);

static char *allocated;

static int set_allocated(const char *val, const struct kernel_param *kp)
{
	char *copy = kstrdup(val, GFP_KERNEL);

	if (!copy)
		return -ENOMEM;
	kfree(allocated);
	*(char **)kp->arg = copy;
	return 0;
}

static const struct kernel_param_ops allocated_ops = {
	.set = set_allocated,
	.get = param_get_charp,
};
module_param_cb(allocated, &allocated_ops, &allocated, 0600);

#define CHECK(condition)						\
do {									\
	if (!(condition)) {						\
		pr_err("%s\n", #condition);				\
		return -EINVAL;						\
	}								\
} while (0)

static int __init params_init(void)
{
	struct kernel_param kp = { .name = "number", .arg = &an_int };
	char shown[64];

	CHECK(a_byte == 200 && a_short == -300 && an_int == 0x7f);
	CHECK(a_ulong == 0xffffffffffffffffUL && a_hexint == 0xbeef);
	CHECK(a_bool && !an_invbool);
	CHECK(!strcmp(a_charp, "some text") && !strcmp(text, "longer"));
	CHECK(numbers_count == 3 && numbers[2] == -3 && numbers[3] == 0);
	CHECK(!strcmp(words[0], "uno") && !strcmp(words[1], "two"));
	CHECK(level == 2);
	CHECK(allocated && !strcmp(allocated, "on the heap"));
	CHECK(param_ops_int.set("12", &kp) == 0 && an_int == 12);
	CHECK(param_get_int(shown, &kp) == 3 && !strcmp(shown, "12\n"));
	CHECK(param_set_int("x", &kp) == -EINVAL);
	CHECK(THIS_MODULE->state == MODULE_STATE_LIVE && try_module_get(THIS_MODULE));
	CHECK(!strcmp(module_name(THIS_MODULE), KBUILD_MODNAME));
	module_put(THIS_MODULE);
	pr_info("all set\n");
	return 0;
}
module_init(params_init);

static void __exit params_exit(void)
{
	kfree(allocated);
}
module_exit(params_exit);

MODULE_LICENSE("Dual MIT/GPL");
MODULE_AUTHOR("Ringzero");
MODULE_DESCRIPTION("Parameters of all types");
MODULE_VERSION("1." "0");
