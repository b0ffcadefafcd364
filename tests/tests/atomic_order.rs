//! What each atomic operation orders, in Rust and from C: three programs for each, in which only that order keeps two
//! plain accesses from racing.
//!
//! *Release*: the operation comes after a plain write; who sees the flag behind it, acquires the word and reads. *Acquire*:
//! the plain write is released on the word; who sees the flag does the operation on it and reads. *Barrier*: both do it,
//! each on a word of its own.

#[path = "c/mod.rs"]
mod c;
#[path = "c/table.rs"]
mod table;

use ringzero::atomic::{
    Atomic, BitWord, Marked, PlainCell, Refcount, change_bit, clear_bit, clear_bit_unlock, set_bit, smp_mb,
    smp_mb_after_atomic, smp_mb_before_atomic, test_and_change_bit, test_and_clear_bit, test_and_set_bit,
    test_and_set_bit_lock, test_bit, test_bit_acquire, xor_unlock_is_negative_byte,
};
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::{Check, Report, Verdict};

/// What an operation orders.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Order {
    Nothing,
    Acquire,
    Release,
    Full,
    /// With a barrier before it.
    Before,
    /// With a barrier after it.
    After,
}
use Order::{Acquire, After, Before, Full, Nothing, Release};

/// The three programs.
#[derive(Clone, Copy, Debug)]
enum Program {
    Releases,
    Acquires,
    IsBarrier,
}
const PROGRAMS: [Program; 3] = [Program::Releases, Program::Acquires, Program::IsBarrier];

fn expected(order: Order, program: Program) -> &'static str {
    let holds = match program {
        Program::Releases => matches!(order, Release | Full | Before),
        Program::Acquires => matches!(order, Acquire | Full | After),
        Program::IsBarrier => matches!(order, Full | Before | After),
    };
    if holds { "holds" } else { "data-race" }
}

/// An operation on one of two words, which are `start` before.
struct Op<W: 'static> {
    start: i32,
    order: Order,
    /// In C; the word is `v`.
    c: &'static str,
    rust: fn(&W),
}

/// What it returns is another test's.
fn ignore<R>(_: R) {}

macro_rules! ops {
    ($name:ident of $word:ty { $($start:literal $order:ident $c:literal $rust:expr;)* }) => {
        const $name: &[Op<$word>] = &[$(Op { start: $start, order: $order, c: $c, rust: |v| ignore($rust(v)) }),*];
    };
}

