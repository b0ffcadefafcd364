//! Hand-made traces, one for each golden report.

use ringzero_trace::{FileBounds, FileLog, FilePlace, FileRow, FileRowKind, Label, SourceLine, TraceFile};

/// The traces and their names.
pub fn all() -> Vec<(&'static str, TraceFile)> {
    vec![
        ("irq-deadlock", irq_deadlock()),
        ("deadlock", deadlock()),
        ("use-after-free", use_after_free()),
        ("data-race", data_race()),
        ("hang", hang()),
        ("sleep-in-atomic", sleep_in_atomic()),
        ("four-cpus", four_cpus()),
        ("panic", panic()),
        ("out-of-bounds", out_of_bounds()),
        ("mutex", mutex()),
    ]
}

/// A trace of `code` about the source file `file`, whose lines are given with their numbers.
fn trace(code: &str, message: &str, file: &str, other: u32, place: u32, lines: &[(u32, &str)]) -> TraceFile {
    let at = |line| (line > 0).then(|| FilePlace { file: file.to_owned(), line, column: 9 });
    let source = |&(line, text): &(u32, &str)| SourceLine { file: file.to_owned(), line, text: text.to_owned() };
    TraceFile {
        program: format!("{code}-program"),
        version: "0.1.0".to_owned(),
        code: code.to_owned(),
        message: message.to_owned(),
        place: at(place),
        other: at(other),
        cpus: 2,
        bounds: FileBounds { interrupts: 1, nmis: 1, expiries: 2, failures: 0, preemptions: None, steps: 10_000 },
        strategy: "exhaustive".to_owned(),
        seed: 1,
        executions: 212,
        millis: 3,
        minimised_from: Some(37),
        sources: lines.iter().map(source).collect(),
        ..TraceFile::default()
    }
}

/// A row: who (number and words), where (CPU, depth, flags), what (operation, object, its number), line.
struct Row(u16, &'static str, Option<u32>, u32, &'static str, &'static str, &'static str, u32, u32);

impl Row {
    fn of(self, file: &str) -> FileRow {
        let Row(proc, context, cpu, depth, flags, op, object, slot, line) = self;
        let writes =
            ["write", "set", "spin", "kfree", "rmw", "wake", "WRITE", "prepare"].iter().any(|w| op.contains(w));
        FileRow {
            label: Label { proc, variant: 0 },
            cpu,
            depth,
            flags: flags.to_owned(),
            op: op.to_owned(),
            object: object.to_owned(),
            slot: (slot > 0).then_some(slot),
            writes,
            place: (line > 0).then(|| FilePlace { file: file.to_owned(), line, column: 9 }),
            context: context.to_owned(),
            ..FileRow::default()
        }
    }

    fn kind(self, file: &str, kind: FileRowKind) -> FileRow {
        FileRow { kind, ..self.of(file) }
    }
}

const INIT: &str = "task init";

pub fn irq_deadlock() -> TraceFile {
    let file = "gallery/serial.c";
    let (task, irq) = ("task reader/1", "hardirq 4 (serial_irq)");
    let mut t = trace(
        "irq-deadlock",
        "hardirq takes `dev.lock`, held by the task it interrupted",
        file,
        41,
        58,
        &[(41, "\tspin_lock(&dev->lock);"), (58, "\tspin_lock(&dev->lock);")],
    );
    t.rows = vec![
        Row(1, task, Some(0), 0, "....", "preempt_disable", "", 0, 41).kind(file, FileRowKind::Gate),
        Row(1, task, Some(0), 0, "...1", "spin_lock", "dev.lock", 1, 41).of(file),
        Row(3, irq, Some(0), 1, "...1", "hardirq", "", 0, 0).kind(file, FileRowKind::Enter),
        Row(3, irq, Some(0), 1, "d.h2", "spin_lock", "dev.lock", 1, 58).kind(file, FileRowKind::Waits),
    ];
    t
}

