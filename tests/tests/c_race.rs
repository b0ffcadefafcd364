//! Data races of C modules: what is one under each setting, and the orders that make it none.

mod c;
#[path = "c/table.rs"]
mod table;

use table::meets;

#[test]
fn what_races_and_what_does_not() {
    meets("pairs", PAIRS);
}

/// Each with `--data-race` strict, kcsan and off. What is only written is not static: it would be nothing at all.
const PAIRS: &str = r"
//# a word is written and read: data-race data-race holds
static int x$;
A {
	x$ = 1;
}
B {
	use(x$);
}
//# a word is written twice: data-race holds holds
int x$;
A {
	x$ = 1;
}
B {
	x$ = 2;
}
//# a word is incremented twice: data-race data-race holds
static int x$;
A {
	x$++;
}
B {
	x$++;
}
//# a plain write and a marked read: data-race holds holds
static int x$;
A {
	x$ = 1;
}
B {
	use(READ_ONCE(x$));
}
//# a marked write and a plain read: data-race data-race holds
static int x$;
A {
	WRITE_ONCE(x$, 1);
}
B {
	use(x$);
}
//# both are marked: holds holds holds
static int x$;
A {
	WRITE_ONCE(x$, 1);
}
B {
	use(READ_ONCE(x$));
}
//# two reads: holds holds holds
static int x$ = 3;
A {
	use(x$);
}
B {
	use(x$);
}
//# bytes next to each other: holds holds holds
char x$[2];
A {
	x$[0] = 1;
}
B {
	x$[1] = 1;
}
//# a byte of a word: data-race data-race holds
static union { u32 word; u8 byte[4]; } x$;
A {
	x$.byte[3] = 1;
}
B {
	use(x$.word);
}
//# data_race() on both sides: holds holds holds
static int x$;
A {
	data_race(x$ = 1);
}
B {
	use(data_race(x$));
}
//# data_race() on one side: holds holds holds
static int x$;
A {
	WRITE_ONCE(x$, 1);
}
B {
	use(data_race(x$));
}
//# data_race() is for its expression only: data-race data-race holds
static int x$, y$;
A {
	x$ = 1;
	WRITE_ONCE(y$, 1);
}
B {
	use(data_race(y$));
	use(x$);
}
//# memset() and a field: data-race data-race holds
struct { long a, b, c; } x$;
A {
	memset(&x$, 0, hide(sizeof(x$)));
}
B {
	use(READ_ONCE(x$.c));
}
//# memset() beside a field: holds holds holds
struct { long a, b, c; } x$;
A {
	memset(&x$, 0, offsetof(typeof(x$), c));
}
B {
	x$.c = 1;
}
//# memcpy() from what is written: data-race data-race holds
char from$[32], to$[32];
A {
	memcpy(to$, from$, hide(32));
}
B {
	from$[31] = 1;
}
//# a structure is copied: data-race data-race holds
struct s$ { long a, b, c; };
struct s$ x$, y$;
A {
	x$ = y$;
}
B {
	y$.b = 1;
}
//# bitfields of one word: data-race - holds
struct { unsigned int a : 3, b : 5; } x$;
A {
	x$.a = 1;
}
B {
	x$.b = 1;
}
//# bitfields of two words: holds holds holds
struct { unsigned int a : 3, : 0, b : 5; } x$;
A {
	x$.a = 1;
}
B {
	x$.b = 1;
}
//# a word that is not aligned: data-race data-race holds
static struct { char c; u32 word; } __packed x$;
A {
	x$.word = 1;
}
B {
	use(READ_ONCE(x$.word));
}
//# atomics: holds holds holds
static atomic_t x$ = ATOMIC_INIT(0);
A {
	atomic_inc(&x$);
}
B {
	use(atomic_dec_return(&x$));
}
//# a plain access to an atomic: data-race data-race holds
static atomic_t x$ = ATOMIC_INIT(0);
A {
	atomic_inc(&x$);
}
B {
	use(x$.counter);
}
//# bit operations, atomic: holds holds holds
static unsigned long x$;
A {
	set_bit(1, &x$);
}
B {
	clear_bit(2, &x$);
}
//# bit operations, one not atomic: data-race data-race holds
static unsigned long x$;
A {
	set_bit(1, &x$);
}
B {
	__set_bit(2, &x$);
}
";

#[test]
fn messages_are_passed_by_what_orders_and_by_nothing_else() {
    meets("messages", MESSAGES);
}