ops! { ATOMICS of Atomic {
    1 Nothing "atomic_read(v)" |v: &Atomic| v.read();
    1 Acquire "atomic_read_acquire(v)" |v: &Atomic| v.read_acquire();
    1 Nothing "atomic_set(v, 1)" |v: &Atomic| v.set(1);
    1 Release "atomic_set_release(v, 1)" |v: &Atomic| v.set_release(1);
    1 Acquire "atomic_cond_read_acquire(v, VAL == 1)" |v: &Atomic| v.cond_read_acquire(|n| n == 1);
    1 Nothing "atomic_cond_read_relaxed(v, VAL == 1)" |v: &Atomic| v.cond_read_relaxed(|n| n == 1);

    1 Nothing "atomic_add(2, v)" |v: &Atomic| v.add(2);
    1 Nothing "atomic_sub(2, v)" |v: &Atomic| v.sub(2);
    1 Nothing "atomic_inc(v)" |v: &Atomic| v.inc();
    1 Nothing "atomic_dec(v)" |v: &Atomic| v.dec();
    3 Nothing "atomic_and(1, v)" |v: &Atomic| v.and(1);
    1 Nothing "atomic_or(2, v)" |v: &Atomic| v.or(2);
    1 Nothing "atomic_xor(3, v)" |v: &Atomic| v.xor(3);
    3 Nothing "atomic_andnot(1, v)" |v: &Atomic| v.andnot(1);
    1 Before "smp_mb__before_atomic(), atomic_inc(v)" |v: &Atomic| (smp_mb_before_atomic(), v.inc());
    1 After "atomic_inc(v), smp_mb__after_atomic()" |v: &Atomic| (v.inc(), smp_mb_after_atomic());
    1 Full "smp_mb__before_atomic_dec(), atomic_dec(v), smp_mb__after_atomic_dec()"
        |v: &Atomic| (smp_mb_before_atomic(), v.dec(), smp_mb_after_atomic());
    1 Full "smp_mb__before_atomic_inc(), atomic_inc(v), smp_mb__after_atomic_inc()"
        |v: &Atomic| (smp_mb_before_atomic(), v.inc(), smp_mb_after_atomic());

    1 Full "atomic_add_return(2, v)" |v: &Atomic| v.add_return(2);
    1 Full "atomic_sub_return(2, v)" |v: &Atomic| v.sub_return(2);
    1 Full "atomic_inc_return(v)" |v: &Atomic| v.inc_return();
    1 Full "atomic_dec_return(v)" |v: &Atomic| v.dec_return();
    1 Full "atomic_fetch_add(2, v)" |v: &Atomic| v.fetch_add(2);
    1 Full "atomic_fetch_sub(2, v)" |v: &Atomic| v.fetch_sub(2);
    1 Full "atomic_fetch_inc(v)" |v: &Atomic| v.fetch_inc();
    1 Full "atomic_fetch_dec(v)" |v: &Atomic| v.fetch_dec();
    3 Full "atomic_fetch_and(1, v)" |v: &Atomic| v.fetch_and(1);
    1 Full "atomic_fetch_or(2, v)" |v: &Atomic| v.fetch_or(2);
    1 Full "atomic_fetch_xor(3, v)" |v: &Atomic| v.fetch_xor(3);
    3 Full "atomic_fetch_andnot(1, v)" |v: &Atomic| v.fetch_andnot(1);
    1 Full "atomic_sub_and_test(1, v)" |v: &Atomic| v.sub_and_test(1);
    2 Full "atomic_dec_and_test(v)" |v: &Atomic| v.dec_and_test();
    1 Full "atomic_inc_and_test(v)" |v: &Atomic| v.inc_and_test();
    1 Full "atomic_add_negative(-5, v)" |v: &Atomic| v.add_negative(-5);
    1 Full "atomic_xchg(v, 7)" |v: &Atomic| v.xchg(7);
    1 Full "atomic_cmpxchg(v, 1, 7)" |v: &Atomic| v.cmpxchg(1, 7);
    2 Nothing "atomic_cmpxchg(v, 1, 7)" |v: &Atomic| v.cmpxchg(1, 7);
    1 Full "atomic_try_cmpxchg(v, &(value){ 1 }, 7)" |v: &Atomic| v.try_cmpxchg(&mut 1, 7);
    2 Nothing "atomic_try_cmpxchg(v, &(value){ 1 }, 7)" |v: &Atomic| v.try_cmpxchg(&mut 1, 7);
    1 Full "atomic_fetch_add_unless(v, 2, 0)" |v: &Atomic| v.fetch_add_unless(2, 0);
    1 Nothing "atomic_fetch_add_unless(v, 2, 1)" |v: &Atomic| v.fetch_add_unless(2, 1);
    1 Full "atomic_add_unless(v, 2, 0)" |v: &Atomic| v.add_unless(2, 0);
    1 Nothing "atomic_add_unless(v, 2, 1)" |v: &Atomic| v.add_unless(2, 1);
    1 Full "atomic_inc_not_zero(v)" |v: &Atomic| v.inc_not_zero();
    0 Nothing "atomic_inc_not_zero(v)" |v: &Atomic| v.inc_not_zero();
    1 Full "atomic_dec_if_positive(v)" |v: &Atomic| v.dec_if_positive();
    0 Nothing "atomic_dec_if_positive(v)" |v: &Atomic| v.dec_if_positive();
    0 Full "atomic_inc_unless_negative(v)" |v: &Atomic| v.inc_unless_negative();
    -1 Nothing "atomic_inc_unless_negative(v)" |v: &Atomic| v.inc_unless_negative();
    0 Full "atomic_dec_unless_positive(v)" |v: &Atomic| v.dec_unless_positive();
    1 Nothing "atomic_dec_unless_positive(v)" |v: &Atomic| v.dec_unless_positive();

    1 Nothing "atomic_add_return_relaxed(2, v)" |v: &Atomic| v.add_return_relaxed(2);
    1 Acquire "atomic_add_return_acquire(2, v)" |v: &Atomic| v.add_return_acquire(2);
    1 Release "atomic_add_return_release(2, v)" |v: &Atomic| v.add_return_release(2);
    1 Nothing "atomic_sub_return_relaxed(2, v)" |v: &Atomic| v.sub_return_relaxed(2);
    1 Acquire "atomic_sub_return_acquire(2, v)" |v: &Atomic| v.sub_return_acquire(2);
    1 Release "atomic_sub_return_release(2, v)" |v: &Atomic| v.sub_return_release(2);
    1 Nothing "atomic_inc_return_relaxed(v)" |v: &Atomic| v.inc_return_relaxed();
    1 Acquire "atomic_inc_return_acquire(v)" |v: &Atomic| v.inc_return_acquire();
    1 Release "atomic_inc_return_release(v)" |v: &Atomic| v.inc_return_release();
    1 Nothing "atomic_dec_return_relaxed(v)" |v: &Atomic| v.dec_return_relaxed();
    1 Acquire "atomic_dec_return_acquire(v)" |v: &Atomic| v.dec_return_acquire();
    1 Release "atomic_dec_return_release(v)" |v: &Atomic| v.dec_return_release();
    1 Nothing "atomic_fetch_add_relaxed(2, v)" |v: &Atomic| v.fetch_add_relaxed(2);
    1 Acquire "atomic_fetch_add_acquire(2, v)" |v: &Atomic| v.fetch_add_acquire(2);
    1 Release "atomic_fetch_add_release(2, v)" |v: &Atomic| v.fetch_add_release(2);
    1 Nothing "atomic_fetch_sub_relaxed(2, v)" |v: &Atomic| v.fetch_sub_relaxed(2);
    1 Acquire "atomic_fetch_sub_acquire(2, v)" |v: &Atomic| v.fetch_sub_acquire(2);
    1 Release "atomic_fetch_sub_release(2, v)" |v: &Atomic| v.fetch_sub_release(2);
    1 Nothing "atomic_fetch_inc_relaxed(v)" |v: &Atomic| v.fetch_inc_relaxed();
    1 Acquire "atomic_fetch_inc_acquire(v)" |v: &Atomic| v.fetch_inc_acquire();
    1 Release "atomic_fetch_inc_release(v)" |v: &Atomic| v.fetch_inc_release();
    1 Nothing "atomic_fetch_dec_relaxed(v)" |v: &Atomic| v.fetch_dec_relaxed();
    1 Acquire "atomic_fetch_dec_acquire(v)" |v: &Atomic| v.fetch_dec_acquire();
    1 Release "atomic_fetch_dec_release(v)" |v: &Atomic| v.fetch_dec_release();
    3 Nothing "atomic_fetch_and_relaxed(1, v)" |v: &Atomic| v.fetch_and_relaxed(1);
    3 Acquire "atomic_fetch_and_acquire(1, v)" |v: &Atomic| v.fetch_and_acquire(1);
    3 Release "atomic_fetch_and_release(1, v)" |v: &Atomic| v.fetch_and_release(1);
    1 Nothing "atomic_fetch_or_relaxed(2, v)" |v: &Atomic| v.fetch_or_relaxed(2);
    1 Acquire "atomic_fetch_or_acquire(2, v)" |v: &Atomic| v.fetch_or_acquire(2);
    1 Release "atomic_fetch_or_release(2, v)" |v: &Atomic| v.fetch_or_release(2);
    1 Nothing "atomic_fetch_xor_relaxed(3, v)" |v: &Atomic| v.fetch_xor_relaxed(3);
    1 Acquire "atomic_fetch_xor_acquire(3, v)" |v: &Atomic| v.fetch_xor_acquire(3);
    1 Release "atomic_fetch_xor_release(3, v)" |v: &Atomic| v.fetch_xor_release(3);
    3 Nothing "atomic_fetch_andnot_relaxed(1, v)" |v: &Atomic| v.fetch_andnot_relaxed(1);
    3 Acquire "atomic_fetch_andnot_acquire(1, v)" |v: &Atomic| v.fetch_andnot_acquire(1);
    3 Release "atomic_fetch_andnot_release(1, v)" |v: &Atomic| v.fetch_andnot_release(1);
    1 Nothing "atomic_add_negative_relaxed(-5, v)" |v: &Atomic| v.add_negative_relaxed(-5);
    1 Acquire "atomic_add_negative_acquire(-5, v)" |v: &Atomic| v.add_negative_acquire(-5);
    1 Release "atomic_add_negative_release(-5, v)" |v: &Atomic| v.add_negative_release(-5);
    1 Nothing "atomic_xchg_relaxed(v, 7)" |v: &Atomic| v.xchg_relaxed(7);
    1 Acquire "atomic_xchg_acquire(v, 7)" |v: &Atomic| v.xchg_acquire(7);
    1 Release "atomic_xchg_release(v, 7)" |v: &Atomic| v.xchg_release(7);
    1 Nothing "atomic_cmpxchg_relaxed(v, 1, 7)" |v: &Atomic| v.cmpxchg_relaxed(1, 7);
    1 Acquire "atomic_cmpxchg_acquire(v, 1, 7)" |v: &Atomic| v.cmpxchg_acquire(1, 7);
    1 Release "atomic_cmpxchg_release(v, 1, 7)" |v: &Atomic| v.cmpxchg_release(1, 7);
    2 Nothing "atomic_cmpxchg_acquire(v, 1, 7)" |v: &Atomic| v.cmpxchg_acquire(1, 7);
    2 Nothing "atomic_cmpxchg_release(v, 1, 7)" |v: &Atomic| v.cmpxchg_release(1, 7);
    1 Nothing "atomic_try_cmpxchg_relaxed(v, &(value){ 1 }, 7)" |v: &Atomic| v.try_cmpxchg_relaxed(&mut 1, 7);
    1 Acquire "atomic_try_cmpxchg_acquire(v, &(value){ 1 }, 7)" |v: &Atomic| v.try_cmpxchg_acquire(&mut 1, 7);
    1 Release "atomic_try_cmpxchg_release(v, &(value){ 1 }, 7)" |v: &Atomic| v.try_cmpxchg_release(&mut 1, 7);
} }

