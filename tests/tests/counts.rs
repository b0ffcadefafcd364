//! The counts of EXPLORER.md's table, on mini programs, and the reduction against brute force.

use ringzero_machine::PreemptModel;
use ringzero_model::Config;
use ringzero_tests::mini::{Body, Do, Do::*, brute, irq, missing, reduced, task};

fn table() -> Vec<(&'static str, Vec<Body>, u64, u64, PreemptModel)> {
    let full = PreemptModel::Full;
    let none = PreemptModel::None;
    let lock = |l: usize| [Lock(l), Unlock(l)];
    let lock_w = [Lock(0), W(0), Unlock(0)];
    vec![
        ("irq-independent", vec![task(0, &[W(0), W(0), W(0)]), irq(0, &[W(1)])], 2, 0, full),
        ("irq-conflict", vec![task(0, &[W(0), W(0), W(0)]), irq(0, &[W(0)])], 5, 0, full),
        ("irq-masked", vec![task(0, &[Off, W(0), W(0), On, W(0)]), irq(0, &[W(0)])], 4, 0, full),
        ("irq-masked-independent", vec![task(0, &[Off, W(0), On, W(1), Off, W(0), On]), irq(0, &[W(2)])], 2, 0, full),
        ("irq-atomic-over-task", vec![task(0, &[W(0), W(1)]), irq(0, &[W(0), W(1)])], 4, 0, full),
        ("same-on-two-cpus", vec![task(0, &[W(0), W(1)]), task(1, &[W(0), W(1)])], 4, 0, full),
        ("two-irqs-one-cpu", vec![task(0, &[W(0)]), irq(0, &[W(0)]), irq(0, &[W(0)])], 11, 0, full),
        ("other-cpu-path", vec![task(0, &[W(1)]), irq(0, &[W(0)]), task(1, &[R(1), W(0)])], 6, 0, full),
        ("irq-lock-safe", vec![task(0, &[Off, Lock(0), W(0), Unlock(0), On]), irq(0, &lock_w)], 3, 0, full),
        ("irq-lock-shared", vec![task(0, &lock_w), irq(0, &lock_w)], 3, 2, full),
        ("three-on-a-lock", vec![task(0, &lock(0)), irq(0, &lock(0)), irq(0, &lock(0))], 11, 4, full),
        (
            "abba",
            vec![
                task(0, &[Lock(0), Lock(1), Unlock(1), Unlock(0)]),
                task(1, &[Lock(1), Lock(0), Unlock(0), Unlock(1)]),
            ],
            2,
            1,
            full,
        ),
        ("preempt-two-tasks", vec![task(0, &[W(0), W(1)]), task(0, &[W(0), W(1)])], 4, 0, full),
        ("no-preempt-two-tasks", vec![task(0, &[W(0), W(1)]), task(0, &[W(0), W(1)])], 2, 0, none),
    ]
}

