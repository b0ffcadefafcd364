//! Accesses to memory that are no steps: the unmarked ones of C code.
//!
//! # What is kept
//! A **touch** is one access: who, where, how much, and before which step it came. A *shadow* of the memory, eight bytes
//! a cell, remembers who touched a cell since it was last at a step, so that a loop does not fill the log, and whether
//! several contexts touched it. Only such cells can race, and only executions with one are looked at when they end
//! (`race.rs`).
//!
//! # Invariants
//! 1. While only the init task has run and nothing can interrupt it, touches are not kept: all that comes later is
//!    created by it, and so ordered after them.
//! 2. A touch of the running context's own stack is not kept.
//! 3. Touches come in the order in which they happened; `gap` is the number of steps before them.
//! 4. What an announced step is to access, or what a loop waits for, does not depend on what lies where a frame has been:
//!    when the frame goes, that is found ([`Inner::find_gone`]).
//! 5. A touch at a place that the configuration lists as racing ([`crate::Config::racing`]) is a step instead.

use crate::boot::{Inner, Object};
use crate::config::Found;
use crate::machine::is_memory;
use ringzero_machine::{Mode, Op, Place, Step};

/// Bytes before and after a memory object in which a touch is taken for one of the object's that missed.
pub(crate) const RED_ZONE: usize = 64;
/// Bytes before a memory object that surely belong to nothing else.
const GAP: usize = 16;
/// Cells of a touch that the shadow looks at; what is longer is taken for whole.
const MOST_CELLS: usize = 1 << 16;

/// One access.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Touch {
    pub gap: u32,
    pub ctx: u32,
    pub addr: usize,
    pub len: u32,
    pub write: bool,
    pub kind: TouchKind,
    pub place: Place,
}

/// What an access is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TouchKind {
    /// Unmarked, and no step.
    Plain,
    /// Unmarked, and a step because it races.
    PlainStep,
    /// The same, as a part of a larger access.
    PlainPart,
    /// Marked: a step.
    Marked,
    /// In `data_race()`: a step, and a race with it is meant.
    Meant,
    /// The end of the memory object.
    Free,
}

#[derive(Clone, Copy, Default)]
struct Cell {
    key: usize,
    generation: u32,
    ctx: u32,
    moment: u32,
    reads: u8,
    writes: u8,
    shared: bool,
    written: bool,
    plain: bool,
}

/// The touches of one execution.
pub(crate) struct Touches {
    pub log: Vec<Touch>,
    cells: Vec<Cell>,
    used: usize,
    generation: u32,
    /// A cell that was written, or whose object died, is shared and not always marked: there may be a race.
    pub suspicious: bool,
}

/// The bytes of the cell at `key` that `addr..addr + len` covers.
pub(crate) fn mask(key: usize, addr: usize, len: usize) -> u8 {
    let (from, to) = (addr.max(key << 3), (addr + len).min((key << 3) + 8));
    if from >= to {
        return 0;
    }
    let (low, n) = (from & 7, to - from);
    (((1_u16 << n) - 1) << low) as u8
}

impl Touches {
    pub fn new() -> Self {
        Self { log: Vec::new(), cells: vec![Cell::default(); 1024], used: 0, generation: 1, suspicious: false }
    }

    pub fn reset(&mut self) {
        self.log.clear();
        self.used = 0;
        self.generation += 1;
        self.suspicious = false;
    }

    fn find(&self, key: usize) -> usize {
        let bits = self.cells.len() - 1;
        let mut i = (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) & bits;
        while self.cells[i].generation == self.generation && self.cells[i].key != key {
            i = (i + 1) & bits;
        }
        i
    }

    fn cell(&mut self, key: usize, ctx: u32) -> &mut Cell {
        if (self.used + 1) * 2 > self.cells.len() {
            self.grow();
        }
        let i = self.find(key);
        let c = &mut self.cells[i];
        if c.generation != self.generation {
            *c = Cell { key, generation: self.generation, ctx, moment: u32::MAX, ..Cell::default() };
            self.used += 1;
        }
        &mut self.cells[i]
    }