ops! { BITS of [BitWord; 1] {
    1 Nothing "set_bit(1, v)" |v: &[BitWord; 1]| set_bit(1, v);
    1 Nothing "clear_bit(0, v)" |v: &[BitWord; 1]| clear_bit(0, v);
    1 Nothing "change_bit(0, v)" |v: &[BitWord; 1]| change_bit(0, v);
    1 Full "smp_mb__before_clear_bit(), clear_bit(0, v), smp_mb__after_clear_bit()"
        |v: &[BitWord; 1]| (smp_mb(), clear_bit(0, v), smp_mb());
    1 Nothing "test_bit(0, v)" |v: &[BitWord; 1]| test_bit(0, v);
    1 Acquire "test_bit_acquire(0, v)" |v: &[BitWord; 1]| test_bit_acquire(0, v);
    1 Full "test_and_set_bit(1, v)" |v: &[BitWord; 1]| test_and_set_bit(1, v);
    1 Full "test_and_set_bit(0, v)" |v: &[BitWord; 1]| test_and_set_bit(0, v);
    1 Full "test_and_clear_bit(0, v)" |v: &[BitWord; 1]| test_and_clear_bit(0, v);
    1 Full "test_and_change_bit(0, v)" |v: &[BitWord; 1]| test_and_change_bit(0, v);
    0 Acquire "test_and_set_bit_lock(0, v)" |v: &[BitWord; 1]| test_and_set_bit_lock(0, v);
    1 Release "clear_bit_unlock(0, v)" |v: &[BitWord; 1]| clear_bit_unlock(0, v);
    1 Release "xor_unlock_is_negative_byte(1, v)" |v: &[BitWord; 1]| xor_unlock_is_negative_byte(1, v);
    1 Release "clear_bit_unlock_is_negative_byte(0, v)" |v: &[BitWord; 1]| xor_unlock_is_negative_byte(1, v);
} }

