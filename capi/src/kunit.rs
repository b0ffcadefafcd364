//! KUnit: the suites of a module, and the running of their cases.
//!
//! Each case is a program of its own: suite's init, case's init, the case (for each of its parameters), case's exit,
//! what it allocated freed, suite's exit. An expectation that fails is remembered, and is the finding `kunit` at its
//! place when the case has ended; an assertion that fails is the finding at once, so that nothing behind it runs.
//!
//! Where a module runs on the host, the cases come one after the other, each as a task of its own ([`run_in_task`]): a
//! failure is an outcome there, and a case that leaves in its middle leaves its task asleep for good, as its stack has
//! frames of C.
//!
//! Unlike Linux: `suite_init` runs before each case; after an assertion nothing is cleaned up, since the execution is
//! over.

use crate::fatal::{found, in_process};
use crate::memory::{peek, view, view_text};
use crate::names;
use crate::printk;
use crate::sprintf::keep;
use crate::state::state;
use ringzero_machine::{Finding, KBox, Place, machine};
use ringzero_mm::{__GFP_ZERO, Gfp, kfree, kmalloc_array};
use ringzero_sched::{Completion, TASK_UNINTERRUPTIBLE, TaskOptions};
use std::cell::Cell;
use std::ffi::{c_char, c_int, c_void};
use std::ptr;
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::{Mutex, MutexGuard, PoisonError};

const COMMENT: usize = 256;

/// `enum kunit_status`.
const SUCCESS: c_int = 0;
const FAILURE: c_int = 1;
const SKIPPED: c_int = 2;

/// `struct kunit_case`.
#[repr(C)]
struct RawCase {
    run_case: Option<extern "C" fn(*mut Kunit)>,
    name: *const c_char,
    generate_params: Option<extern "C" fn(*const c_void, *mut c_char) -> *const c_void>,
    status: c_int,
    log: *mut c_char,
}

/// `struct kunit_suite`.
#[repr(C)]
struct RawSuite {
    name: [c_char; 256],
    suite_init: Option<extern "C" fn(*mut RawSuite) -> c_int>,
    suite_exit: Option<extern "C" fn(*mut RawSuite)>,
    init: Option<extern "C" fn(*mut Kunit) -> c_int>,
    exit: Option<extern "C" fn(*mut Kunit)>,
    test_cases: *mut RawCase,
    status_comment: [c_char; COMMENT],
    log: *mut c_char,
    suite_init_err: c_int,
}

/// `struct kunit`.
#[repr(C)]
struct Kunit {
    priv_: *mut c_void,
    name: *const c_char,
    param_value: *const c_void,
    param_index: c_int,
    status: Cell<c_int>,
    status_comment: [Cell<u8>; COMMENT],
    state: *const Running,
}

/// What the runtime keeps of a case.
struct Running {
    suite: *mut RawSuite,
    /// The first failure: its text and its place.
    failed: Mutex<Option<(*const c_char, Place)>>,
    /// What is to be undone, the last one first.
    actions: Cell<*const Action>,
}

/// Something to be undone when a case ends.
struct Action {
    call: extern "C" fn(*mut c_void),
    ctx: *mut c_void,
    next: Cell<*const Action>,
}

/// `struct __rz_kunit_failure`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Failure {
    kind: c_int,
    left: *const c_char,
    op: *const c_char,
    right: *const c_char,
    left_value: i64,
    right_value: i64,
    size: usize,
    message: *const c_char,
}

/// A case of a suite of a module.
#[derive(Clone, Debug)]
pub struct Case {
    /// The suite's name.
    pub suite: String,
    /// The case's name.
    pub case: String,
    /// The suite's place in the section.
    pub suite_index: usize,
    /// The case's place in the suite.
    pub case_index: usize,
    raw_suite: *mut RawSuite,
    raw_case: *mut RawCase,
}

