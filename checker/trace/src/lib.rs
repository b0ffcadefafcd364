//! The one event type, the interface between a model machine and its schedulers, and the trace file.

#![forbid(unsafe_code)]

mod explore;
mod file;

pub use explore::{
    Access, Choice, End, Event, Label, Level, NO_EVENT, NO_SLOT, Pick, Proc, Scheduler, Slot, Sync, View,
};
pub use file::{
    FileBounds, FileLog, FileModule, FilePlace, FileRow, FileRowKind, SourceLine, TRACE_VERSION, TraceError, TraceFile,
    TraceProblem,
};
