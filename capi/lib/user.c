// SPDX-License-Identifier: MIT OR Apache-2.0
/* Text and memory from user space. All of it may sleep, and may fail with -EFAULT. */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

/* Enough for a sign, 64 binary digits, a prefix, a newline and the 0. */
#define NUMBER_SIZE 72

static int text_from_user(char *buf, size_t size, const char __user *s, size_t count)
{
	count = min(count, size - 1);
	if (copy_from_user(buf, s, count))
		return -EFAULT;
	buf[count] = '\0';
	return 0;
}

#define FROM_USER(function, type)						\
int function##_from_user(const char __user *s, size_t count, unsigned int base, type *res) \
{										\
	char buf[NUMBER_SIZE];							\
	int err = text_from_user(buf, sizeof(buf), s, count);			\
										\
	return err ? err : function(buf, base, res);				\
}

FROM_USER(kstrtoull, unsigned long long)
FROM_USER(kstrtoll, long long)
FROM_USER(kstrtouint, unsigned int)
FROM_USER(kstrtoint, int)

int kstrtobool_from_user(const char __user *s, size_t count, bool *res)
{
	char buf[4];
	int err = text_from_user(buf, sizeof(buf), s, count);

	return err ? err : kstrtobool(buf, res);
}

void *memdup_user(const void __user *src, size_t len)
{
	void *p = kmalloc(len, GFP_USER);

	if (!p)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(p, src, len)) {
		kfree(p);
		return ERR_PTR(-EFAULT);
	}
	return p;
}

void *memdup_user_nul(const void __user *src, size_t len)
{
	char *p = kmalloc(len + 1, GFP_KERNEL);

	if (!p)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(p, src, len)) {
		kfree(p);
		return ERR_PTR(-EFAULT);
	}
	p[len] = '\0';
	return p;
}
