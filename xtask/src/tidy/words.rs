//! Words that no file of the repository may contain: places and tools of the machine that it was written on.

use super::Problem;
use super::source::{SourceFile, Tree};

const RULE: &str = "forbidden-word";

/// The words, put together here so that this file does not contain them.
const WORDS: [&str; 3] = [concat!("farm", "-studio"), concat!("farm", "-bench"), concat!("/wo", "rk/")];

/// Checks every text file.
pub fn check(tree: &Tree) -> Vec<Problem> {
    tree.files.iter().flat_map(check_file).collect()
}

fn check_file(file: &SourceFile) -> Vec<Problem> {
    let problem = |word: &str, at| {
        file.problem(at, RULE, format!("`{word}` means nothing outside the machine it was written on"))
    };
    WORDS.iter().flat_map(|word| file.text.match_indices(word).map(|(at, _)| problem(word, at))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_found_in_any_text_file() {
        for word in WORDS {
            let found = check_file(&SourceFile::new("docs/a.md", &format!("fine\nsee {word}x\n")));
            assert_eq!((found.len(), found[0].line), (1, 2), "{word}");
        }
        assert_eq!(check_file(&SourceFile::new("docs/a.md", "kernel/workqueue/ works")), []);
    }
}
