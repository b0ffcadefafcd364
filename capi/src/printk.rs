//! `linux/printk.h`: messages go to the machine's log, as whole lines and without their level.
//!
//! A text without an end of line stays open. What comes next ends it, unless it begins with `KERN_CONT` and goes on
//! with it; [`flush`] ends it when the execution does. Printing is no step: the order of two contexts' messages is that
//! of the steps around them. On the host each CPU has an open line of its own. Unlike Linux: no level is filtered; the
//! rate of rated messages is that of the machine's clock.

use crate::format;
use crate::memory::{load, peek, put, reads, text, view, writes};
use crate::names;
use crate::state::{LINE, OpenLine, on_host, open_line, open_line_on};
use crate::va::VaList;
use ringzero_machine::{Mode, Op, Place, Step, StepLock, machine, step};
use std::ffi::{c_char, c_int, c_void};
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// `KERN_SOH`: a level follows.
const SOH: u8 = 1;
/// Nanoseconds in a jiffy: `HZ` is 250.
const JIFFY_NS: u64 = 4_000_000;

/// Hands a line over.
fn emit(line: &[u8]) {
    let line = String::from_utf8_lossy(line);
    match machine() {
        Some(m) => m.log(&line),
        None => outside(&line),
    }
}

#[cfg(not(test))]
fn outside(line: &str) {
    eprintln!("{line}");
}

#[cfg(test)]
fn outside(line: &str) {
    tests::LINES.with_borrow_mut(|l| l.push(line.to_owned()));
}

/// Ends the line that a message without an end of line left open: to be called when an execution ends.
pub fn flush() {
    end(open_line());
}

/// [`flush`] of every CPU of the host: when none of them runs any more.
pub fn flush_all() {
    if on_host() {
        for cpu in 0..machine().map_or(1, |m| m.nr_cpus()) {
            end(open_line_on(cpu));
        }
    }
    flush();
}

fn end(open: &OpenLine) {
    let len = open.len.replace(0);
    if len > 0 {
        let line: Vec<u8> = open.text[..len].iter().map(std::cell::Cell::get).collect();
        emit(&line);
    }
}

/// Adds to the open line; what does not fit is lost, as in Linux.
fn append(part: &[u8]) {
    let open = open_line();
    let len = open.len.get();
    for (cell, byte) in open.text[len..].iter().zip(part) {
        cell.set(*byte);
    }
    open.len.set((len + part.len()).min(LINE));
}

/// Takes the levels off the head; whether it goes on with the open line.
fn strip_levels(mut message: &[u8]) -> (&[u8], bool) {
    let mut goes_on = false;
    while let [SOH, level, rest @ ..] = message
        && matches!(level, b'0'..=b'7' | b'c' | b'd')
    {
        goes_on |= *level == b'c';
        message = rest;
    }
    (message, goes_on)
}

/// Prints a message with its level; returns the length of its text.
pub(crate) fn print(message: &[u8]) -> usize {
    let (message, goes_on) = strip_levels(message);
    if !goes_on {
        flush();
    }
    let mut lines = message.split(|b| *b == b'\n').peekable();
    while let Some(line) = lines.next() {
        let complete = lines.peek().is_some();
        append(line);
        if complete && open_line().len.get() == 0 {
            emit(b"");
        } else if complete {
            flush();
        }
    }
    message.len()
}

/// `struct ratelimit_state`.
#[repr(C)]
#[derive(Clone, Copy)]
struct RateLimit {
    interval: c_int,
    burst: c_int,
    printed: c_int,
    missed: c_int,
    begin_ns: u64,
    flags: u64,
}

/// On the host: who changes a `struct ratelimit_state` has this.
static RATES: StepLock = StepLock::new();