pub fn deadlock() -> TraceFile {
    let file = "tests/accounts.rs";
    let (one, two) = ("task to-right", "task to-left");
    let mut t = trace(
        "deadlock",
        "task to-right waits for right, held by task to-left",
        file,
        19,
        12,
        &[
            (11, "        let mut from = LEFT.lock();"),
            (12, "        let mut to = RIGHT.lock();"),
            (19, "        let mut from = RIGHT.lock();"),
            (20, "        let mut to = LEFT.lock();"),
        ],
    );
    t.notes = vec![
        "task to-right waits in spin_lock for right, which depends on task to-left".to_owned(),
        "task to-left waits in spin_lock for left, which depends on task to-right".to_owned(),
    ];
    t.rows = vec![
        Row(0, INIT, Some(0), 0, "....", "atomic_set", "ready", 9, 5).of(file),
        Row(1, one, Some(0), 0, "...1", "spin_lock", "left", 1, 11).of(file),
        Row(2, two, Some(1), 0, "...1", "spin_lock", "right", 2, 19).of(file),
        Row(2, two, Some(1), 0, "...2", "spin_lock", "left", 1, 20).kind(file, FileRowKind::Waits),
        Row(1, one, Some(0), 0, "...2", "spin_lock", "right", 2, 12).kind(file, FileRowKind::Waits),
    ];
    t
}

pub fn use_after_free() -> TraceFile {
    let file = "gallery/src/reference.rs";
    let reader = "task reader";
    let mut t = trace(
        "use-after-free",
        "atomic_rmw touches Foo after it was freed",
        file,
        24,
        17,
        &[(17, "    foo.hits.inc();"), (24, "    foo.kfree();")],
    );
    t.notes = vec!["allocated at gallery/src/reference.rs:12".to_owned()];
    t.log =
        vec![FileLog { after: 1, text: "reader: starts".to_owned() }, FileLog { after: 99, text: "end".to_owned() }];
    t.rows = vec![
        Row(0, INIT, Some(0), 0, "....", "atomic_set", "other", 8, 30).of(file),
        Row(1, reader, Some(1), 0, "...1", "spin_lock", "list", 1, 15).of(file),
        Row(1, reader, Some(1), 0, "...1", "spin_unlock", "list", 1, 16).of(file),
        Row(0, INIT, Some(0), 0, "...1", "spin_lock", "list", 1, 22).of(file),
        Row(0, INIT, Some(0), 0, "...1", "spin_unlock", "list", 1, 23).of(file),
        Row(0, INIT, Some(0), 0, "....", "kfree", "memory at reference.rs:12", 3, 24).of(file),
        Row(1, reader, Some(1), 0, "....", "atomic_rmw", "atomic at reference.rs:17", 4, 17).of(file),
    ];
    t
}

pub fn data_race() -> TraceFile {
    let file = "gallery/src/counter.rs";
    let mut t = trace(
        "data-race",
        "plain read by task init and plain write by task other on plain data at counter.rs:9 are not ordered",
        file,
        14,
        9,
        &[(9, "    COUNT.update(|n| n + 1);"), (14, "COUNT.update(|n| n + 1);")],
    );
    t.notes = vec!["two accesses, at least one a write and one of them plain, without a happens-before".to_owned()];
    t.minimised_from = None;
    let third = "task bystander";
    t.rows = vec![
        Row(0, INIT, Some(0), 0, "....", "plain read", "plain data at counter.rs:9", 1, 14).of(file),
        Row(2, third, Some(0), 0, "....", "atomic_read", "elsewhere", 5, 40).of(file),
        Row(2, third, Some(0), 0, "....", "atomic_set", "elsewhere", 5, 41).of(file),
        Row(1, "task other", Some(1), 0, "....", "plain read", "plain data at counter.rs:9", 1, 9).of(file),
        Row(1, "task other", Some(1), 0, "....", "plain write", "plain data at counter.rs:9", 1, 9).of(file),
        Row(0, INIT, Some(0), 0, "....", "atomic_read", "elsewhere", 5, 15).of(file),
    ];
    t.rows[3].old = 4;
    t
}

