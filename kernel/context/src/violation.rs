//! Reporting a violated rule from code that must not unwind twice.

use core::fmt::{self, Write};
use ringzero_machine::{Finding, Place, report};

/// Whether this thread is unwinding from a panic: nothing may be reported then, and no guard may panic.
#[must_use]
pub fn panicking() -> bool {
    #[cfg(not(any(target_os = "none", ringzero_bare)))]
    return std::thread::panicking();
    #[cfg(any(target_os = "none", ringzero_bare))]
    false
}

/// A line of text of at most `N` bytes, made without allocation. What does not fit is cut off.
///
/// ```
/// use ringzero::context::Text;
/// let line: Text<8> = Text::format(format_args!("irq {} came", 4));
/// assert_eq!(line.as_str(), "irq 4 ca");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Text<const N: usize = 256> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Text<N> {
    /// An empty line.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: [0; N], len: 0 }
    }

    /// The line that `text` formats to.
    #[must_use]
    pub fn format(text: fmt::Arguments<'_>) -> Self {
        let mut line = Self::new();
        // The only error is that it was cut off.
        let _ = line.write_fmt(text);
        line
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.len]).unwrap_or("(not text)")
    }
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Write for Text<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            let end = self.len + c.len_utf8();
            if end > N {
                return Err(fmt::Error);
            }
            c.encode_utf8(&mut self.bytes[self.len..end]);
            self.len = end;
        }
        Ok(())
    }
}

/// Reports a violated rule; returns only while the thread is unwinding from a panic, when the panic is the finding.
/// On the model machine the execution ends here; outside a machine this panics.
#[cold]
#[inline(never)]
pub fn violation(code: &'static str, place: Place, other: Option<Place>, text: fmt::Arguments<'_>) {
    if panicking() {
        return;
    }
    let line = Text::<256>::format(text);
    report(&Finding { code, message: line.as_str(), place, other });
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn text_is_cut_at_a_character() {
        assert_eq!(Text::<8>::format(format_args!("irq {}", 4)).as_str(), "irq 4");
        assert_eq!(Text::<4>::format(format_args!("abc\u{e9}")).as_str(), "abc");
    }
}
