//! What C code does to memory and to itself, and what it leaves behind.

mod c;
#[path = "c/table.rs"]
mod table;

use table::meets;

#[test]
fn memory_is_used_as_long_and_as_far_as_it_is_there() {
    meets("memory", MEMORY);
}

const MEMORY: &str = r#"
//# freed while another reads: use-after-free
static struct s$ { long pad, x; } *p$;
INIT {
	p$ = kzalloc(sizeof(*p$), GFP_KERNEL);
	BUG_ON(!p$);
}
A {
	kfree(p$);
}
B {
	use(p$->x);
}
//# freed while another writes: use-after-free
static int *p$;
INIT {
	p$ = kzalloc(sizeof(*p$), GFP_KERNEL);
	BUG_ON(!p$);
}
A {
	kfree(p$);
}
B {
	*p$ = 1;
}
//# freed after the other has ended: holds
static int *p$;
INIT {
	p$ = kzalloc(sizeof(*p$), GFP_KERNEL);
	BUG_ON(!p$);
}
B {
	*p$ = 1;
}
EXIT {
	stop_all();
	kfree(p$);
}
//# used after it was freed: use-after-free
INIT {
	int *p = kzalloc(sizeof(*p), GFP_KERNEL);

	BUG_ON(!p);
	kfree(p);
	use(*(int *)hide((long)p));
}
//# a text is read after it was freed: use-after-free
INIT {
	char *p = kstrdup("text", GFP_KERNEL);

	BUG_ON(!p);
	kfree(p);
	use(strlen((char *)hide((long)p)));
}
//# freed twice: double-free
INIT {
	int *p = kzalloc(sizeof(*p), GFP_KERNEL);

	BUG_ON(!p);
	kfree(p);
	kfree((void *)hide((long)p));
}
//# a byte behind: out-of-bounds
INIT {
	char *p = kmalloc(10, GFP_KERNEL);

	BUG_ON(!p);
	((char *)hide((long)p))[10] = 1;
	kfree(p);
}
//# a byte before: out-of-bounds
INIT {
	char *p = kmalloc(10, GFP_KERNEL);

	BUG_ON(!p);
	use(((char *)hide((long)p))[-1]);
	kfree(p);
}
//# a word across the end: out-of-bounds
INIT {
	char *p = kmalloc(10, GFP_KERNEL);

	BUG_ON(!p);
	use(*(long *)(hide((long)p) + 8));
	kfree(p);
}
//# the last byte: holds
INIT {
	char *p = kmalloc(10, GFP_KERNEL);

	BUG_ON(!p);
	((char *)hide((long)p))[9] = 1;
	use(((char *)hide((long)p))[0]);
	kfree(p);
}
//# memcpy() of a byte too many: out-of-bounds
static char from$[16];
INIT {
	char *p = kmalloc(10, GFP_KERNEL);

	BUG_ON(!p);
	memcpy(p, from$, hide(11));
	kfree(p);
}
//# memcpy() from a byte too many: out-of-bounds
static char to$[16];
INIT {
	char *p = kzalloc(10, GFP_KERNEL);

	BUG_ON(!p);
	memcpy(to$, p, hide(11));
	kfree(p);
}
//# memcpy() of all: holds
static char from$[16];
INIT {
	char *p = kmalloc(10, GFP_KERNEL);

	BUG_ON(!p);
	memcpy(p, from$, hide(10));
	kfree(p);
}
//# strcpy() without room for the end: out-of-bounds
INIT {
	char *p = kmalloc(hide(4), GFP_KERNEL);

	BUG_ON(!p);
	strcpy(p, "text");
	kfree(p);
}
//# a text without an end: out-of-bounds
INIT {
	char *p = kmalloc(4, GFP_KERNEL);

	BUG_ON(!p);
	memset(p, 'x', 4);
	use(strlen(p));
	kfree(p);
}
//# a completion whose function has returned: use-after-return
static struct completion *waiter$;
static noinline void begin$(void)
{
	DECLARE_COMPLETION_ONSTACK(done);

	WRITE_ONCE(waiter$, &done);
}
INIT {
	begin$();
	complete(READ_ONCE(waiter$));
}
//# a timer whose function has returned: use-after-return
static void expired$(struct timer_list *unused)
{
}
static noinline void begin$(void)
{
	struct timer_list timer;

	timer_setup_on_stack(&timer, expired$, 0);
	mod_timer(&timer, jiffies + 1);
}
INIT {
	begin$();
	msleep(10);
}
//# work whose function has returned: use-after-return
static void work$(struct work_struct *unused)
{
}
static noinline void begin$(void)
{
	struct work_struct item;

	INIT_WORK_ONSTACK(&item, work$);
	schedule_work(&item);
}
INIT {
	begin$();
	msleep(10);
}
//# a wait entry whose function has returned: use-after-return
static DECLARE_WAIT_QUEUE_HEAD(queue$);
static noinline void begin$(void)
{
	DEFINE_WAIT(entry);

	prepare_to_wait(&queue$, &entry, TASK_UNINTERRUPTIBLE);
	__set_current_state(TASK_RUNNING);
}
INIT {
	begin$();
	wake_up(&queue$);
}
//# a timer that is waited for: holds
static void expired$(struct timer_list *unused)
{
}
static noinline void begin$(void)
{
	struct timer_list timer;

	timer_setup_on_stack(&timer, expired$, 0);
	mod_timer(&timer, jiffies + 1);
	del_timer_sync(&timer);
	destroy_timer_on_stack(&timer);
}
INIT {
	begin$();
}
//# an allocated spinlock: uninitialised-lock
INIT {
	spinlock_t *lock = kzalloc(sizeof(*lock), GFP_KERNEL);

	BUG_ON(!lock);
	spin_lock(lock);
	spin_unlock(lock);
	kfree(lock);
}
//# a static spinlock of zeroes: uninitialised-lock
static spinlock_t lock$;
INIT {
	spin_lock(&lock$);
	spin_unlock(&lock$);
}
//# a mutex: uninitialised-lock
static struct mutex lock$;
INIT {
	mutex_lock(&lock$);
	mutex_unlock(&lock$);
}
//# a wait queue: uninitialised-lock
static wait_queue_head_t queue$;
INIT {
	wake_up(&queue$);
}
//# a completion: uninitialised-lock
static struct completion done$;
INIT {
	complete(&done$);
}
//# locks that are initialised late: holds
static spinlock_t lock$;
static struct mutex mutex$;
static struct completion done$;
INIT {
	spin_lock_init(&lock$);
	mutex_init(&mutex$);
	init_completion(&done$);
	mutex_lock(&mutex$);
	spin_lock(&lock$);
	complete(&done$);
	spin_unlock(&lock$);
	mutex_unlock(&mutex$);
}
"#;

