//! The one event type, the interface between a model machine and its schedulers, and the trace file.

mod explore;

pub use explore::{Access, End, Event, Label, Level, NO_EVENT, NO_SLOT, Pick, Proc, Scheduler, Slot, Sync, View};