pub fn hang() -> TraceFile {
    let file = "gallery/src/wakeup.rs";
    let waiter = "task waiter";
    let mut t = trace(
        "hang",
        "task waiter waits for ever: it sleeps and nobody is left to wake it",
        file,
        0,
        11,
        &[(11, "kthread_run(|| wait_event(&QUEUE, || READY.read() != 0), \"waiter\");")],
    );
    let wq = "wait queue made at wakeup.rs:4";
    t.rows = vec![
        Row(1, waiter, Some(1), 0, "....", "task start", "", 0, 11).kind(file, FileRowKind::Gate),
        Row(0, INIT, Some(0), 0, "....", "wake_up", wq, 1, 12).of(file),
        Row(1, waiter, Some(1), 0, "....", "atomic_read", "ready", 2, 11).of(file),
        Row(1, waiter, Some(1), 0, "....", "prepare_to_wait", wq, 1, 11).of(file),
        Row(1, waiter, Some(1), 0, "....", "atomic_read", "ready", 2, 11).of(file),
        Row(0, INIT, Some(0), 0, "....", "atomic_set", "ready", 2, 13).of(file),
        Row(1, waiter, None, 0, "....", "schedule", "waiter", 3, 11).kind(file, FileRowKind::Waits),
    ];
    t
}

pub fn sleep_in_atomic() -> TraceFile {
    let file = "gallery/src/alloc.rs";
    let mut t = trace(
        "sleep-in-atomic",
        "kmalloc(GFP_KERNEL) may sleep, but was called with preemption disabled (preempt_count 0x1: preemption \
         disabled 1)",
        file,
        7,
        8,
        &[(7, "let mut length = LENGTH.lock();"), (8, "let entry = kmalloc_obj(Atomic::new(1), GFP_KERNEL).unwrap();")],
    );
    t.executions = 1;
    t.rows = vec![
        Row(0, INIT, Some(0), 0, "....", "preempt_disable", "", 0, 7).kind(file, FileRowKind::Gate),
        Row(0, INIT, Some(0), 0, "...1", "spin_lock", "lock made at alloc.rs:4", 1, 7).of(file),
    ];
    t
}

pub fn four_cpus() -> TraceFile {
    let file = "gallery/src/timer.rs";
    let names = ["task destroyer-of-collections", "task second", "task third", "task fourth"];
    let mut t = trace(
        "softirq-deadlock",
        "softirq on the timer interrupt waits for `a_lock_with_a_long_name`, held by task third, which it interrupted",
        file,
        31,
        44,
        &[(31, "    spin_lock(&a_lock_with_a_long_name);"), (44, "    spin_lock(&a_lock_with_a_long_name);")],
    );
    t.cpus = 4;
    t.fine = true;
    let lock = "a_lock_with_a_long_name";
    t.rows = (0..4_u16)
        .flat_map(|p| {
            let name = names[usize::from(p)];
            [
                Row(p, name, Some(p.into()), 0, "....", "atomic_cond_read", lock, 1, 30).of(file),
                Row(p, name, Some(p.into()), 0, "...1", "spin_lock", lock, 1, 31).of(file),
                Row(p, name, Some(p.into()), 0, "...1", "spin_unlock", lock, 1, 33)
                    .of("/src/kernel/a_very_long_name.rs"),
            ]
        })
        .collect();
    t.rows.remove(8);
    t.rows.rotate_left(8);
    let tick = "the timer interrupt";
    t.rows.extend([
        Row(7, tick, Some(2), 1, "...1", "timer interrupt", "", 0, 0).kind(file, FileRowKind::Enter),
        Row(7, tick, Some(2), 1, "..s1", "spin_lock", lock, 1, 44).kind(file, FileRowKind::Waits),
    ]);
    t
}