    fn grow(&mut self) {
        let len = self.cells.len() * 2;
        let old = std::mem::replace(&mut self.cells, vec![Cell::default(); len]);
        for c in old.into_iter().filter(|c| c.generation == self.generation) {
            let i = self.find(c.key);
            self.cells[i] = c;
        }
    }

    /// Whether several contexts touched the cell at `key`, one wrote it, and not all touches were marked.
    pub fn shared(&self, key: usize) -> bool {
        let c = &self.cells[self.find(key)];
        c.generation == self.generation && c.shared && c.written && c.plain
    }

    /// Keeps a touch, unless the same context has touched the same bytes alike since its last step.
    /// `moment` changes with each step and each edge: what comes after an unlock is another touch than what came before.
    pub fn add(&mut self, t: Touch, moment: u32) {
        let (addr, len) = (t.addr, t.len as usize);
        let (first, last) = (addr >> 3, (addr + len.max(1) - 1) >> 3);
        let mut new = t.kind != TouchKind::Plain;
        let mut suspicious = false;
        for key in first..=last.min(first + MOST_CELLS) {
            let bits = mask(key, addr, len);
            let c = self.cell(key, t.ctx);
            c.shared |= c.ctx != t.ctx;
            c.written |= t.write;
            c.plain |= !matches!(t.kind, TouchKind::Marked | TouchKind::Meant | TouchKind::Free);
            suspicious |= c.shared && c.written && c.plain;
            if c.ctx != t.ctx || c.moment != moment {
                (c.ctx, c.moment, c.reads, c.writes) = (t.ctx, moment, 0, 0);
            }
            let seen = if t.write { &mut c.writes } else { &mut c.reads };
            new |= bits & !*seen != 0;
            *seen |= bits;
        }
        self.suspicious |= suspicious;
        if new {
            self.log.push(t);
        }
    }

    /// Forgets the touches of steps from number `at` on: they were taken back.
    pub fn forget_steps(&mut self, at: u32) {
        while self.log.last().is_some_and(|t| t.kind != TouchKind::Plain && t.gap > at) {
            self.log.pop();
        }
    }
}

impl Inner {
    /// Whether nothing but the init task has run, and nothing else can (invariant 1).
    pub(crate) fn alone(&self) -> bool {
        !self.others
    }

    /// An unmarked access of C code. Whether it is to become a step, which the caller then announces.
    pub(crate) fn touch(&mut self, ctx: usize, addr: usize, len: usize, write: bool, place: Place) -> bool {
        let (low, high) = self.ctxs[ctx].stack;
        if (low..high).contains(&addr) {
            return false;
        }
        if let Some(found) = self.misses(ctx, addr, len, write, place) {
            self.found.get_or_insert(found);
            return true;
        }
        if self.alone() {
            return false;
        }
        if self.ctxs[ctx].may_race() || self.cfg.racing.contains(&place.bits()) {
            return true;
        }
        let gap = self.events.len() as u32;
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        let moment = gap + self.edges.len() as u32;
        self.touches.add(Touch { gap, ctx: ctx as u32, addr, len, write, kind: TouchKind::Plain, place }, moment);
        false
    }

