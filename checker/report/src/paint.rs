//! Colours, and fitting text into columns.

/// What a piece of text is painted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// What went wrong.
    Bad,
    /// Headlines.
    Strong,
    /// Line numbers, rulers, what is folded.
    Dim,
    /// Advice.
    Good,
}

/// How to paint.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    pub color: bool,
    pub ascii: bool,
    pub width: usize,
}

impl Paint {
    /// `text` in its colour. Empty text stays empty.
    pub fn ink(self, ink: Ink, text: &str) -> String {
        if !self.color || text.trim().is_empty() {
            return text.to_owned();
        }
        let code = match ink {
            Ink::Bad => "1;31",
            Ink::Strong => "1",
            Ink::Dim => "34",
            Ink::Good => "36",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// The line between columns.
    pub fn bar(self) -> String {
        self.ink(Ink::Dim, if self.ascii { "|" } else { "\u{2502}" })
    }
}

/// Columns that a text takes.
pub fn len(text: &str) -> usize {
    text.chars().count()
}

/// `text` cut to `width` columns; `~` shows that something is missing.
pub fn cut(text: &str, width: usize) -> String {
    if len(text) <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    if width == 0 { kept } else { kept + "~" }
}

/// `text` in exactly `width` columns.
pub fn fit(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let pad = width - len(&text);
    text + &" ".repeat(pad)
}

/// `text` in lines of at most `width` columns, broken at spaces; later lines are indented by `indent`.
pub fn wrap(text: &str, width: usize, indent: usize) -> Vec<String> {
    let bare = text.trim_start_matches(' ');
    let mut lines = Vec::new();
    let mut line = " ".repeat(len(text) - len(bare));
    let mut fresh = true;
    for word in bare.split(' ') {
        if !fresh && len(&line) + 1 + len(word) > width {
            lines.push(std::mem::replace(&mut line, " ".repeat(indent)));
            fresh = true;
        }
        if !std::mem::take(&mut fresh) {
            line.push(' ');
        }
        line += &cut(word, width.saturating_sub(len(&line)).max(1));
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_fits() {
        assert_eq!((cut("abcdef", 4).as_str(), cut("abcd", 4).as_str(), cut("ab", 0).as_str()), ("abc~", "abcd", ""));
        assert_eq!((fit("a", 3), fit("\u{e9}\u{e9}\u{e9}\u{e9}", 3)), ("a  ".to_owned(), "\u{e9}\u{e9}~".to_owned()));
        assert_eq!(wrap("aa bb cc dd", 5, 1), ["aa bb", " cc", " dd"]);
        assert_eq!(wrap("", 5, 1), [""]);
        assert_eq!(wrap("  a  b c", 6, 4), ["  a  b", "    c"]);
        assert_eq!(wrap("abcdefghij kl", 6, 2), ["abcde~", "  kl"]);
    }

    #[test]
    fn colour_is_only_added() {
        let paint = Paint { color: true, ascii: true, width: 80 };
        assert_eq!(paint.ink(Ink::Bad, "x"), "\x1b[1;31mx\x1b[0m");
        assert_eq!(paint.ink(Ink::Bad, "  "), "  ");
        assert_eq!(Paint { color: false, ..paint }.ink(Ink::Bad, "x"), "x");
    }
}
