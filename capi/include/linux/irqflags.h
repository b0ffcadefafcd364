/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_IRQFLAGS_H
#define _RZ_LINUX_IRQFLAGS_H

/*
 * Interrupts on this CPU. Masking is never lazy. A restore that finds interrupts
 * on already is a finding (unbalanced-context). Any context; nothing sleeps.
 */

#include <linux/typecheck.h>
#include <linux/types.h>

#ifndef __ASSEMBLY__

void __rz_local_irq_disable(void);
void __rz_local_irq_enable(void);
unsigned long __rz_local_irq_save(void);
void __rz_local_irq_restore(unsigned long flags);
int __rz_irqs_disabled(void);

#define local_irq_disable()	__rz_local_irq_disable()
#define local_irq_enable()	__rz_local_irq_enable()
#define hard_irq_disable()	__rz_local_irq_disable()

#define local_irq_save(flags)						\
do {									\
	(void)typecheck(unsigned long, flags);				\
	flags = __rz_local_irq_save();					\
} while (0)
#define local_irq_restore(flags)					\
do {									\
	(void)typecheck(unsigned long, flags);				\
	__rz_local_irq_restore(flags);					\
} while (0)
#define local_save_flags(flags)						\
do {									\
	(void)typecheck(unsigned long, flags);				\
	flags = (unsigned long)__rz_irqs_disabled();			\
} while (0)

#define irqs_disabled()		__rz_irqs_disabled()
#define irqs_disabled_flags(flags)					\
({									\
	(void)typecheck(unsigned long, flags);				\
	(flags) != 0;							\
})

#endif /* !__ASSEMBLY__ */

#endif