    /// The finding of an access that misses the memory objects, if it does.
    pub(crate) fn misses(&mut self, ctx: usize, addr: usize, len: usize, write: bool, place: Place) -> Option<Found> {
        if self.statics.contains(&addr) {
            return None;
        }
        if !self.fallen.is_empty()
            && let Some(found) = self.dead_on_stack(addr, len, place)
        {
            return Some(found);
        }
        if !self.arena.holds(addr) {
            return self.below_a_stack(ctx, addr, place);
        }
        if self.objects.is_empty() {
            return None;
        }
        let near = self.object_near(addr, len);
        let verb = if write { "write" } else { "read" };
        let (start, o) = near?;
        if let Some(died) = o.died {
            let inside = addr.wrapping_sub(start);
            return Some(Found {
                code: "use-after-free",
                message: format!("{verb} of {len} bytes, {inside} bytes into {} after it was freed", described(&o)),
                place: Some(place),
                other: Some(died),
                notes: vec![format!("allocated at {}:{}", o.born.file(), o.born.line())],
            });
        }
        if addr >= start && addr + len <= start + o.size {
            return None;
        }
        let whereabouts = if addr < start {
            format!("{} bytes before", start - addr)
        } else if addr >= start + o.size {
            format!("{} bytes past the end of", addr - (start + o.size))
        } else {
            format!("across the end of, from byte {} of,", addr - start)
        };
        Some(Found {
            code: "out-of-bounds",
            message: format!("{verb} of {len} bytes {whereabouts} {}", described(&o)),
            place: Some(place),
            other: Some(o.born),
            notes: Vec::new(),
        })
    }

    /// The finding of an access to another context's stack, where no function's frame is any more.
    fn below_a_stack(&self, ctx: usize, addr: usize, place: Place) -> Option<Found> {
        let there = |c: &&crate::ctx::Ctx| (c.stack.0..c.stack.1).contains(&addr);
        // A stack that is used again is its new context's.
        let mut owners = self.ctxs.iter().filter(there);
        let owner = owners.clone().find(|c| !c.done).or_else(|| owners.next())?;
        let end = if owner.done { owner.stack.1 } else { owner.frames.last().copied().unwrap_or(owner.stack.1) };
        if std::ptr::eq(owner, &raw const self.ctxs[ctx]) || addr >= end {
            return None;
        }
        let how = if owner.done { "has ended" } else { "has returned from the function that had it there" };
        Some(Found {
            code: "use-after-return",
            message: format!("a variable on the stack of task {} is used after that task {how}", owner.name),
            place: Some(place),
            other: owner.pend.place.filter(|_| !owner.done),
            notes: Vec::new(),
        })
    }

    /// The finding of an access of an announced step to what was in a frame, if that has gone since. Whether the step can
    /// be taken would depend on what lies there now, and so would what it reads.
    pub(crate) fn find_gone(&mut self) {
        if self.found.is_some() {
            return;
        }
        for k in 0..self.live.len() {
            let c = &self.ctxs[self.live[k]];
            let Some(place) = c.pend.place.filter(|_| !c.done && !c.relaxing) else { continue };
            let Some(found) = self.gone(self.live[k], c.pend.op, c.pend_addr, c.pend_size, place) else { continue };
            self.record_announced(self.live[k]);
            self.found = Some(found);
            return;
        }
    }

    /// The finding of an access by `op` to what was in a frame that is gone.
    pub(crate) fn gone(&self, ctx: usize, op: Op, addr: usize, len: u8, place: Place) -> Option<Found> {
        if !self.cfg.c || self.statics.contains(&addr) || self.arena.holds(addr) {
            return None;
        }
        let variable = || if is_memory(op) { self.below_a_stack(ctx, addr, place) } else { None };
        self.dead_on_stack(addr, usize::from(len), place).or_else(variable)
    }

    /// The memory object that an access belongs to: that it lies in, or in whose red zone.
    fn object_near(&self, addr: usize, len: usize) -> Option<(usize, Object)> {
        let (start, o) = self.objects.range(..=addr).next_back().map(|(s, o)| (*s, *o)).unzip();
        if let (Some(start), Some(o)) = (start, o)
            && addr < start + o.size + RED_ZONE
        {
            return Some((start, o));
        }
        let (start, o) = self.objects.range(addr..addr + len + GAP).next()?;
        Some((*start, *o))
    }

    /// An object that a context made on its stack.
    pub(crate) fn object_made(&mut self, ctx: usize, addr: usize, size: usize, place: Place, name: &'static str) {
        self.fallen.retain(|f| addr + size <= f.addr || addr >= f.addr + f.size);
        let (low, high) = self.ctxs[ctx].stack;
        if (low..high).contains(&addr) {
            self.ctxs[ctx].on_stack.push(OnStack { addr, size, made: place, name, fell: None });
        }
    }

