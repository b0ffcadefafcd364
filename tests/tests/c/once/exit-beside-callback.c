// SPDX-License-Identifier: MIT OR Apache-2.0
#include <linux/module.h>
#include <linux/timer.h>
#include <linux/slab.h>
struct d { struct timer_list t; int n; };
static struct d *p;
static void f(struct timer_list *t){ struct d *x = from_timer(x, t, t); WRITE_ONCE(x->n, x->n + 1); }
static int __init i(void){ p = kzalloc(sizeof *p, GFP_KERNEL); if (!p) return -ENOMEM; timer_setup(&p->t, f, 0); mod_timer(&p->t, jiffies + 10); return 0; }
static void __exit e(void){ del_timer(&p->t); kfree(p); }
module_init(i); module_exit(e);
MODULE_LICENSE("GPL");