/// One thread prepares and tells, another one sees and uses.
const MESSAGES: &str = r"
//# release and acquire: holds
static int x$, ready$;
A {
	x$ = 1;
	smp_store_release(&ready$, 1);
}
B {
	if (smp_load_acquire(&ready$))
		use(x$);
}
//# marked, but no order: data-race
static int x$, ready$;
A {
	x$ = 1;
	WRITE_ONCE(ready$, 1);
}
B {
	if (READ_ONCE(ready$))
		use(x$);
}
//# release without acquire: data-race
static int x$, ready$;
A {
	x$ = 1;
	smp_store_release(&ready$, 1);
}
B {
	if (READ_ONCE(ready$))
		use(x$);
}
//# two fences: holds
static int x$, ready$;
A {
	x$ = 1;
	smp_wmb();
	WRITE_ONCE(ready$, 1);
}
B {
	if (READ_ONCE(ready$)) {
		smp_rmb();
		use(x$);
	}
}
//# one fence: data-race
static int x$, ready$;
A {
	x$ = 1;
	smp_mb();
	WRITE_ONCE(ready$, 1);
}
B {
	if (READ_ONCE(ready$))
		use(x$);
}
//# an operation that returns a value: holds
static int x$;
static atomic_t ready$ = ATOMIC_INIT(0);
A {
	x$ = 1;
	atomic_inc_return(&ready$);
}
B {
	if (atomic_add_return(0, &ready$))
		use(x$);
}
//# an operation that returns none: data-race
static int x$;
static atomic_t ready$ = ATOMIC_INIT(0);
A {
	x$ = 1;
	atomic_inc(&ready$);
}
B {
	if (atomic_read_acquire(&ready$))
		use(x$);
}
//# exchange: holds
static int x$;
static int *p$;
A {
	x$ = 1;
	xchg(&p$, &x$);
}
B {
	int *p = xchg(&p$, NULL);

	if (p)
		use(*p);
}
//# compare and exchange: holds
static int x$, state$;
A {
	x$ = 1;
	cmpxchg_release(&state$, 0, 1);
}
B {
	if (cmpxchg_acquire(&state$, 1, 2) == 1)
		use(x$);
}
//# a compare and exchange that fails orders nothing: data-race
static int x$, state$;
A {
	x$ = 1;
	cmpxchg(&state$, 7, 8);
}
B {
	if (cmpxchg(&state$, 0, 1) == 0)
		use(x$);
}
//# a lock of one bit: holds
static int x$;
static unsigned long bits$;
A {
	if (!test_and_set_bit_lock(0, &bits$)) {
		x$++;
		clear_bit_unlock(0, &bits$);
	}
}
B {
	if (!test_and_set_bit_lock(0, &bits$)) {
		x$++;
		clear_bit_unlock(0, &bits$);
	}
}
//# a bit that is cleared without order: data-race
static int x$;
static unsigned long bits$;
A {
	if (!test_and_set_bit_lock(0, &bits$)) {
		x$++;
		clear_bit(0, &bits$);
	}
}
B {
	if (!test_and_set_bit_lock(0, &bits$)) {
		x$++;
		clear_bit(0, &bits$);
	}
}
//# the last reference: holds
struct s$ { refcount_t refs; int x, y; };
static struct s$ *p$;
static void put$(void)
{
	if (refcount_dec_and_test(&p$->refs))
		kfree(p$);
}
INIT {
	p$ = kzalloc(sizeof(*p$), GFP_KERNEL);
	BUG_ON(!p$);
	refcount_set(&p$->refs, 2);
}
A {
	p$->x = 1;
	put$();
}
B {
	p$->y = 1;
	put$();
}
//# the last kref: holds
struct s$ { struct kref refs; int x, y; };
static struct s$ *p$;
static void release$(struct kref *refs)
{
	struct s$ *p = container_of(refs, struct s$, refs);

	use(p->x + p->y);
	kfree(p);
}
INIT {
	p$ = kzalloc(sizeof(*p$), GFP_KERNEL);
	BUG_ON(!p$);
	kref_init(&p$->refs);
	kref_get(&p$->refs);
}
A {
	p$->x = 1;
	kref_put(&p$->refs, release$);
}
B {
	p$->y = 1;
	kref_put(&p$->refs, release$);
}
//# a completion: holds
static int x$;
static DECLARE_COMPLETION(done$);
A {
	x$ = 1;
	complete(&done$);
}
B {
	wait_for_completion(&done$);
	use(x$);
}
//# a completion that is only asked: holds
static int x$;
static DECLARE_COMPLETION(done$);
A {
	x$ = 1;
	complete(&done$);
}
B {
	if (try_wait_for_completion(&done$))
		use(x$);
}
//# after the completion it is too late: data-race
static int x$;
static DECLARE_COMPLETION(done$);
A {
	complete(&done$);
	x$ = 1;
}
B {
	wait_for_completion(&done$);
	use(x$);
}
//# a wait queue with release and acquire: holds
static int x$, ready$;
static DECLARE_WAIT_QUEUE_HEAD(queue$);
A {
	x$ = 1;
	smp_store_release(&ready$, 1);
	wake_up(&queue$);
}
B {
	wait_event(queue$, smp_load_acquire(&ready$));
	use(x$);
}
//# a wait queue whose condition orders nothing: data-race
static int x$, ready$;
static DECLARE_WAIT_QUEUE_HEAD(queue$);
A {
	x$ = 1;
	WRITE_ONCE(ready$, 1);
	wake_up(&queue$);
}
B {
	wait_event(queue$, READ_ONCE(ready$));
	use(x$);
}
";