/// Two tasks on one CPU, one of them preempted.
pub fn panic() -> TraceFile {
    let file = "src/lib.rs";
    let adder = "task adder";
    let mut t = trace(
        "panic",
        "an update was lost",
        file,
        0,
        9,
        &[(9, "    assert_eq!(COUNT.read(), 2, \"an update was lost\");")],
    );
    t.notes = vec!["panicked at src/lib.rs:9:5".to_owned()];
    t.rows = vec![
        Row(0, INIT, Some(0), 0, "....", "atomic_read", "count", 1, 4).of(file),
        Row(1, adder, Some(0), 0, "....", "atomic_read", "count", 1, 4).of(file),
        Row(1, adder, Some(0), 0, "....", "atomic_set", "count", 1, 5).of(file),
        Row(0, INIT, Some(0), 0, "....", "atomic_set", "count", 1, 5).of(file),
        Row(0, INIT, Some(0), 0, "....", "atomic_read", "count", 1, 8).of(file),
    ];
    t.rows[3].old = 1;
    t.rows[4].old = 1;
    t
}

/// Of a C module: neither place is that of a row.
pub fn out_of_bounds() -> TraceFile {
    let file = "gallery/ring.c";
    let (filler, irq) = ("task filler", "hardirq 4 (ring)");
    let mut t = trace(
        "out-of-bounds",
        "write of 4 bytes 0 bytes past the end of the 8 bytes from kmalloc",
        file,
        31,
        18,
        &[(18, "\tring[n] = value;"), (31, "\tring = kmalloc_array(SLOTS, sizeof(*ring), GFP_KERNEL);")],
    );
    t.notes = vec!["allocated at gallery/ring.c:31".to_owned()];
    t.log = vec![FileLog { after: 3, text: "ring: full".to_owned() }];
    t.rows = vec![
        Row(0, INIT, Some(0), 0, "....", "request_irq", "ring", 1, 33).of(file),
        Row(1, filler, Some(0), 0, "....", "READ_ONCE", "head", 2, 16).of(file),
        Row(2, irq, Some(0), 1, "....", "hardirq", "", 0, 0).kind(file, FileRowKind::Enter),
        Row(2, irq, Some(0), 1, "d.h.", "WRITE_ONCE", "head", 2, 24).of(file),
    ];
    t
}

/// A task that sleeps for a mutex is not preempted; one that is taken off its CPU before a free one is.
pub fn mutex() -> TraceFile {
    let file = "gallery/port.c";
    let (one, two) = ("task one", "task two");
    let mut t = trace(
        "uninitialised-lock",
        "`port->irq_lock` is locked, but was never initialised",
        file,
        0,
        21,
        &[(21, "\tspin_lock(&port->irq_lock);")],
    );
    t.rows = vec![
        Row(1, one, Some(0), 0, "....", "atomic_read", "open", 1, 14).of(file),
        Row(2, two, Some(0), 0, "....", "mutex_lock", "port.mutex", 2, 18).of(file),
        Row(1, one, Some(0), 0, "....", "mutex_is_locked", "port.mutex", 2, 15).of(file),
        Row(2, two, Some(0), 0, "....", "mutex_unlock", "port.mutex", 2, 19).of(file),
        Row(1, one, Some(0), 0, "....", "mutex_lock", "port.mutex", 2, 16).of(file),
        Row(2, two, Some(0), 0, "....", "mutex_lock", "port.mutex", 2, 18).of(file),
    ];
    t.rows[2].old = 1;
    // It sleeps: the row before `mutex_lock` ends with the mutex held by another.
    t.rows[5].kind = FileRowKind::Waits;
    t.rows[5].cpu = None;
    t.rows.push(Row(1, one, Some(0), 0, "...1", "spin_lock", "port.irq_lock", 3, 21).of(file));
    t
}
