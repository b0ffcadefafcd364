// expect: violated page-fault
// SPDX-License-Identifier: MIT OR Apache-2.0
// ringzero: failures 1
/*
 * An allocation whose failure nobody looks for.
 *
 * kmalloc() returns NULL when there is no memory. It hardly ever happens, so
 * that the path is not tested, and the machine oopses when it is short of
 * memory as well.
 *
 * From core-api/memory-allocation.rst.
 * Verdict: violated, page-fault.
 */
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/slab.h>

struct buffer {
	unsigned int length;
};

static struct buffer *buffer;

static int __init buffer_init(void)
{
	buffer = kmalloc(sizeof(*buffer), GFP_KERNEL);
	buffer->length = 0;
	return 0;
}

static void __exit buffer_exit(void)
{
	kfree(buffer);
}

module_init(buffer_init);
module_exit(buffer_exit);
MODULE_DESCRIPTION("An allocation that may fail");
MODULE_LICENSE("Dual MIT/GPL");