ops! { MARKED of Marked<i32> {
    1 Nothing "READ_ONCE(*v)" |v: &Marked<i32>| v.read_once();
    1 Nothing "ACCESS_ONCE(*v)" |v: &Marked<i32>| v.read_once();
    1 Nothing "({ WRITE_ONCE(*v, 1); })" |v: &Marked<i32>| v.write_once(1);
    1 Acquire "smp_load_acquire(v)" |v: &Marked<i32>| v.load_acquire();
    1 Release "({ smp_store_release(v, 1); })" |v: &Marked<i32>| v.store_release(1);
    1 Acquire "smp_cond_load_acquire(v, VAL == 1)" |v: &Marked<i32>| v.cond_load_acquire(|n| n == 1);
    1 Nothing "smp_cond_load_relaxed(v, VAL == 1)" |v: &Marked<i32>| v.cond_load_relaxed(|n| n == 1);
    1 Full "xchg(v, 7)" |v: &Marked<i32>| v.xchg(7);
    1 Full "cmpxchg(v, 1, 7)" |v: &Marked<i32>| v.cmpxchg(1, 7);
    2 Nothing "cmpxchg(v, 1, 7)" |v: &Marked<i32>| v.cmpxchg(1, 7);
} }

ops! { COUNTS of Refcount {
    1 Nothing "refcount_read(v)" |v: &Refcount| v.read();
    1 Nothing "refcount_inc(v)" |v: &Refcount| v.inc();
    1 Nothing "refcount_add(2, v)" |v: &Refcount| v.add(2);
    1 Nothing "refcount_inc_not_zero(v)" |v: &Refcount| v.inc_not_zero();
    1 Nothing "refcount_add_not_zero(2, v)" |v: &Refcount| v.add_not_zero(2);
    3 Release "refcount_dec(v)" |v: &Refcount| v.dec();
    3 Release "refcount_dec_and_test(v)" |v: &Refcount| v.dec_and_test();
    3 Release "refcount_sub_and_test(2, v)" |v: &Refcount| v.sub_and_test(2);
    3 Release "refcount_dec_not_one(v)" |v: &Refcount| v.dec_not_one();
    1 Nothing "refcount_dec_not_one(v)" |v: &Refcount| v.dec_not_one();
    1 Release "refcount_dec_if_one(v)" |v: &Refcount| v.dec_if_one();
    2 Nothing "refcount_dec_if_one(v)" |v: &Refcount| v.dec_if_one();
} }