/// How a case ended, if the execution did not end before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing failed.
    Passed,
    /// It said that it could not be run here, and why.
    Skipped(String),
    /// What failed, and where. On the model that is a finding, and no outcome.
    Failed(String, Place),
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The case that runs as a task of the host: how it has ended, and who waits for it.
struct InTask {
    outcome: Mutex<Option<Outcome>>,
    done: Completion,
}

impl InTask {
    fn set(&self, outcome: Outcome) {
        lock(&self.outcome).get_or_insert(outcome);
    }
}

/// The one that runs now; null for none.
static IN_TASK: AtomicPtr<InTask> = AtomicPtr::new(ptr::null_mut());

fn in_task() -> Option<&'static InTask> {
    // SAFETY: null, or what `run_in_task` has leaked.
    unsafe { IN_TASK.load(Acquire).as_ref() }.filter(|_| in_process())
}

/// Ends the case that runs as a task of the host, in its middle. Returns if there is none.
fn leave(outcome: Outcome) {
    let Some(case) = in_task() else { return };
    case.set(outcome);
    case.done.complete();
    loop {
        ringzero_sched::set_current_state(TASK_UNINTERRUPTIBLE);
        ringzero_sched::schedule();
    }
}

/// As [`run_case`], in a task of its own, for which the caller waits.
///
/// # Safety
/// As [`run_case`]; the module stays loaded for good.
pub unsafe fn run_in_task(case: &'static Case) -> Outcome {
    let running: &'static InTask =
        Box::leak(Box::new(InTask { outcome: Mutex::new(None), done: Completion::new().named("a KUnit case") }));
    IN_TASK.store(ptr::from_ref(running).cast_mut(), Release);
    let sent = Sent(case);
    let options = TaskOptions { system: true, ..TaskOptions::new("kunit") };
    ringzero_sched::spawn(options, move || {
        let sent = sent;
        // SAFETY: the caller's contract.
        running.set(unsafe { run_case(sent.0) });
        running.done.complete();
    });
    running.done.wait_for_completion();
    IN_TASK.store(ptr::null_mut(), Release);
    lock(&running.outcome).take().unwrap_or(Outcome::Passed)
}

