//! How an execution ends by itself.

use super::*;

impl Inner {
    /// Nothing can or shall happen any more: what does that mean?
    pub(super) fn conclude(&mut self) -> End {
        if let Some(found) = self.stuck() {
            self.record_waits();
            self.found = Some(found);
            return End::Violated { stuck: true };
        }
        let waits = self.live.iter().any(|&i| {
            let c = &self.ctxs[i];
            // A task that was never woken is left behind, when the program is gone.
            let gone = self.cfg.c && self.exit_done;
            !c.done && !c.is_system() && (c.idx > 0 || (!c.ready(&self.ctxs) && !gone)) && !c.is_exit()
        });
        if waits {
            return End::IdleAtBound;
        }
        if self.exit_done
            && let Some(found) = self.left_behind()
        {
            self.found = Some(found);
            return End::Violated { stuck: false };
        }
        if (self.exit_done || (self.exit.is_none() && self.exit_ctx.is_none() && !self.cfg.c))
            && let Some(found) = self.leaked()
        {
            self.found = Some(found);
            return End::Violated { stuck: false };
        }
        End::Complete
    }

    /// Whether an arrival could be delivered now or once bounds were lifted.
    pub(crate) fn may_still_arrive(&self) -> bool {
        let line = (0..self.lines.len()).any(|l| {
            let finite = matches!(self.lines[l].spec.source, ArrivalSource::Finite(_)) && self.left(l) == 0;
            let soft = self.lines[l].spec.source == ArrivalSource::Raised;
            self.line_on(l) && !finite && !soft && self.line_deliverable(l)
        });
        line || (0..self.cfg.cpus).any(|c| self.clocks[c].is_some() && self.irq_open(c))
    }

    /// What the exit function has left behind, by the looks that were registered.
    pub(super) fn left_behind(&mut self) -> Option<Found> {
        if let Some(&(addr, ctx, place, _)) = self.owners.first() {
            let symbol = ringzero_machine::code_map().and_then(|m| m.object(addr));
            let name = symbol.map(|n| format!(" `{n}`")).unwrap_or_default();
            return Some(Found {
                code: "leak",
                message: format!("a lock{name} is still held by {} when the program has ended", self.describe(ctx)),
                place: Some(place),
                other: None,
                notes: Vec::new(),
            });
        }
        self.looks.iter().find_map(|look| look()).map(|left| Self::tell_left(&left))
    }

    pub(super) fn tell_left(left: &ringzero_machine::Left) -> Found {
        let symbol = ringzero_machine::code_map().filter(|_| left.addr != 0).and_then(|m| m.object(left.addr));
        let name = symbol.or(left.name.map(str::to_owned)).map(|n| format!(" `{n}`")).unwrap_or_default();
        Found {
            code: "leak",
            message: format!("{}{name} is left behind when the program has ended", left.what),
            place: left.place,
            other: None,
            notes: Vec::new(),
        }
    }

    pub(super) fn line_deliverable(&self, line: usize) -> bool {
        let spec = &self.lines[line].spec;
        // SAFETY: as in `line_on`.
        let affinity = unsafe { (*spec.affinity).load(std::sync::atomic::Ordering::Relaxed) };
        (0..self.cfg.cpus).any(|c| affinity >> c & 1 == 1 && if spec.nmi { !self.in_nmi(c) } else { self.irq_open(c) })
    }

    fn leaked(&mut self) -> Option<Found> {
        if self.may_still_arrive() {
            return None;
        }
        let mut alive = self.objects.values().filter(|o| o.died.is_none());
        let first = alive.next()?;
        let more = alive.count();
        Some(Found {
            code: "leak",
            message: format!("{} of {} bytes is still allocated when the program has ended", first.name, first.size),
            place: Some(first.born),
            other: None,
            notes: if more > 0 { vec![format!("and {more} more objects")] } else { Vec::new() },
        })
    }
}