/// Words that the operations are on.
trait Words: Sync + Sized + 'static {
    const C_TYPE: &str;
    /// Sets the word, a release; acquires it.
    const C_RELEASE_AND_ACQUIRE: (&str, &str);
    fn two() -> &'static [Self; 2];
    fn release(&self, value: i32);
    fn acquire(&self);
}

ringzero::global! {
    static DATA: PlainCell<u32> = PlainCell::new(0);
    static FLAG: Marked<bool> = Marked::new(false);
    static ATOMIC_WORDS: [Atomic; 2] = [const { Atomic::new(0) }; 2];
    static MAPS: [[BitWord; 1]; 2] = [const { [BitWord::new(0)] }; 2];
    static MARKED_WORDS: [Marked<i32>; 2] = [const { Marked::new(0) }; 2];
    static REFERENCES: [Refcount; 2] = [const { Refcount::new(0) }; 2];
}

impl Words for Atomic {
    const C_TYPE: &str = "atomic_t";
    const C_RELEASE_AND_ACQUIRE: (&str, &str) = ("atomic_set_release(v, START)", "atomic_read_acquire(v)");
    fn two() -> &'static [Self; 2] {
        &ATOMIC_WORDS
    }
    fn release(&self, value: i32) {
        self.set_release(value);
    }
    fn acquire(&self) {
        self.read_acquire();
    }
}

impl Words for [BitWord; 1] {
    const C_TYPE: &str = "unsigned long";
    const C_RELEASE_AND_ACQUIRE: (&str, &str) = ("({ smp_store_release(v, START); })", "test_bit_acquire(9, v)");
    fn two() -> &'static [Self; 2] {
        &MAPS
    }
    fn release(&self, value: i32) {
        if value == 1 {
            set_bit(0, self);
        }
        clear_bit_unlock(9, self);
    }
    fn acquire(&self) {
        test_bit_acquire(9, self);
    }
}

impl Words for Marked<i32> {
    const C_TYPE: &str = "int";
    const C_RELEASE_AND_ACQUIRE: (&str, &str) = ("({ smp_store_release(v, START); })", "smp_load_acquire(v)");
    fn two() -> &'static [Self; 2] {
        &MARKED_WORDS
    }
    fn release(&self, value: i32) {
        self.store_release(value);
    }
    fn acquire(&self) {
        self.load_acquire();
    }
}

impl Words for Refcount {
    const C_TYPE: &str = "refcount_t";
    const C_RELEASE_AND_ACQUIRE: (&str, &str) =
        ("atomic_set_release(&v->refs, START)", "atomic_read_acquire(&v->refs)");
    fn two() -> &'static [Self; 2] {
        &REFERENCES
    }
    /// One more, and that one dropped: dropping releases.
    fn release(&self, value: i32) {
        self.set(value + 1);
        self.dec();
    }
    /// A count is only read relaxed: the barrier behind it makes that an acquire.
    fn acquire(&self) {
        assert!(self.read() >= 0);
        smp_mb();
    }
}

