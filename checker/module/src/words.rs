//! Words as a shell would split them, without a shell: for `CC` and for the flags of a Kbuild file.

/// Splits at blanks; `"..."`, `'...'` and a backslash keep what they protect together and go away themselves.
pub(crate) fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some('\''), c) => word.get_or_insert_default().push(c),
            (_, '\\') => word.get_or_insert_default().extend(chars.next()),
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn quotes_keep_together() {
        assert_eq!(split(r#" -DA="x y"  -DB=\"q\" 'c d' """#), ["-DA=x y", "-DB=\"q\"", "c d", ""]);
        assert!(split("  ").is_empty());
    }
}