#[test]
fn the_table_is_met_without_redundancy() {
    let mut wrong = Vec::new();
    for (name, program, complete, stuck, preempt) in table() {
        let cfg = Config { preempt, ..Config::default() };
        let r = reduced(&program, &cfg);
        let got = (r.classes.len() as u64 - r.stuck, r.stuck, r.redundant);
        if got != (complete, stuck, 0) {
            let b = brute(&program, &cfg, 1_000_000).expect("small");
            wrong.push(format!(
                "{name}: {got:?}, not {:?}; brute {} classes {} stuck; missing {:#?}",
                (complete, stuck, 0),
                b.classes.len(),
                b.stuck,
                missing(&r, &b)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Programs that the reduction once missed a class of.
#[test]
fn what_was_missed_once_is_found() {
    let programs = [
        // A spinner keeps its CPU from who would end its wait.
        vec![task(0, &[Until(0)]), task(0, &[W(0)])],
        vec![task(0, &[W(1), Until(0), W(2)]), task(0, &[W(2), W(0)])],
        vec![task(0, &[Until(0)]), task(0, &[W(1), W(0)]), irq(1, &[W(0)])],
        // Two of them keep away what the other one waits for.
        vec![task(0, &[Until(0)]), task(0, &[W(1)]), task(1, &[Until(1)]), task(1, &[W(0)])],
        // It ends in a section that is never left.
        vec![task(0, &[PreOff, Until(1), PreOn]), task(0, &[W(2)])],
        // A write is not the failed round of the loop after it, nor is the read of the loop before.
        vec![task(0, &[W(1)]), task(1, &[W(1), Until(0)])],
        vec![task(0, &[W(1)]), task(1, &[Until(1), Until(0)])],
        // What a handler is put over sleeps on, and is woken only by what comes after the handler.
        vec![task(0, &[W(1)]), task(0, &[IfW(1, 0)]), task(1, &[W(0), IfW(0, 0)]), irq(1, &[W(1)])],
        // Then the plan goes on with an arrival, which need not come.
        vec![task(0, &[W(0)]), irq(0, &[W(2), IfW(0, 0)]), irq(1, &[IfW(2, 0)])],
        // A failed round keeps away the step that was planned after it.
        vec![task(0, &[W(2), W(0)]), task(0, &[Until(1)]), task(1, &[W(0)]), irq(0, &[])],
        // What a spinner keeps away is planned with what has arrived, and without.
        vec![
            task(0, &[Until(1)]),
            task(0, &[Until(0), PreOff, PreOn]),
            task(0, &[Lock(0), W(0), Unlock(0)]),
            irq(1, &[]),
        ],
        // What is planned is not possible, and what arrives instead need not come.
        vec![task(0, &[Until(1)]), task(0, &[W(1)]), task(0, &[Until(0), W(1)]), irq(1, &[W(0)])],
        vec![
            task(0, &[Lock(0), W(0), Unlock(0)]),
            task(0, &[Until(1)]),
            task(0, &[PreOff, Until(0), PreOn, PreOff, W(1), PreOn]),
            irq(1, &[W(0)]),
        ],
        // Several tasks are kept away by a section that is never left.
        vec![task(0, &[W(1)]), task(0, &[PreOff, Until(1), PreOn]), task(0, &[IfW(0, 1)])],
        // A handler comes along to before what only stacking had put before it.
        vec![task(0, &[Until(1)]), task(0, &[W(0), Until(1)]), task(0, &[IfW(0, 2)]), irq(0, &[W(0)])],
        vec![task(0, &[IfW(1, 2)]), task(0, &[W(1), Until(0)]), task(0, &[Until(1)]), irq(0, &[W(1)])],
    ];
    let both = [PreemptModel::Full, PreemptModel::None];
    for (program, preempt) in programs.iter().flat_map(|p| both.map(|preempt| (p, preempt))) {
        let cfg = Config { preempt, ..Config::default() };
        let (r, b) = (reduced(program, &cfg), brute(program, &cfg, 1_000_000).expect("small"));
        assert!(missing(&r, &b).is_empty(), "{program:?}: {:#?}", missing(&r, &b));
    }
}

struct Gen(u64);
impl Gen {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }

    fn ops(&mut self, len: u64, task: bool) -> Vec<Do> {
        let mut v = Vec::new();
        let var = |g: &mut Gen| g.below(3) as usize;
        while (v.len() as u64) < len {
            match self.below(if task { 8 } else { 6 }) {
                0 | 1 => v.push(W(var(self))),
                2 => v.push(R(var(self))),
                3 => v.push(IfW(var(self), var(self))),
                4 => v.push(W(var(self))),
                5 => {
                    let l = self.below(2) as usize;
                    v.extend([Lock(l), W(var(self)), Unlock(l)]);
                }
                6 => {
                    v.extend([Off, W(var(self)), if self.below(2) == 0 { R(var(self)) } else { W(var(self)) }, On]);
                }
                _ => v.extend([PreOff, W(var(self)), W(var(self)), PreOn]),
            }
        }
        v
    }
}

fn generated(seed: u64) -> Vec<Body> {
    let mut g = Gen(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    for _ in 0..8 {
        g.below(2);
    }
    let mut p = Vec::new();
    let tasks = 1 + g.below(2);
    for t in 0..tasks {
        let cpu = if g.below(4) == 0 { 0 } else { t as u32 % 2 };
        let len = 2 + g.below(3);
        p.push(task(cpu, &g.ops(len, true)));
    }
    for _ in 0..g.below(3) {
        let cpu = g.below(2) as u32;
        let len = 1 + g.below(2);
        p.push(irq(cpu, &g.ops(len, false)));
    }
    p
}

/// Tasks that share a CPU, some of which spin for what another one, or a handler, writes.
fn spinning(seed: u64) -> Vec<Body> {
    let mut g = Gen(seed.wrapping_mul(0xD6E8_FEB8_6659_FD93) | 1);
    for _ in 0..8 {
        g.below(2);
    }
    let mut p = Vec::new();
    for t in 0..2 + g.below(2) {
        let cpu = if t < 2 || g.below(2) == 0 { 0 } else { 1 };
        let mut ops = Vec::new();
        for _ in 0..1 + g.below(2) {
            let (v, w) = (g.below(2) as usize, g.below(3) as usize);
            match g.below(10) {
                0..=3 => ops.push(Until(v)),
                4..=6 => ops.push(W(w)),
                7 => ops.push(IfW(v, w)),
                8 => ops.extend([PreOff, if g.below(2) == 0 { Until(v) } else { W(w) }, W(v), PreOn]),
                _ => ops.extend([Lock(0), W(w), Unlock(0)]),
            }
        }
        p.push(task(cpu, &ops));
    }
    if g.below(3) == 0 {
        p.push(irq(g.below(2) as u32, &[W(g.below(3) as usize)]));
    }
    p
}

/// Leaves out operations and contexts as long as the reduction still misses a class.
fn shrink(program: &[Body], cfg: &Config) -> Vec<Body> {
    let fails = |p: &Vec<Body>| {
        let balanced = p.iter().all(|b| {
            let n = |x: fn(&Do) -> bool| b.ops.iter().filter(|o| x(o)).count();
            n(|o| matches!(o, Off)) == n(|o| matches!(o, On))
                && n(|o| matches!(o, PreOff)) == n(|o| matches!(o, PreOn))
                && n(|o| matches!(o, Lock(_))) == n(|o| matches!(o, Unlock(_)))
        });
        balanced && brute(p, cfg, 60_000).is_some_and(|b| !missing(&reduced(p, cfg), &b).is_empty())
    };
    let mut best = program.to_vec();
    'again: loop {
        for c in 0..best.len() {
            for a in 0..best[c].ops.len() {
                for z in a..best[c].ops.len() {
                    let mut p = best.clone();
                    if z > a {
                        p[c].ops.remove(z);
                    }
                    p[c].ops.remove(a);
                    if fails(&p) {
                        best = p;
                        continue 'again;
                    }
                }
            }
            let mut p = best.clone();
            p.remove(c);
            if !p.is_empty() && fails(&p) {
                best = p;
                continue 'again;
            }
        }
        return best;
    }
}

/// Compares the two on generated programs, and prints what the reduction misses.
fn compare(make: fn(u64) -> Vec<Body>, seeds: u64) -> (usize, u64) {
    let seeds: u64 = std::env::var("RINGZERO_FUZZ").ok().and_then(|s| s.parse().ok()).unwrap_or(seeds);
    let mut wrong = 0;
    let (mut programs, mut classes, mut redundant) = (0, 0, 0);
    let only: Option<u64> = std::env::var("RINGZERO_ONLY").ok().and_then(|s| s.parse().ok());
    for seed in (1..=seeds).filter(|s| only.is_none_or(|o| o == *s)) {
        let program = make(seed);
        let preempt = if seed % 5 == 0 { PreemptModel::None } else { PreemptModel::Full };
        let cfg = Config { preempt, ..Config::default() };
        let Some(b) = brute(&program, &cfg, 60_000) else { continue };
        let r = reduced(&program, &cfg);
        programs += 1;
        classes += b.classes.len();
        redundant += r.redundant;
        let gone = missing(&r, &b);
        if !gone.is_empty() || r.classes.len() != b.classes.len() {
            wrong += 1;
            if wrong < 4 {
                let small = shrink(&program, &cfg);
                let (r, b) = (reduced(&small, &cfg), brute(&small, &cfg, 60_000).expect("smaller"));
                println!(
                    "seed {seed}: {small:?}\n  has {} of {}; missing {:#?}",
                    r.classes.len(),
                    b.classes.len(),
                    missing(&r, &b)
                );
            }
        }
    }
    println!("{programs} programs, {classes} classes, {redundant} redundant runs, {wrong} wrong");
    (wrong, programs)
}

#[test]
fn the_reduction_finds_every_class_that_brute_force_finds() {
    let (wrong, programs) = compare(generated, 150);
    assert_eq!(wrong, 0);
    assert!(programs >= 24, "only {programs} programs were small enough");
}

#[test]
fn spinners_that_keep_their_cpu_are_found() {
    let (wrong, programs) = compare(spinning, 400);
    assert_eq!(wrong, 0);
    assert!(programs >= 300, "only {programs} programs were small enough");
}