/// Runs one of the programs with an operation of Rust.
fn run<W: Words>(op: &Op<W>, program: Program) -> Report {
    let (start, f) = (op.start, op.rust);
    Check::new().run(move || {
        W::two().iter().for_each(|w| w.release(start));
        let write = move || {
            DATA.set(1);
            if matches!(program, Program::Acquires) {
                W::two()[0].release(start)
            } else {
                f(&W::two()[0])
            }
            FLAG.write_once(true);
        };
        let read = move || {
            if FLAG.read_once() {
                match program {
                    Program::Releases => W::two()[0].acquire(),
                    Program::Acquires => f(&W::two()[0]),
                    Program::IsBarrier => f(&W::two()[1]),
                }
                DATA.get();
            }
        };
        kthread_run_on_cpu(write, 0, "writer");
        kthread_run_on_cpu(read, 1, "reader");
    })
}

fn rust_orders<W: Words>(ops: &[Op<W>]) {
    let mut wrong = Vec::new();
    for (op, program) in ops.iter().flat_map(|op| PROGRAMS.map(|p| (op, p))) {
        let report = run(op, program);
        let found = if report.verdict() == Verdict::Holds { "holds" } else { report.finding().unwrap_or("nothing") };
        if found != expected(op.order, program) {
            wrong.push(format!("{} of {}, {:?}, {program:?}: {found}", op.c, op.start, op.order));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Compares a table of C modules, one for each operation and program.
fn c_orders<W: Words>(name: &str, ops: &[Op<W>], rename: impl Fn(&str) -> String) {
    let mut text = String::new();
    let (release, acquire) = W::C_RELEASE_AND_ACQUIRE;
    for (op, program) in ops.iter().flat_map(|op| PROGRAMS.map(|p| (op, p))) {
        let (expected, start, ty) = (expected(op.order, program), op.start, W::C_TYPE);
        let release = release.replace("START", &start.to_string());
        let (write, read, other) = match program {
            Program::Releases => (op.c, acquire, 0),
            Program::Acquires => (release.as_str(), op.c, 0),
            Program::IsBarrier => (op.c, op.c, 1),
        };
        text += &format!(
            "//# {op} of {start}, {program:?}: {expected}\nstatic {ty} words$[2];\nstatic int data$, flag$;\n\
             INIT {{\n\t{ty} *v = words$;\n\n\t(void)({release});\n\tv++;\n\t(void)({release});\n}}\n\
             A {{\n\t{ty} *v = words$;\n\n\tdata$ = 1;\n\t(void)({write});\n\tWRITE_ONCE(flag$, 1);\n}}\n\
             B {{\n\t{ty} *v = &words$[{other}];\n\n\tif (!READ_ONCE(flag$))\n\t\treturn;\n\t(void)({read});\n\
             \tuse(data$);\n}}\n",
            op = op.c,
        );
    }
    table::meets(name, &rename(&text));
}

#[test]
fn atomics_of_rust() {
    rust_orders(ATOMICS);
}

#[test]
fn bits_of_rust() {
    rust_orders(BITS);
}

#[test]
fn marked_words_of_rust() {
    rust_orders(MARKED);
}

#[test]
fn references_of_rust() {
    rust_orders(COUNTS);
}

/// For another width; the barriers have one name for all.
fn renamed(text: &str, value: &str, prefix: &str) -> String {
    let text = text.replace("(value)", &format!("({value})")).replace("atomic_", prefix);
    let barriers = ["before_", "after_"];
    barriers.into_iter().fold(text, |t, b| t.replace(&format!("__{b}{prefix}"), &format!("__{b}atomic_")))
}

#[test]
fn atomics_of_c() {
    c_orders("atomic", ATOMICS, |text| renamed(text, "int", "atomic_"));
}

#[test]
fn atomics_of_64_bits_of_c() {
    c_orders("atomic64", ATOMICS, |text| renamed(text, "s64", "atomic64_"));
}

#[test]
fn long_atomics_of_c() {
    c_orders("atomic_long", ATOMICS, |text| renamed(text, "long", "atomic_long_"));
}

#[test]
fn bits_of_c() {
    c_orders("bits", BITS, str::to_owned);
}

#[test]
fn marked_words_of_c() {
    c_orders("marked", MARKED, str::to_owned);
}

#[test]
fn references_of_c() {
    c_orders("references", COUNTS, str::to_owned);
}