/// Whether one more may be said now.
fn rate(rs: *mut RateLimit) -> bool {
    // A bad pointer faults here, and not with the lock held.
    peek(rs);
    let _in = RATES.lock();
    let mut state = peek(rs);
    if state.interval == 0 {
        return true;
    }
    // An interval starts with its first message; 0 stands for none yet.
    let now = machine().map_or(0, ringzero_machine::Machine::now_ns) + 1;
    if state.begin_ns == 0 || now - state.begin_ns >= state.interval as u64 * JIFFY_NS {
        state = RateLimit { begin_ns: now, printed: 0, missed: 0, ..state };
    }
    let allowed = state.printed < state.burst;
    *(if allowed { &mut state.printed } else { &mut state.missed }) += 1;
    // SAFETY: the module's own structure; its words belong to this function.
    unsafe { rs.write(state) };
    allowed
}

/// Whether nobody has asked about the byte at `done` before. No step.
pub(crate) fn first_time(done: *mut u8) -> bool {
    peek(done);
    // SAFETY: the header's own static byte, which was just read.
    unsafe { AtomicU8::from_ptr(done) }.swap(1, Relaxed) == 0
}

/// `struct __rz_hex_dump`.
#[repr(C)]
#[derive(Clone, Copy)]
struct HexDump {
    level: *const c_char,
    prefix: *const c_char,
    prefix_type: c_int,
    rowsize: c_int,
    groupsize: c_int,
    ascii: bool,
    buf: *const c_void,
    len: usize,
}

/// `struct __rz_hex_row`.
#[repr(C)]
#[derive(Clone, Copy)]
struct HexRow {
    buf: *const c_void,
    len: usize,
    rowsize: c_int,
    groupsize: c_int,
    line: *mut c_char,
    linelen: usize,
    ascii: bool,
}

/// One row: the bytes in groups (each a number of the machine's byte order), and as characters at a fixed column.
fn hex_row(bytes: &[u8], rowsize: usize, groupsize: usize, ascii: bool) -> String {
    let rowsize = if rowsize == 32 { 32 } else { 16 };
    let bytes = &bytes[..bytes.len().min(rowsize)];
    let fits = matches!(groupsize, 2 | 4 | 8) && bytes.len().is_multiple_of(groupsize);
    let groupsize = if fits { groupsize } else { 1 };
    let group = |g: &[u8]| g.iter().rev().map(|b| format!("{b:02x}")).collect::<String>();
    let mut row = bytes.chunks(groupsize).map(group).collect::<Vec<_>>().join(" ");
    if ascii && !bytes.is_empty() {
        let column = rowsize * 2 + rowsize / groupsize + 1;
        let graphic = |b: &u8| if b.is_ascii_graphic() || *b == b' ' { char::from(*b) } else { '.' };
        row = format!("{row:column$}{}", bytes.iter().map(graphic).collect::<String>());
    }
    row
}

fn hex_dump(dump: &HexDump) {
    let string = |s: *const c_char| if s.is_null() { Vec::new() } else { text(s.cast()).to_vec() };
    let bytes = load(dump.buf, dump.len);
    let head = [string(dump.level), string(dump.prefix)].concat();
    let rowsize = if dump.rowsize == 32 { 32 } else { 16 };
    for (i, row) in bytes.chunks(rowsize).enumerate() {
        let prefix = match dump.prefix_type {
            1 => format!("{}+{:x}: ", names::name(dump.buf.addr()), i * rowsize),
            2 => format!("{:08x}: ", i * rowsize),
            _ => String::new(),
        };
        let row = hex_row(row, rowsize, dump.groupsize as usize, dump.ascii);
        print(&[&head, prefix.as_bytes(), row.as_bytes(), b"\n"].concat());
    }
}