#[test]
fn faults_are_findings() {
    meets("faults", FAULTS);
}

const FAULTS: &str = r#"
//# NULL is read: page-fault
INIT {
	use(*(int *)hide(0));
}
//# NULL is written: page-fault
INIT {
	((int *)hide(0))[3] = 1;
}
//# NULL for memcpy(): page-fault
static char to$[8];
INIT {
	memcpy(to$, (void *)hide(0), 8);
}
//# NULL for strlen(): page-fault
INIT {
	use(strlen((char *)hide(0)));
}
//# NULL for a lock: page-fault
INIT {
	spin_lock((spinlock_t *)hide(0));
}
//# a wild pointer: page-fault
INIT {
	*(int *)hide(0x123456789000) = 1;
}
//# an address that is none: page-fault
INIT {
	use(*(int *)hide(0x6b6b6b6b6b6b6b6b));
}
//# an error pointer: page-fault
INIT {
	use(*(int *)hide(-12));
}
//# a constant is written: page-fault
static const int x$ = 1;
INIT {
	*(int *)hide((long)&x$) = 2;
}
//# a function that is NULL: page-fault
INIT {
	((void (*)(void))hide(0))();
}
//# a function that is none: page-fault
static int x$;
INIT {
	((void (*)(void))hide((long)&x$))();
}
//# a division by zero: divide-error
INIT {
	use(7 / (int)hide(0));
}
//# a remainder by zero in a handler: divide-error
static irqreturn_t handler$(int irq, void *dev)
{
	use(7 % hide(0));
	return IRQ_HANDLED;
}
INIT {
	error = request_irq(LINE, handler$, 0, "dev", NULL);
}
EXIT {
	free_irq(LINE, NULL);
}
//# a quotient that does not fit: divide-error
INIT {
	use((int)hide(INT_MIN) / (int)hide(-1));
}
//# a recursion: stack-overflow
static noinline long deeper$(long n)
{
	char frame[200];

	memset(frame, 1, sizeof(frame));
	use((long)frame);
	return deeper$(n + 1) + frame[n & 7];
}
INIT {
	use(deeper$(hide(0)));
}
//# a recursion in a thread: stack-overflow
static noinline long deeper$(long n)
{
	return deeper$(n + 1) + hide(n);
}
A {
	use(deeper$(hide(0)));
}
//# an array: stack-overflow
static noinline void large$(void)
{
	char array[1 << 20];

	((volatile char *)hide((long)array))[0] = 1;
	use((long)array);
}
INIT {
	large$();
}
//# an array that fits: holds
static noinline void small$(void)
{
	char array[1024];

	memset(array, 1, sizeof(array));
	use((long)array);
}
INIT {
	small$();
}
//# BUG(): bug
INIT {
	if (hide(1))
		BUG();
}
//# BUG_ON() of a condition that is false: holds
INIT {
	BUG_ON(hide(0));
}
//# WARN_ON(): warn
INIT {
	use(WARN_ON(hide(1)));
}
//# WARN_ON() of a condition that is false: holds
INIT {
	use(WARN_ON(hide(0)));
}
//# WARN_ONCE() with words: warn
INIT {
	WARN_ONCE(hide(1), "so %d\n", 3);
}
//# panic(): bug
INIT {
	panic("at %d", 3);
}
//# an unreachable place in one order only: bug
static int x$;
A {
	WRITE_ONCE(x$, 1);
}
B {
	BUG_ON(READ_ONCE(x$));
}
"#;

