//! As much of C's lexical structure as is needed to find inline assembly and the comment lines for Ringzero.

/// A token that the search for assembly looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    /// A string literal; whether it has anything but blanks in it.
    Text(bool),
    Other(u8),
}

/// Tokens with their line; comments, blanks and joined lines are gone. A `#` that begins a directive is `Other(b'#')`
/// at the beginning of its line.
struct Tokens<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    /// In a preprocessor directive.
    directive: bool,
    fresh: bool,
}

impl<'a> Tokens<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0, line: 1, directive: false, fresh: true }
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    fn skip(&mut self, count: usize) {
        for _ in 0..count {
            if self.byte(0) == b'\n' {
                self.line += 1;
            }
            self.at += 1;
        }
    }

    fn done(&self) -> bool {
        self.at >= self.text.len()
    }

    /// Skips blanks, comments and joined lines.
    fn blanks(&mut self) {
        while !self.done() {
            match (self.byte(0), self.byte(1)) {
                (b'\n', _) => {
                    self.skip(1);
                    self.directive = false;
                    self.fresh = true;
                }
                (b'\\', b'\n') => self.skip(2),
                (b'\\', b'\r') if self.byte(2) == b'\n' => self.skip(3),
                (b'/', b'/') => {
                    while !self.done() && self.byte(0) != b'\n' {
                        let joined = self.byte(0) == b'\\' && self.byte(1) == b'\n';
                        self.skip(if joined { 2 } else { 1 });
                    }
                }
                (b'/', b'*') => {
                    self.skip(2);
                    while !self.done() && (self.byte(0), self.byte(1)) != (b'*', b'/') {
                        self.skip(1);
                    }
                    self.skip(2);
                }
                (b, _) if b.is_ascii_whitespace() => self.skip(1),
                _ => break,
            }
        }
    }

    /// Skips a string or character literal; whether anything but blanks is in it.
    fn literal(&mut self, quote: u8) -> bool {
        self.skip(1);
        let mut filled = false;
        while !self.done() && self.byte(0) != quote && self.byte(0) != b'\n' {
            let escaped = self.byte(0) == b'\\';
            let joined = escaped && self.byte(1) == b'\n';
            let blank = self.byte(0).is_ascii_whitespace() || joined || escaped && matches!(self.byte(1), b'n' | b't');
            filled |= !blank;
            self.skip(if escaped { 2 } else { 1 });
        }
        if self.byte(0) == quote {
            self.skip(1);
        }
        filled
    }
}

impl<'a> Iterator for Tokens<'a> {
    /// The line, whether it is in a directive, and the token.
    type Item = (u32, bool, Token<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.blanks();
        if self.done() {
            return None;
        }
        let (line, start, first) = (self.line, self.at, self.byte(0));
        self.directive |= self.fresh && first == b'#';
        self.fresh = false;
        let token = match first {
            b'"' => Token::Text(self.literal(b'"')),
            b'\'' => {
                self.literal(b'\'');
                Token::Other(b'\'')
            }
            b if b.is_ascii_alphanumeric() || b == b'_' => {
                while self.byte(0).is_ascii_alphanumeric() || self.byte(0) == b'_' {
                    self.skip(1);
                }
                Token::Word(&self.text[start..self.at])
            }
            b => {
                self.skip(1);
                Token::Other(b)
            }
        };
        Some((line, self.directive, token))
    }
}

/// The lines with inline assembly that has any text: `asm("...")` in all spellings, also in macros. An empty template
/// (a compiler barrier) is none, and neither is the name of a variable (`register long x asm("rax")`).
pub(crate) fn assembly(text: &str) -> Vec<u32> {
    let mut found = Vec::new();
    let mut tokens = Tokens::new(text).peekable();
    let mut before = Token::Other(b';');
    while let Some((line, directive, token)) = tokens.next() {
        let is_asm = matches!(token, Token::Word("asm" | "__asm" | "__asm__"));
        let label = matches!(before, Token::Word(word) if !directive && !matches!(word, "else" | "do"));
        before = token;
        if !is_asm || label {
            continue;
        }
        let qualifier = |token| {
            matches!(
                token,
                Token::Word("volatile" | "__volatile" | "__volatile__" | "goto" | "inline" | "__inline" | "__inline__")
            )
        };
        while tokens.next_if(|&(_, _, token)| qualifier(token)).is_some() {}
        if tokens.next_if(|&(_, _, token)| token == Token::Other(b'(')).is_none() {
            continue;
        }
        let mut filled = false;
        // A macro's argument in the place of the template is taken for text.
        while let Some((_, _, token)) = tokens.next_if(|&(_, _, token)| !matches!(token, Token::Other(b':' | b')'))) {
            filled |= !matches!(token, Token::Text(false));
        }
        if filled && found.last() != Some(&line) {
            found.push(line);
        }
    }
    found
}

/// The words of every line that is a comment `// KEY ...`, with its line, for this key (`expect:`, `ringzero:`).
pub(crate) fn comments(text: &str, key: &str) -> Vec<(u32, Vec<String>)> {
    (1..)
        .zip(text.lines())
        .filter_map(|(line, text)| {
            let rest = text.trim_start().strip_prefix("//")?.trim_start().strip_prefix(key)?;
            Some((line, rest.split_whitespace().map(str::to_owned).collect()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{assembly, comments};

    #[test]
    fn assembly_is_found_in_every_spelling() {
        let text = "asm(\"nop\");\nvoid f(void) {\n  __asm__ __volatile__ (\n\"hlt\" ::: \"memory\");\n\
                    if (x) asm volatile goto(\"jmp %l0\" :::: out);\n  else asm(\"x\");\n}\n\
                    #define PAUSE() __asm volatile(\"pause\")\n#define NOP asm(\"nop\")\n";
        assert_eq!(assembly(text), [1, 3, 5, 6, 8, 9]);
    }

    #[test]
    fn what_only_looks_like_assembly_is_not() {
        let text = "#include <asm/io.h>\n// asm(\"nop\")\n/* asm(\"nop\") \n */ char *s = \"asm(\\\"nop\\\")\";\n\
                    asm volatile(\"\" ::: \"memory\");\nregister long sp asm(\"rsp\");\nint asm_x(int);\n\
                    char c = '\"'; asm(\"\" : \"+r\"(x));\n// joined \\\nasm(\"nop\");\n";
        assert_eq!(assembly(text), [0u32; 0]);
    }

    #[test]
    fn lines_count_across_comments_and_joins() {
        assert_eq!(assembly("/*\n\n*/ int x; \\\n asm(\"nop\");"), [4]);
        assert_eq!(assembly("/* never closed"), [0u32; 0]);
        assert_eq!(assembly("char *s = \"never closed\nasm(\"nop\");"), [2]);
    }

    #[test]
    fn settings_are_comment_lines() {
        let text = "// expect: violated leak\nint x; // ringzero: cpus 9\n  //ringzero:  arrivals 4 3\n";
        assert_eq!(comments(text, "expect:"), [(1, vec!["violated".to_owned(), "leak".to_owned()])]);
        assert_eq!(comments(text, "ringzero:"), [(3, vec!["arrivals".to_owned(), "4".to_owned(), "3".to_owned()])]);
    }
}
