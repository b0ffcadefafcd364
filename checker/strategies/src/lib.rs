//! How the checker chooses what happens next: one file a strategy.
#![forbid(unsafe_code)]

mod brute;
mod burst;
mod class;
mod exhaustive;
mod hb;
mod observe;
mod pct;
mod plain;
mod pos;
mod races;
mod random;
mod replay;
mod rng;
mod sample;
mod share;
mod shared;
mod spins;
mod stacking;
mod tree;

pub use brute::Brute;
pub use burst::Burst;
pub use class::Classes;
pub use exhaustive::{Exhaustive, Stats};
pub use observe::Observe;
pub use pct::Pct;
pub use plain::Plain;
pub use pos::Pos;
pub use random::Random;
pub use replay::{Mode as ReplayMode, Replay};
pub use rng::Rng;
pub use sample::Sample;
pub use share::Common;