    /// A function of C code returns: what lay in its frame is gone.
    pub(crate) fn frame_ends(&mut self, ctx: usize) {
        self.frames_fell = true;
        let c = &mut self.ctxs[ctx];
        c.frames.pop();
        if c.on_stack.is_empty() {
            return;
        }
        let end = c.frames.last().copied().unwrap_or(c.stack.1);
        self.fall(ctx, end);
    }

    /// Everything on a context's stack below `end` is gone.
    pub(crate) fn fall(&mut self, ctx: usize, end: usize) {
        self.frames_fell = true;
        let now = ringzero_machine::cpu().caller.get();
        let place = (now != 0).then(Place::caller);
        let (on_stack, fallen) = (&mut self.ctxs[ctx].on_stack, &mut self.fallen);
        on_stack.retain(|o| {
            let stays = o.addr >= end;
            if !stays {
                fallen.push(OnStack { fell: place, ..*o });
            }
            stays
        });
    }

    /// The finding of a use of an object whose stack frame is gone.
    pub(crate) fn dead_on_stack(&self, addr: usize, len: usize, place: Place) -> Option<Found> {
        let f = self.fallen.iter().rev().find(|f| addr < f.addr + f.size && f.addr < addr + len.max(1))?;
        Some(Found {
            code: "use-after-return",
            message: format!("{} on the stack is used after the function that it belonged to has returned", f.name),
            place: Some(place),
            other: Some(f.made),
            notes: f.fell.map(|p| format!("returned at {}:{}", p.file(), p.line())).into_iter().collect(),
        })
    }

    /// What a step's access is for the race detector, once it is taken.
    pub(crate) fn note_step(&mut self, ctx: usize, at: u32) {
        let e = &self.events[at as usize];
        let c = &self.ctxs[ctx];
        let Some(place) = e.place else { return };
        let (mut addr, mut len) = (c.pend_addr, u32::from(c.pend_size));
        let kind = match e.op {
            Op::Kfree => {
                let Some((start, o)) = self.object_at(addr) else { return };
                (addr, len) = (start, o.size as u32);
                TouchKind::Free
            }
            _ if c.may_race() && !e.rmw => TouchKind::Meant,
            _ if e.sync.plain && c.in_parts => TouchKind::PlainPart,
            _ if e.sync.plain => TouchKind::PlainStep,
            _ => TouchKind::Marked,
        };
        if addr == 0 || len == 0 || e.enters {
            return;
        }
        let write = e.acc[0].write || kind == TouchKind::Free;
        let moment = at + 1 + self.edges.len() as u32;
        self.touches.add(Touch { gap: at + 1, ctx: ctx as u32, addr, len, write, kind, place }, moment);
    }
}

/// An object with a life of its own on a context's stack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OnStack {
    pub addr: usize,
    pub size: usize,
    pub made: Place,
    pub name: &'static str,
    pub fell: Option<Place>,
}

fn described(o: &Object) -> String {
    format!("the {} bytes from {}", o.size, o.name)
}

/// The steps that stand for an access of `len` bytes: one for each pair of words, up to a limit.
pub(crate) fn steps_of(addr: usize, len: usize, write: bool, marked: bool, place: Place) -> impl Iterator<Item = Step> {
    let op = if write { Op::PlainWrite } else { Op::PlainRead };
    let mode = if write { Mode::Write } else { Mode::Read };
    let chunks = len.div_ceil(8).clamp(1, 16);
    (0..chunks).map(move |n| {
        let at = addr + n * 8;
        let left = len - n * 8;
        let size = match left {
            8.. => 8,
            4.. => 4,
            2.. => 2,
            _ => 1,
        };
        let mut s = Step::new(op, mode, at, size, place);
        s.plain = !marked;
        s
    })
}
