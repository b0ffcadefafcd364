/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_INSTRUCTION_POINTER_H
#define _RZ_LINUX_INSTRUCTION_POINTER_H

/* Where the code is. Printed with %pS only: an address is no value to compute with. */

#define _RET_IP_	(unsigned long)__builtin_return_address(0)
#define _THIS_IP_	({ __label__ __rz_here; __rz_here: (unsigned long)&&__rz_here; })

#endif
