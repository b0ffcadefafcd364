// SPDX-License-Identifier: MIT OR Apache-2.0
/* The functions of the parameter types, for modules that put their own around them. */
#include <linux/moduleparam.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#define PAGE_SIZE_OF_SYSFS 4096

#define NUMBER(name, type, format, parse)					\
int param_set_##name(const char *val, const struct kernel_param *kp)		\
{										\
	return val ? parse(val, 0, (type *)kp->arg) : -EINVAL;			\
}										\
int param_get_##name(char *buffer, const struct kernel_param *kp)		\
{										\
	return scnprintf(buffer, PAGE_SIZE_OF_SYSFS, format "\n", *(type *)kp->arg); \
}										\
const struct kernel_param_ops param_ops_##name = {				\
	.set = param_set_##name,						\
	.get = param_get_##name,						\
}

NUMBER(byte, unsigned char, "%hhu", kstrtou8);
NUMBER(short, short, "%hi", kstrtos16);
NUMBER(ushort, unsigned short, "%hu", kstrtou16);
NUMBER(int, int, "%i", kstrtoint);
NUMBER(uint, unsigned int, "%u", kstrtouint);
NUMBER(long, long, "%li", kstrtol);
NUMBER(ulong, unsigned long, "%lu", kstrtoul);
NUMBER(ullong, unsigned long long, "%llu", kstrtoull);
NUMBER(hexint, unsigned int, "%#08x", kstrtouint);

int param_set_uint_minmax(const char *val, const struct kernel_param *kp,
			  unsigned int min, unsigned int max)
{
	unsigned int num;
	int err;

	if (!val)
		return -EINVAL;
	err = kstrtouint(val, 0, &num);
	if (err)
		return err;
	if (num < min || num > max)
		return -EINVAL;
	*(unsigned int *)kp->arg = num;
	return 0;
}

int param_set_bool(const char *val, const struct kernel_param *kp)
{
	return kstrtobool(val ? val : "1", kp->arg);
}

int param_get_bool(char *buffer, const struct kernel_param *kp)
{
	return sprintf(buffer, "%c\n", *(bool *)kp->arg ? 'Y' : 'N');
}

const struct kernel_param_ops param_ops_bool = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = param_set_bool,
	.get = param_get_bool,
};

int param_set_bint(const char *val, const struct kernel_param *kp)
{
	bool on;
	int err = kstrtobool(val ? val : "1", &on);

	if (!err)
		*(int *)kp->arg = on;
	return err;
}

int param_get_bint(char *buffer, const struct kernel_param *kp)
{
	return sprintf(buffer, "%c\n", *(int *)kp->arg ? 'Y' : 'N');
}

const struct kernel_param_ops param_ops_bint = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = param_set_bint,
	.get = param_get_bint,
};

int param_set_invbool(const char *val, const struct kernel_param *kp)
{
	bool on;
	int err = kstrtobool(val ? val : "1", &on);

	if (!err)
		*(bool *)kp->arg = !on;
	return err;
}

int param_get_invbool(char *buffer, const struct kernel_param *kp)
{
	return sprintf(buffer, "%c\n", *(bool *)kp->arg ? 'N' : 'Y');
}

const struct kernel_param_ops param_ops_invbool = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = param_set_invbool,
	.get = param_get_invbool,
};

/* On, and never off again. */
static int set_bool_enable_only(const char *val, const struct kernel_param *kp)
{
	bool on, was = *(bool *)kp->arg;
	int err = kstrtobool(val ? val : "1", &on);

	if (err)
		return err;
	if (was && !on)
		return -EROFS;
	*(bool *)kp->arg = on;
	return 0;
}

const struct kernel_param_ops param_ops_bool_enable_only = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = set_bool_enable_only,
	.get = param_get_bool,
};

/* The text is copied; the module frees it with param_free_charp(), or keeps it. */
int param_set_charp(const char *val, const struct kernel_param *kp)
{
	char *text;

	if (!val)
		return -EINVAL;
	text = kstrdup(val, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	*(char **)kp->arg = text;
	return 0;
}

int param_get_charp(char *buffer, const struct kernel_param *kp)
{
	return scnprintf(buffer, PAGE_SIZE_OF_SYSFS, "%s\n", *(char **)kp->arg);
}

void param_free_charp(void *arg)
{
	kfree(*(char **)arg);
}

const struct kernel_param_ops param_ops_charp = {
	.set = param_set_charp,
	.get = param_get_charp,
	.free = param_free_charp,
};

int param_set_copystring(const char *val, const struct kernel_param *kp)
{
	const struct kparam_string *kps = kp->str;

	if (!val || strlen(val) + 1 > kps->maxlen)
		return val ? -ENOSPC : -EINVAL;
	strcpy(kps->string, val);
	return 0;
}

int param_get_string(char *buffer, const struct kernel_param *kp)
{
	return scnprintf(buffer, PAGE_SIZE_OF_SYSFS, "%s\n", kp->str->string);
}

const struct kernel_param_ops param_ops_string = {
	.set = param_set_copystring,
	.get = param_get_string,
};