#[test]
fn a_loop_without_steps_locks_up() {
    meets("loops", LOOPS);
}

/// They cost processor time: few of them.
const LOOPS: &str = r"
//# for ever: soft-lockup
INIT {
	volatile int i = 0;

	while (i < 1)
		i = 0;
}
";

#[test]
fn what_is_left_behind_is_found() {
    meets("leftovers", LEFTOVERS);
}

const LEFTOVERS: &str = r#"
//# memory: leak
static void *p$;
INIT {
	p$ = kmalloc(10, GFP_KERNEL);
}
//# memory, after init has failed: leak
static void *p$;
INIT {
	p$ = kmalloc(10, GFP_KERNEL);
	error = -EBUSY;
}
//# an init that fails and leaves nothing: holds
INIT {
	void *p = kmalloc(10, GFP_KERNEL);

	kfree((void *)hide((long)p));
	error = -EBUSY;
}
//# a line, after init has failed: leak
static irqreturn_t handler$(int irq, void *dev)
{
	return IRQ_HANDLED;
}
INIT {
	BUG_ON(request_irq(LINE, handler$, 0, "dev", NULL));
	error = -EBUSY;
}
//# a line: leak
static irqreturn_t handler$(int irq, void *dev)
{
	return IRQ_HANDLED;
}
INIT {
	error = request_irq(LINE, handler$, 0, "dev", NULL);
}
//# an armed timer: leak
static struct timer_list timer$;
static void expired$(struct timer_list *unused)
{
	mod_timer(&timer$, jiffies + 1);
}
INIT {
	timer_setup(&timer$, expired$, 0);
	mod_timer(&timer$, jiffies + 1);
}
//# a mutex: unbalanced-context
static DEFINE_MUTEX(lock$);
INIT {
	mutex_lock(&lock$);
}
//# a thread that waits for ever: hang
static int thread$(void *unused)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule();
	return 0;
}
INIT {
	run(thread$, NULL, 0);
	put_task_struct(tasks[--nr_tasks]);
}
//# a thread that nobody stops: hang
static DECLARE_WAIT_QUEUE_HEAD(queue$);
static int thread$(void *unused)
{
	wait_event(queue$, kthread_should_stop());
	return 0;
}
INIT {
	run(thread$, NULL, 0);
	put_task_struct(tasks[--nr_tasks]);
}
//# an exit that waits for what never comes: hang
static DECLARE_COMPLETION(done$);
EXIT {
	wait_for_completion(&done$);
}
//# a spinlock: unbalanced-context
static DEFINE_SPINLOCK(lock$);
INIT {
	spin_lock(&lock$);
}
//# interrupts off: unbalanced-context
A {
	local_irq_disable();
}
//# work that re-queues itself and is only flushed: leak
static struct work_struct item$;
static int times$;
static void work$(struct work_struct *unused)
{
	if (times$++ < 3)
		schedule_work(&item$);
}
INIT {
	INIT_WORK(&item$, work$);
}
EXIT {
	schedule_work(&item$);
}
//# work that exit queues: leak
static void work$(struct work_struct *unused)
{
}
static DECLARE_WORK(item$, work$);
EXIT {
	schedule_work(&item$);
}
//# a delayed work: leak
static void work$(struct work_struct *unused)
{
}
static DECLARE_DELAYED_WORK(item$, work$);
EXIT {
	schedule_delayed_work(&item$, 10);
}
//# a tasklet that is disabled and scheduled: leak
static void soft$(struct tasklet_struct *unused)
{
}
static DECLARE_TASKLET_DISABLED(tasklet$, soft$);
INIT {
	tasklet_schedule(&tasklet$);
}
"#;
