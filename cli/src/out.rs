//! What is printed on stdout.

use crate::exit::Exit;
use std::io::{ErrorKind, Write};

/// Prints a line. When nobody reads any more, the process ends quietly.
pub fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    let written = writeln!(out, "{text}").and_then(|()| out.flush());
    if let Err(e) = written {
        if e.kind() != ErrorKind::BrokenPipe {
            eprintln!("ringzero: cannot write to stdout: {e}");
        }
        std::process::exit(Exit::Clean as i32);
    }
}

/// As `println!`, by [`line`].
macro_rules! say {
    ($($arg:tt)*) => { $crate::out::line(&format!($($arg)*)) };
}
pub(crate) use say;