crate::exports! {
    /// Prints a message. Any context; never sleeps.
    fn vprintk(fmt: *const c_char, args: *const VaList) -> c_int {
        print(&format::to_vec(fmt, args)) as c_int
    }

    /// Whether this is the first time that it is asked about the byte at `done`. No step: only messages depend on it.
    fn __rz_once(done: *mut u8) -> bool {
        first_time(done)
    }

    /// Whether a rated message may be printed. No step: only messages depend on it.
    fn __rz_printk_ratelimit(rs: *mut RateLimit) -> bool {
        rate(rs)
    }

    /// `__ratelimit()`: whether it may be said now. A step, since code may go either way.
    fn ___ratelimit(rs: *mut RateLimit, _func: *const c_char) -> c_int {
        step(&Step::new(Op::AtomicRmw, Mode::Rmw, rs.addr(), 4, Place::caller()));
        c_int::from(rate(rs))
    }

    /// The old form, with one rate for all messages: here each may be said.
    fn printk_ratelimit() -> c_int {
        1
    }

    /// Says in the log which call came here.
    fn dump_stack() {
        let place = Place::caller();
        print(format!("dump_stack() at {}:{}\n", place.file(), place.line()).as_bytes());
    }

    /// `print_hex_dump()`. Any context; never sleeps.
    fn __rz_print_hex_dump(dump: *const HexDump) {
        hex_dump(&peek(dump));
    }

    /// `hex_dump_to_buffer()`: one row as text; the length that the whole row has.
    fn __rz_hex_dump_to_buffer(row: *const HexRow) -> c_int {
        let row = peek(row);
        reads(row.buf, row.len.min(32));
        let text = hex_row(view(row.buf, row.len.min(32)), row.rowsize as usize, row.groupsize as usize, row.ascii);
        if row.linelen > 0 {
            let n = text.len().min(row.linelen - 1);
            writes(row.line.cast(), n + 1);
            crate::memory::move_bytes(row.line.cast(), text.as_ptr().cast(), n);
            put(row.line.wrapping_add(n), 0);
        }
        text.len() as c_int
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::cell::RefCell;

    thread_local! {
        pub(crate) static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    }

    pub(crate) fn taken() -> Vec<String> {
        flush();
        LINES.take()
    }

    #[test]
    fn levels_go_and_lines_stay_whole() {
        print(b"\x016a\n");
        print(b"\x014b\nc\n");
        print(b"\n");
        print(b"plain\n");
        assert_eq!(taken(), ["a", "b", "c", "", "plain"]);
    }

    #[test]
    fn an_open_line_goes_on_or_is_ended() {
        print(b"\x011open");
        print(b"\x01c and on");
        print(b"\x01c\n");
        print(b"second");
        print(b"third\n");
        print(b"fourth");
        assert_eq!(taken(), ["open and on", "second", "third", "fourth"]);
        print(&[b'x'; LINE + 10]);
        assert_eq!(taken()[0].len(), LINE);
    }

    #[test]
    fn once_and_rated() {
        let mut done = 0;
        assert!(__rz_once(&raw mut done) && !__rz_once(&raw mut done));
        let mut rs = RateLimit { interval: 5, burst: 3, printed: 0, missed: 0, begin_ns: 0, flags: 0 };
        let said = (0..5).filter(|_| __rz_printk_ratelimit(&raw mut rs)).count();
        assert_eq!((said, rs.missed), (3, 2));
        rs.interval = 0;
        assert_eq!(___ratelimit(&raw mut rs, std::ptr::null()), 1);
    }

    #[test]
    fn rows_of_bytes() {
        let bytes: Vec<u8> = (0x40..0x54).collect();
        assert_eq!(hex_row(&bytes, 16, 1, true), "40 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f  @ABCDEFGHIJKLMNO");
        assert_eq!(hex_row(&bytes[..8], 16, 4, true), "43424140 47464544                    @ABCDEFG");
        assert_eq!(hex_row(&bytes[..3], 16, 2, false), "40 41 42");
        let dump = HexDump {
            level: c"\x017".as_ptr(),
            prefix: c"data: ".as_ptr(),
            prefix_type: 2,
            rowsize: 16,
            groupsize: 1,
            ascii: false,
            buf: bytes.as_ptr().cast(),
            len: 18,
        };
        hex_dump(&dump);
        let first = "data: 00000000: 40 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f";
        assert_eq!(taken(), [first, "data: 00000010: 50 51"]);
        let mut line = [0xff_u8; 6];
        let (buf, at) = (bytes.as_ptr().cast(), line.as_mut_ptr().cast());
        let row = HexRow { buf, len: 3, rowsize: 16, groupsize: 1, line: at, linelen: 6, ascii: false };
        assert_eq!((__rz_hex_dump_to_buffer(&raw const row), &line), (8, b"40 41\0"));
    }
}
