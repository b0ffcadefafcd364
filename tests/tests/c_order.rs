//! What orders plain accesses of C modules: locks, masks, and the beginning and the end of whatever runs code.

mod c;
#[path = "c/table.rs"]
mod table;

use table::meets;

#[test]
fn sections_exclude_each_other() {
    meets("sections", SECTIONS);
}

const SECTIONS: &str = r#"
//# a spinlock: holds
static DEFINE_SPINLOCK(lock$);
static int x$;
A {
	spin_lock(&lock$);
	x$++;
	spin_unlock(&lock$);
}
B {
	spin_lock(&lock$);
	x$++;
	spin_unlock(&lock$);
}
//# two spinlocks: data-race
static DEFINE_SPINLOCK(one$);
static DEFINE_SPINLOCK(two$);
static int x$;
A {
	spin_lock(&one$);
	x$++;
	spin_unlock(&one$);
}
B {
	spin_lock(&two$);
	x$++;
	spin_unlock(&two$);
}
//# a spinlock that is only tried: holds
static DEFINE_SPINLOCK(lock$);
static int x$;
A {
	if (spin_trylock(&lock$)) {
		x$++;
		spin_unlock(&lock$);
	}
}
B {
	spin_lock_bh(&lock$);
	x$++;
	spin_unlock_bh(&lock$);
}
//# a mutex: holds
static DEFINE_MUTEX(lock$);
static int x$;
A {
	mutex_lock(&lock$);
	x$++;
	mutex_unlock(&lock$);
}
B {
	if (mutex_trylock(&lock$)) {
		x$++;
		mutex_unlock(&lock$);
	}
}
//# a lock shared with a handler: holds
static DEFINE_SPINLOCK(lock$);
static int x$;
static irqreturn_t handler$(int irq, void *dev)
{
	spin_lock(&lock$);
	x$++;
	spin_unlock(&lock$);
	return IRQ_HANDLED;
}
INIT {
	irq_set_affinity(LINE, cpumask_of(0));
	error = request_irq(LINE, handler$, 0, "dev", NULL);
}
EXIT {
	stop_all();
	free_irq(LINE, NULL);
}
A {
	unsigned long flags;

	spin_lock_irqsave(&lock$, flags);
	x$++;
	spin_unlock_irqrestore(&lock$, flags);
}
B {
	spin_lock_irq(&lock$);
	x$++;
	spin_unlock_irq(&lock$);
}
//# interrupts off on the handler's CPU: holds
static int x$;
static irqreturn_t handler$(int irq, void *dev)
{
	x$++;
	return IRQ_HANDLED;
}
INIT {
	irq_set_affinity(LINE, cpumask_of(0));
	error = request_irq(LINE, handler$, 0, "dev", NULL);
}
EXIT {
	stop_all();
	free_irq(LINE, NULL);
}
A {
	local_irq_disable();
	x$++;
	local_irq_enable();
}
//# interrupts on: data-race
static int x$;
static irqreturn_t handler$(int irq, void *dev)
{
	x$++;
	return IRQ_HANDLED;
}
INIT {
	irq_set_affinity(LINE, cpumask_of(0));
	error = request_irq(LINE, handler$, 0, "dev", NULL);
}
EXIT {
	stop_all();
	free_irq(LINE, NULL);
}
A {
	x$++;
}
//# interrupts off on another CPU: data-race
static int x$;
static irqreturn_t handler$(int irq, void *dev)
{
	x$++;
	return IRQ_HANDLED;
}
INIT {
	irq_set_affinity(LINE, cpumask_of(0));
	error = request_irq(LINE, handler$, 0, "dev", NULL);
}
EXIT {
	stop_all();
	free_irq(LINE, NULL);
}
B {
	local_irq_disable();
	x$++;
	local_irq_enable();
}
//# a tasklet and bh off: holds
static int x$;
static void soft$(struct tasklet_struct *unused)
{
	x$++;
}
static DECLARE_TASKLET(tasklet$, soft$);
EXIT {
	stop_all();
	tasklet_kill(&tasklet$);
}
A {
	tasklet_schedule(&tasklet$);
	local_bh_disable();
	x$++;
	local_bh_enable();
}
//# a tasklet and bh on: data-race
static int x$;
static void soft$(struct tasklet_struct *unused)
{
	x$++;
}
static DECLARE_TASKLET(tasklet$, soft$);
EXIT {
	stop_all();
	tasklet_kill(&tasklet$);
}
A {
	tasklet_schedule(&tasklet$);
}
B {
	x$++;
}
//# two runs of one tasklet: holds
static int x$;
static void soft$(struct tasklet_struct *unused)
{
	x$++;
}
static DECLARE_TASKLET(tasklet$, soft$);
EXIT {
	stop_all();
	tasklet_kill(&tasklet$);
}
A {
	tasklet_schedule(&tasklet$);
}
B {
	tasklet_schedule(&tasklet$);
}
//# two runs of one work item: holds
static int x$;
static void work$(struct work_struct *unused)
{
	x$++;
}
static DECLARE_WORK(item$, work$);
EXIT {
	stop_all();
	flush_work(&item$);
}
A {
	schedule_work(&item$);
}
B {
	schedule_work(&item$);
}
//# two runs of one handler: holds
// on whatever CPU
static int x$;
static irqreturn_t handler$(int irq, void *dev)
{
	x$++;
	return IRQ_HANDLED;
}
INIT {
	error = request_irq(LINE, handler$, 0, "dev", NULL);
}
EXIT {
	free_irq(LINE, NULL);
}
//# per-CPU data with preemption off: holds
static DEFINE_PER_CPU(int, x$);
static void add$(void)
{
	preempt_disable();
	__this_cpu_inc(x$);
	preempt_enable();
}
INIT {
	run(call, add$, 1);
	run(call, add$, 1);
}
//# per-CPU data by get_cpu_ptr(): holds
static DEFINE_PER_CPU(long, x$);
static void add$(void)
{
	(*get_cpu_ptr(&x$))++;
	put_cpu_ptr(&x$);
}
INIT {
	run(call, add$, 0);
	run(call, add$, 0);
	run(call, add$, 1);
}
//# this_cpu_inc() needs no more: holds
static DEFINE_PER_CPU(long, x$);
static void add$(void)
{
	this_cpu_inc(x$);
}
INIT {
	run(call, add$, 0);
	run(call, add$, 0);
}
//# per-CPU data with preemption on: data-race
static DEFINE_PER_CPU(int, x$);
static void add$(void)
{
	(*raw_cpu_ptr(&x$))++;
}
INIT {
	run(call, add$, 1);
	run(call, add$, 1);
}
//# another CPU's data: data-race
static DEFINE_PER_CPU(int, x$);
A {
	preempt_disable();
	__this_cpu_inc(x$);
	preempt_enable();
}
B {
	per_cpu(x$, 0)++;
}
"#;

