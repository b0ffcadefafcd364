//! Programs with which the search is measured, against other explorers too: T tasks, each bound to its own CPU, N
//! operations each, all on one word. The name says `WHAT-TxN`.
//!
//! | what | operation | executions |
//! |---|---|---|
//! | increment | read, then set | 2x2 34, 2x3 328, 2x4 3334, 2x5 34904, 2x6 372436, 3x2 7134 |
//! | fetch-add | one fetch-and-add | 2x4 70, 2x6 924 |
//! | ticket | a section under a ticket spinlock made by hand | 2x2 6, 2x3 20, 3x1 6, 3x2 90, 6x1 720, 7x1 5040 |
//! | deep | as increment; the final value is asserted to be never 2, which few executions give | |

use crate::entry::Expect::{Holds, Violated};
use crate::entry::{Entry, Group};
use ringzero::atomic::{Atomic, cpu_relax};
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::program::Settings;

ringzero::global! {
    static COUNT: Atomic = Atomic::new(0);
    static NEXT_TICKET: Atomic = Atomic::new(0);
    static NOW_SERVING: Atomic = Atomic::new(0);
}

/// `T` tasks, each on its own CPU, that do `op` `N` times.
fn tasks<const T: u32, const N: u32>(op: fn()) {
    for cpu in 0..T {
        kthread_run_on_cpu(
            move || {
                for _ in 0..N {
                    op();
                }
            },
            cpu,
            "worker",
        );
    }
}

fn increment<const T: u32, const N: u32>() {
    tasks::<T, N>(|| {
        let n = COUNT.read();
        COUNT.set(n + 1);
    });
}

fn fetch_add<const T: u32, const N: u32>() {
    tasks::<T, N>(|| {
        COUNT.fetch_add_relaxed(1);
    });
}

fn ticket<const T: u32, const N: u32>() {
    tasks::<T, N>(|| {
        let mine = NEXT_TICKET.fetch_add(1);
        while NOW_SERVING.read() != mine {
            cpu_relax();
        }
        NOW_SERVING.set(mine + 1);
    });
}

fn deep<const T: u32, const N: u32>() {
    increment::<T, N>();
    ringzero::on_exit(|| assert_ne!(COUNT.read(), 2, "all but two increments were lost"));
}

fn one_cpu_each<const T: u32>(settings: &mut Settings) {
    settings.machine.cpus = T as usize;
}

/// The entries of one kind of program.
macro_rules! entries {
    ($($what:ident $name:literal $t:literal x $n:literal, $about:literal, $expect:expr;)*) => {
        pub(crate) const ENTRIES: &[Entry] = &[$(Entry {
            name: concat!($name, "-", $t, "x", $n),
            about: concat!($t, " tasks, ", $about),
            group: Group::Explore,
            init: $what::<$t, $n>,
            expect: $expect,
            source: file!(),
            tune: one_cpu_each::<$t>,
        }),*];
    };
}

entries! {
    increment "increment" 2 x 2, "each reads and then sets one word 2 times: 34 executions", Holds;
    increment "increment" 2 x 3, "each reads and then sets one word 3 times: 328 executions", Holds;
    increment "increment" 2 x 4, "each reads and then sets one word 4 times: 3334 executions", Holds;
    increment "increment" 2 x 5, "each reads and then sets one word 5 times: 34904 executions", Holds;
    increment "increment" 2 x 6, "each reads and then sets one word 6 times: 372436 executions", Holds;
    increment "increment" 3 x 2, "each reads and then sets one word 2 times: 7134 executions", Holds;
    fetch_add "fetch-add" 2 x 4, "each adds to one word 4 times: 70 executions", Holds;
    fetch_add "fetch-add" 2 x 6, "each adds to one word 6 times: 924 executions", Holds;
    ticket "ticket" 2 x 2, "each takes a ticket spinlock 2 times: 6 executions", Holds;
    ticket "ticket" 2 x 3, "each takes a ticket spinlock 3 times: 20 executions", Holds;
    ticket "ticket" 3 x 1, "each takes a ticket spinlock once: 6 executions", Holds;
    ticket "ticket" 3 x 2, "each takes a ticket spinlock 2 times: 90 executions", Holds;
    ticket "ticket" 6 x 1, "each takes a ticket spinlock once: 720 executions", Holds;
    ticket "ticket" 7 x 1, "each takes a ticket spinlock once: 5040 executions", Holds;
    deep "deep" 2 x 5, "5 increments each, of which never all but two are lost", Violated("panic");
    deep "deep" 2 x 10, "10 increments each, of which never all but two are lost", Violated("panic");
}