/// A case on its way to its task.
struct Sent(&'static Case);

// SAFETY: its pointers lead into the module, whose functions only that task calls.
unsafe impl Send for Sent {}

/// The cases of the suites that the pointers in `section` (address and length) lead to, in order.
///
/// # Safety
/// `section` must be the loaded and relocated `.rz.kunit` of a module that outlives what is returned.
#[must_use]
pub unsafe fn cases(section: (usize, usize)) -> Vec<Case> {
    let pointers: *const *mut RawSuite = ptr::with_exposed_provenance(section.0);
    let mut found = Vec::new();
    for suite_index in 0..section.1 / size_of::<*mut RawSuite>() {
        // SAFETY: the section is an array of pointers to suites (the caller's contract).
        let raw_suite = unsafe { pointers.add(suite_index).read() };
        if raw_suite.is_null() {
            continue;
        }
        // SAFETY: as above; a suite is a static of the module.
        let (name, first) = unsafe { ((&raw const (*raw_suite).name).cast::<c_void>(), (*raw_suite).test_cases) };
        let suite = String::from_utf8_lossy(view_text(name, 256)).into_owned();
        for case_index in 0.. {
            let raw_case = first.wrapping_add(case_index);
            // SAFETY: the cases are an array that ends with an empty one, or there are none.
            let Some(raw) = (unsafe { raw_case.as_ref() }).filter(|c| c.run_case.is_some()) else { break };
            let case = String::from_utf8_lossy(view_text(raw.name.cast(), 1024)).into_owned();
            found.push(Case { suite: suite.clone(), case, suite_index, case_index, raw_suite, raw_case });
        }
    }
    found
}

/// Runs one case: to be called in task context, as an execution's program. Does not return when the case fails or
/// leaves by `kunit_skip`; the finding, or [`skipped`], says so then.
///
/// # Safety
/// The case's module must be loaded on this machine, and its code may run.
pub unsafe fn run_case(case: &Case) -> Outcome {
    // SAFETY: statics of the module (the caller's contract); C code may change them, so they are copied.
    let (suite_init, suite_exit) = unsafe { ((*case.raw_suite).suite_init, (*case.raw_suite).suite_exit) };
    // SAFETY: as above.
    let generate = unsafe { (*case.raw_case).generate_params };
    if let Some(init) = suite_init {
        let error = init(case.raw_suite);
        if error != 0 {
            fail_now(&format!("{}: suite_init returned {}", case.case, named(error)), Place::caller());
        }
    }
    let mut outcome = Outcome::Passed;
    match generate {
        None => outcome = run_once(case, ptr::null(), 0, ""),
        Some(generate) => {
            let (mut param, mut index) = (ptr::null(), 0);
            let desc = keep(&[0; 128]).cast_mut();
            loop {
                param = generate(param, desc);
                if param.is_null() {
                    break;
                }
                let text = String::from_utf8_lossy(view_text(desc.cast(), 128)).into_owned();
                match run_once(case, param, index, &text) {
                    Outcome::Passed => {}
                    Outcome::Skipped(_) if matches!(outcome, Outcome::Failed(..)) => {}
                    other => outcome = other,
                }
                index += 1;
            }
        }
    }
    if let Some(exit) = suite_exit {
        exit(case.raw_suite);
    }
    outcome
}

/// Why the case of this execution left by `kunit_skip`, if it did.
#[must_use]
pub fn skipped() -> Option<String> {
    // SAFETY: set by `run_once` to the running case, which lives as long as the execution.
    let test = unsafe { ptr::with_exposed_provenance::<Kunit>(state().kunit.load(Relaxed)).as_ref() }?;
    (test.status.get() == SKIPPED).then(|| comment(test))
}

fn run_once(case: &Case, param: *const c_void, index: c_int, described: &str) -> Outcome {
    let label = match (param.is_null(), described) {
        (true, _) => case.case.clone(),
        (false, "") => format!("{} (parameter {index})", case.case),
        (false, text) => format!("{} (parameter {index}: {text})", case.case),
    };
    let running =
        KBox::new(Running { suite: case.raw_suite, failed: Mutex::new(None), actions: Cell::new(ptr::null()) });
    let test = KBox::new(Kunit {
        priv_: ptr::null_mut(),
        name: keep(label.as_bytes()),
        param_value: param,
        param_index: index,
        status: Cell::new(SUCCESS),
        status_comment: [const { Cell::new(0) }; COMMENT],
        state: running.as_ptr(),
    });
    let raw = test.as_ptr();
    state().kunit.store(raw.expose_provenance(), Relaxed);
    // SAFETY: statics of the module (`run_case`'s contract).
    let (init, run) = unsafe { ((*case.raw_suite).init, (*case.raw_case).run_case) };
    let error = init.map_or(0, |init| init(raw));
    if error != 0 {
        fail_now(&format!("{label}: init returned {}", named(error)), Place::caller());
    }
    run.expect("`cases` lists those that have one")(raw);
    end_case(&test, &running);
    let failed = lock(&running.failed).take();
    if let Some((text, place)) = failed {
        let text = String::from_utf8_lossy(view_text(text.cast(), 1 << 16));
        if in_task().is_some() {
            return Outcome::Failed(text.into_owned(), place);
        }
        fail_now(&text, place);
    }
    match test.status.get() {
        SKIPPED => Outcome::Skipped(comment(&test)),
        _ => Outcome::Passed,
    }
}

/// The suite's exit for the case, and what the case left to be undone.
fn end_case(test: &Kunit, running: &Running) {
    // SAFETY: a static of the module.
    if let Some(exit) = unsafe { (*running.suite).exit } {
        exit(ptr::from_ref(test).cast_mut());
    }
    // SAFETY: actions live as long as the execution.
    while let Some(action) = unsafe { running.actions.get().as_ref() } {
        running.actions.set(action.next.get());
        (action.call)(action.ctx);
    }
    state().kunit.store(0, Relaxed);
}

/// The finding. Nothing runs behind it.
fn fail_now(text: &str, place: Place) -> ! {
    leave(Outcome::Failed(text.to_owned(), place));
    found(&Finding { code: "kunit", message: text, place, other: None })
}

fn named(error: c_int) -> String {
    names::errno_name(-error).map_or_else(|| error.to_string(), |name| format!("-{name}"))
}

fn comment(test: &Kunit) -> String {
    let bytes: Vec<u8> = test.status_comment.iter().map(Cell::get).take_while(|b| *b != 0).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn running(test: *const Kunit) -> &'static Running {
    // SAFETY: C code passes the case that it was called with, which lives as long as the execution.
    unsafe { &*(*test).state }
}

/// A text that the headers made of the program's source.
fn source(text: *const c_char) -> String {
    String::from_utf8_lossy(view_text(text.cast(), 4096)).into_owned()
}

/// What an expectation said that did not hold, as KUnit words it.
fn describe(failure: &Failure) -> String {
    let (left, op, right) = (source(failure.left), source(failure.op), source(failure.right));
    let (lv, rv) = (failure.left_value, failure.right_value);
    let expected = format!("Expected {left} {op} {right}, but");
    let values = |show: &dyn Fn(i64) -> String| {
        let side = |text: &str, value: i64| {
            let shown = show(value);
            // What the text says already is not said again.
            let plain = text == shown || (text == "NULL" && value == 0);
            if plain { String::new() } else { format!("\n    {text} == {shown}") }
        };
        format!("{expected}{}{}", side(&left, lv), side(&right, rv))
    };
    let mut text = match failure.kind {
        1 => format!("Expected {left} to be true, but is false"),
        2 => format!("Expected {left} to be false, but is true"),
        3 => values(&|value| value.to_string()),
        4 => values(&|value| names::name(value as usize)),
        5 => values(&|value| string(value as usize)),
        6 => values(&|value| bytes(value as usize, failure.size)),
        7 if lv == 0 => format!("Expected {left} is not null, but is"),
        7 => format!("Expected {left} is not error, but is: {}", named(lv as c_int)),
        _ => String::new(),
    };
    if !failure.message.is_null() {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(source(failure.message).trim_end());
    }
    text
}

fn string(at: usize) -> String {
    if names::is_number(at) {
        return if at == 0 { "(null)".into() } else { names::name(at) };
    }
    let text = view_text(ptr::with_exposed_provenance(at), 256);
    format!("\"{}\"", String::from_utf8_lossy(text))
}

fn bytes(at: usize, size: usize) -> String {
    if names::is_number(at) {
        return "(null)".into();
    }
    let shown: Vec<_> =
        view(ptr::with_exposed_provenance(at), size.min(64)).iter().map(|b| format!("{b:02x}")).collect();
    shown.join(" ")
}

/// The bytes of a case's allocation.
fn allocate(test: *mut Kunit, n: usize, size: usize, gfp: Gfp) -> *mut c_void {
    let p = kmalloc_array(n, size, gfp).cast::<c_void>();
    if !p.is_null() {
        add(test, free_action, p);
    }
    p
}

extern "C" fn free_action(p: *mut c_void) {
    kfree(p.cast());
}

fn add(test: *mut Kunit, call: extern "C" fn(*mut c_void), ctx: *mut c_void) {
    let running = running(test);
    let action = KBox::new(Action { call, ctx, next: Cell::new(running.actions.get()) });
    running.actions.set(action.as_ptr());
}

/// Takes the last such action out; whether there was one.
fn take(test: *mut Kunit, call: extern "C" fn(*mut c_void), ctx: *mut c_void) -> bool {
    let mut link = &running(test).actions;
    // SAFETY: actions live as long as the execution.
    while let Some(action) = unsafe { link.get().as_ref() } {
        if action.ctx == ctx && action.call as usize == call as usize {
            link.set(action.next.get());
            return true;
        }
        link = &action.next;
    }
    false
}

fn mark_skipped(test: &Kunit, text: *const c_char) {
    test.status.set(SKIPPED);
    let text = view_text(text.cast(), COMMENT - 1);
    for (cell, byte) in test.status_comment.iter().zip(text.iter().chain(&[0])) {
        cell.set(*byte);
    }
}

crate::exports! {
    /// An expectation (or, never returning, an assertion) did not hold.
    fn __rz_kunit_fail(test: *mut Kunit, is_assert: c_int, failure: *const Failure) {
        let text = describe(&peek(failure));
        let place = Place::caller();
        let (what, at) = (if is_assert == 0 { "EXPECTATION" } else { "ASSERTION" }, format!("{}:{}", place.file(), place.line()));
        // SAFETY: the running case.
        let test = unsafe { &*test };
        let name = source(test.name);
        printk::print(format!("    # {name}: {what} FAILED at {at}\n").as_bytes());
        for line in text.lines() {
            printk::print(format!("    {line}\n").as_bytes());
        }
        test.status.set(FAILURE);
        let whole = format!("{name}: {text}");
        if is_assert != 0 {
            let first = lock(&running(test).failed).take();
            match first {
                Some((text, place)) => fail_now(&source(text), place),
                None => fail_now(&whole, place),
            }
        }
        lock(&running(test).failed).get_or_insert_with(|| (keep(whole.as_bytes()), place));
    }

    /// `kunit_kmalloc_array()`: freed when the case ends. May sleep as `gfp` says.
    fn kunit_kmalloc_array(test: *mut Kunit, n: usize, size: usize, gfp: u32) -> *mut c_void {
        allocate(test, n, size, Gfp::from_bits(gfp))
    }

    /// `kunit_kcalloc()`: the same, zeroed.
    fn __rz_kunit_kcalloc(test: *mut Kunit, n: usize, size: usize, gfp: u32) -> *mut c_void {
        allocate(test, n, size, Gfp::from_bits(gfp) | __GFP_ZERO)
    }

    /// `kunit_kfree()`: frees one of the case's allocations now.
    fn kunit_kfree(test: *mut Kunit, p: *mut c_void) {
        if !p.is_null() && take(test, free_action, p) {
            kfree(p.cast());
        }
    }

    /// `kunit_add_action()`: calls `action` with `ctx` when the case ends.
    fn kunit_add_action(test: *mut Kunit, action: extern "C" fn(*mut c_void), ctx: *mut c_void) -> c_int {
        add(test, action, ctx);
        0
    }

    /// `kunit_add_action_or_reset()`: the same; there is always memory for it.
    fn kunit_add_action_or_reset(test: *mut Kunit, action: extern "C" fn(*mut c_void), ctx: *mut c_void) -> c_int {
        add(test, action, ctx);
        0
    }

    /// `kunit_remove_action()`: the action will not be called.
    fn kunit_remove_action(test: *mut Kunit, action: extern "C" fn(*mut c_void), ctx: *mut c_void) {
        take(test, action, ctx);
    }

    /// `kunit_release_action()`: the action is called now.
    fn kunit_release_action(test: *mut Kunit, action: extern "C" fn(*mut c_void), ctx: *mut c_void) {
        if take(test, action, ctx) {
            action(ctx);
        }
    }

    /// `kunit_get_current_test()`: the running case, or NULL.
    fn kunit_get_current_test() -> *mut Kunit {
        ptr::with_exposed_provenance_mut(state().kunit.load(Relaxed))
    }

    /// `kunit_mark_skipped()`: the case counts as skipped, and goes on.
    fn __rz_kunit_mark_skipped(test: *mut Kunit, text: *const c_char) {
        // SAFETY: the running case.
        mark_skipped(unsafe { &*test }, text);
    }

    /// `kunit_skip()`: the case counts as skipped, and ends here. Never returns.
    fn __rz_kunit_skip(test: *mut Kunit, text: *const c_char) {
        skip(test, text);
    }
}

/// Ends the case on top of itself: what it left to be undone is undone, then its context ends.
fn skip(test: *mut Kunit, text: *const c_char) -> ! {
    // SAFETY: the running case.
    let test = unsafe { &*test };
    mark_skipped(test, text);
    let running = running(test);
    end_case(test, running);
    state().kunit.store(ptr::from_ref(test).expose_provenance(), Relaxed);
    // SAFETY: a static of the module.
    if let Some(exit) = unsafe { (*running.suite).suite_exit } {
        exit(running.suite);
    }
    leave(Outcome::Skipped(comment(test)));
    match machine() {
        Some(m) => m.abandon(),
        None => fail_now(
            &format!("{} was skipped outside a machine: {}", source(test.name), comment(test)),
            Place::caller(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::printk::tests::taken;
    use std::cell::RefCell;
    use std::ffi::CStr;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    thread_local! {
        static SEEN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    }

    fn see(what: &str) {
        SEEN.with_borrow_mut(|s| s.push(what.to_owned()));
    }

    extern "C" fn init(_: *mut Kunit) -> c_int {
        see("init");
        0
    }

    extern "C" fn refuse(_: *mut Kunit) -> c_int {
        -12
    }

    extern "C" fn exit(_: *mut Kunit) {
        see("exit");
    }

    extern "C" fn undo(ctx: *mut c_void) {
        see(&format!("undo {}", ctx.addr()));
    }

    extern "C" fn good(test: *mut Kunit) {
        assert_eq!(kunit_get_current_test(), test);
        for n in 1..4 {
            kunit_add_action(test, undo, ptr::without_provenance_mut(n));
        }
        kunit_remove_action(test, undo, ptr::without_provenance_mut(2));
        see("case");
    }

    fn failure(kind: c_int, left: &CStr, lv: i64, right: &CStr, rv: i64) -> Failure {
        let (left, op, right) = (left.as_ptr(), c"==".as_ptr(), right.as_ptr());
        Failure { kind, left, op, right, left_value: lv, right_value: rv, size: 0, message: ptr::null() }
    }

    extern "C" fn bad(test: *mut Kunit) {
        let number = failure(3, c"n", 1, c"2", 2);
        __rz_kunit_fail(test, 0, &raw const number);
        let condition = failure(1, c"ok", 0, c"", 0);
        __rz_kunit_fail(test, 0, &raw const condition);
        see("went on");
    }

    extern "C" fn marks(test: *mut Kunit) {
        __rz_kunit_mark_skipped(test, c"not here".as_ptr());
    }

    extern "C" fn params(prev: *const c_void, desc: *mut c_char) -> *const c_void {
        let next = prev.wrapping_byte_add(1);
        // SAFETY: room for a description, by the contract.
        unsafe { desc.cast::<[u8; 2]>().write([b'0' + next.addr() as u8, 0]) };
        if next.addr() == 3 { ptr::null() } else { next }
    }

    extern "C" fn takes_param(test: *mut Kunit) {
        // SAFETY: the running case.
        let test = unsafe { &*test };
        see(&format!("{} {}", source(test.name), test.param_value.addr()));
    }

    type Body = extern "C" fn(*mut Kunit);

    /// Runs the only case of a suite made for it; the finding's text if it has one.
    fn run(body: Body, init: extern "C" fn(*mut Kunit) -> c_int, with_params: bool) -> Result<Outcome, String> {
        let case = |run_case, name: *const c_char| RawCase {
            run_case,
            name,
            generate_params: if with_params { Some(params) } else { None },
            status: 0,
            log: ptr::null_mut(),
        };
        let list = Box::leak(Box::new([case(Some(body), c"case".as_ptr()), case(None, ptr::null())]));
        let mut name = [0; 256];
        name[0] = b's' as c_char;
        let suite: *mut RawSuite = Box::leak(Box::new(RawSuite {
            name,
            suite_init: None,
            suite_exit: None,
            init: Some(init),
            exit: Some(exit),
            test_cases: list.as_mut_ptr(),
            status_comment: [0; COMMENT],
            log: ptr::null_mut(),
            suite_init_err: 0,
        }));
        let section = [ptr::null_mut(), suite];
        // SAFETY: an array of pointers to suites, which live for ever.
        let found = unsafe { cases((section.as_ptr().expose_provenance(), size_of_val(&section))) };
        let [one] = &found[..] else { panic!("{found:?}") };
        assert_eq!((one.suite.as_str(), one.case.as_str(), one.suite_index, one.case_index), ("s", "case", 1, 0));
        SEEN.take();
        // SAFETY: functions of this test.
        catch_unwind(AssertUnwindSafe(|| unsafe { run_case(one) }))
            .map_err(|found| found.downcast_ref::<String>().unwrap().clone())
    }

    #[test]
    fn a_case_that_passes_is_undone_in_reverse_order() {
        assert_eq!(run(good, init, false), Ok(Outcome::Passed));
        assert_eq!(SEEN.take(), ["init", "case", "exit", "undo 3", "undo 1"]);
        assert!(kunit_get_current_test().is_null());
    }

    #[test]
    fn an_expectation_fails_the_case_and_lets_it_go_on() {
        let found = run(bad, init, false).unwrap_err();
        assert!(found.starts_with("kunit: case: Expected n == 2, but\n    n == 1 (at "), "{found}");
        assert_eq!(SEEN.take(), ["init", "went on", "exit"]);
        let log = taken();
        assert!(log[0].starts_with("    # case: EXPECTATION FAILED at "), "{log:?}");
        assert_eq!(log[1..3], ["    Expected n == 2, but", "        n == 1"]);
    }

    #[test]
    fn a_suite_that_does_not_start_is_a_failure() {
        assert!(run(good, refuse, false).unwrap_err().starts_with("kunit: case: init returned -ENOMEM"));
    }

    #[test]
    fn a_skipped_case_says_why() {
        assert_eq!(run(marks, init, false), Ok(Outcome::Skipped("not here".into())));
    }

    #[test]
    fn each_parameter_is_a_run() {
        assert_eq!(run(takes_param, init, true), Ok(Outcome::Passed));
        let seen = SEEN.take();
        assert_eq!(seen[1], "case (parameter 0: 1) 1");
        assert_eq!((seen[4].as_str(), seen.len()), ("case (parameter 1: 2) 2", 6));
    }

    #[test]
    fn failures_are_worded_as_kunit_does() {
        let text = |f: &Failure| describe(f);
        assert_eq!(text(&failure(3, c"a", 1, c"b", 2)), "Expected a == b, but\n    a == 1\n    b == 2");
        assert_eq!(text(&failure(2, c"x", 0, c"", 0)), "Expected x to be false, but is true");
        assert_eq!(text(&failure(7, c"p", 0, c"", 0)), "Expected p is not null, but is");
        assert_eq!(text(&failure(7, c"p", -22, c"", 0)), "Expected p is not error, but is: -EINVAL");
        let (a, b) = (c"one".as_ptr().expose_provenance() as i64, c"two".as_ptr().expose_provenance() as i64);
        assert_eq!(text(&failure(5, c"s", a, c"t", b)), "Expected s == t, but\n    s == \"one\"\n    t == \"two\"");
        let bytes = Failure { size: 3, ..failure(6, c"s", a, c"t", 0) };
        assert_eq!(text(&bytes), "Expected s == t, but\n    s == 6f 6e 65\n    t == (null)");
        let said = Failure { message: c"why\n".as_ptr(), ..failure(0, c"", 0, c"", 0) };
        assert_eq!(text(&said), "why");
    }
}