#[test]
fn what_is_begun_sees_what_was_before_and_who_waits_sees_all_of_it() {
    meets("edges", EDGES);
}

/// `x` is written before, and read after the end.
const EDGES: &str = r#"
//# a thread: holds
static int x$;
static int thread$(void *unused)
{
	x$++;
	return 0;
}
INIT {
	x$ = 1;
	run(thread$, NULL, 1);
}
EXIT {
	stop_all();
	BUG_ON(x$ > 2);
}
//# a thread, written to after it was started: data-race
static int x$;
static int thread$(void *unused)
{
	x$++;
	return 0;
}
INIT {
	run(thread$, NULL, 1);
	x$ = 1;
}
//# a line: holds
static int x$;
static irqreturn_t handler$(int irq, void *dev)
{
	x$++;
	return IRQ_HANDLED;
}
INIT {
	x$ = 1;
	error = request_irq(LINE, handler$, 0, "dev", NULL);
}
EXIT {
	free_irq(LINE, NULL);
	BUG_ON(x$ > 2);
}
//# a line, read before it is freed: data-race
static int x$;
static irqreturn_t handler$(int irq, void *dev)
{
	x$++;
	return IRQ_HANDLED;
}
INIT {
	error = request_irq(LINE, handler$, 0, "dev", NULL);
}
EXIT {
	use(x$);
	free_irq(LINE, NULL);
}
//# a line that is disabled: holds
static int x$;
static irqreturn_t handler$(int irq, void *dev)
{
	x$++;
	return IRQ_HANDLED;
}
INIT {
	error = request_irq(LINE, handler$, 0, "dev", NULL);
}
EXIT {
	disable_irq(LINE);
	x$++;
	enable_irq(LINE);
	free_irq(LINE, NULL);
}
//# a line that is disabled without waiting: data-race
static int x$;
static irqreturn_t handler$(int irq, void *dev)
{
	x$++;
	return IRQ_HANDLED;
}
INIT {
	irq_set_affinity(LINE, cpumask_of(1));
	error = request_irq(LINE, handler$, 0, "dev", NULL);
}
EXIT {
	disable_irq_nosync(LINE);
	x$++;
	enable_irq(LINE);
	free_irq(LINE, NULL);
}
//# a timer: holds
static int x$;
static void expired$(struct timer_list *unused)
{
	x$++;
}
static DEFINE_TIMER(timer$, expired$);
INIT {
	x$ = 1;
	mod_timer(&timer$, jiffies + 1);
}
EXIT {
	del_timer_sync(&timer$);
	use(x$);
}
//# a timer that is deleted without waiting: data-race
static int x$;
static void expired$(struct timer_list *unused)
{
	x$++;
}
static DEFINE_TIMER(timer$, expired$);
INIT {
	timer$.expires = jiffies + 1;
	add_timer_on(&timer$, 1);
}
EXIT {
	del_timer(&timer$);
	use(x$);
}
//# work: holds
static int x$;
static void work$(struct work_struct *unused)
{
	x$++;
}
static DECLARE_WORK(item$, work$);
INIT {
	x$ = 1;
	schedule_work(&item$);
}
EXIT {
	cancel_work_sync(&item$);
	use(x$);
}
//# work that is flushed: holds
static int x$;
static void work$(struct work_struct *unused)
{
	x$++;
}
static DECLARE_WORK(item$, work$);
INIT {
	x$ = 1;
	schedule_work(&item$);
	flush_work(&item$);
	use(x$);
}
//# work that is not waited for: data-race
static int x$;
static void work$(struct work_struct *unused)
{
	x$++;
}
static DECLARE_WORK(item$, work$);
INIT {
	schedule_work(&item$);
	use(x$);
	flush_work(&item$);
}
//# delayed work: holds
static int x$;
static void work$(struct work_struct *unused)
{
	x$++;
}
static DECLARE_DELAYED_WORK(item$, work$);
INIT {
	x$ = 1;
	schedule_delayed_work(&item$, 1);
}
EXIT {
	cancel_delayed_work_sync(&item$);
	use(x$);
}
//# a tasklet: holds
static int x$;
static void soft$(struct tasklet_struct *unused)
{
	x$++;
}
static DECLARE_TASKLET(tasklet$, soft$);
INIT {
	x$ = 1;
	tasklet_schedule(&tasklet$);
}
EXIT {
	tasklet_kill(&tasklet$);
	use(x$);
}
//# a tasklet that is disabled: holds
static int x$;
static void soft$(struct tasklet_struct *unused)
{
	x$++;
}
static DECLARE_TASKLET(tasklet$, soft$);
INIT {
	tasklet_schedule(&tasklet$);
}
EXIT {
	tasklet_disable(&tasklet$);
	x$++;
	tasklet_enable(&tasklet$);
	tasklet_kill(&tasklet$);
}
//# a call on another CPU: holds
static int x$;
static void there$(void *unused)
{
	x$++;
}
INIT {
	x$ = 1;
	smp_call_function_single(1, there$, NULL, 1);
	use(x$);
}
//# a sleeper that is woken: holds
static int x$, ready$;
static int thread$(void *unused)
{
	set_current_state(TASK_INTERRUPTIBLE);
	while (!smp_load_acquire(&ready$)) {
		schedule();
		set_current_state(TASK_INTERRUPTIBLE);
	}
	__set_current_state(TASK_RUNNING);
	use(x$);
	return 0;
}
INIT {
	run(thread$, NULL, 1);
	x$ = 1;
	smp_store_release(&ready$, 1);
	wake_up_process(tasks[0]);
}
//# a handler, then work, then exit: holds
static int x$;
static void work$(struct work_struct *unused)
{
	x$++;
}
static DECLARE_WORK(item$, work$);
static irqreturn_t handler$(int irq, void *dev)
{
	x$++;
	disable_irq_nosync(irq);
	schedule_work(&item$);
	return IRQ_HANDLED;
}
INIT {
	x$ = 1;
	irq_set_affinity(LINE, cpumask_of(0));
	error = request_irq(LINE, handler$, 0, "dev", NULL);
}
EXIT {
	free_irq(LINE, NULL);
	flush_work(&item$);
	use(x$);
}
//# a released value is written over: data-race
static int x$, f$, g$;
static int writer$(void *unused)
{
	x$ = 1;
	smp_store_release(&f$, 1);
	WRITE_ONCE(g$, 1);
	return 0;
}
static int other$(void *unused)
{
	WRITE_ONCE(f$, 2);
	return 0;
}
INIT {
	run(writer$, NULL, 1);
	run(other$, NULL, 1);
	if (READ_ONCE(g$) == 1 && smp_load_acquire(&f$) == 2)
		use(x$);
}
//# a released value is added to: holds
static int x$;
static atomic_t f$ = ATOMIC_INIT(0);
static int writer$(void *unused)
{
	x$ = 1;
	atomic_set_release(&f$, 1);
	return 0;
}
static int other$(void *unused)
{
	atomic_add_unless(&f$, 2, 0);
	return 0;
}
INIT {
	run(writer$, NULL, 1);
	run(other$, NULL, 1);
	if (atomic_read_acquire(&f$) == 3)
		use(x$);
}
//# who looks whether somebody waits: bug
static DECLARE_WAIT_QUEUE_HEAD(queue$);
static DECLARE_WAITQUEUE(entry$, NULL);
static int thread$(void *unused)
{
	add_wait_queue(&queue$, &entry$);
	return 0;
}
INIT {
	run(thread$, NULL, 1);
	BUG_ON(waitqueue_active(&queue$));
}
EXIT {
	remove_wait_queue(&queue$, &entry$);
}
"#;
