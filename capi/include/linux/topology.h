/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_TOPOLOGY_H
#define _RZ_LINUX_TOPOLOGY_H

/* Memory nodes: there is one. */

#include <linux/cpumask.h>
#include <linux/smp.h>

#define NUMA_NO_NODE		(-1)
#define MAX_NUMNODES		1
#define nr_node_ids		1U
#define cpu_to_node(cpu)	((void)(cpu), 0)
#define numa_node_id()		0
#define numa_mem_id()		0
#define node_online(node)	((node) == 0)
#define cpu_to_mem(cpu)		((void)(cpu), 0)

#endif
