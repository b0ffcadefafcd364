//! The headers and the C library as they were when this binary was built.

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The headers: the path as it stands in `#include <...>`, and the text.
#[must_use]
pub fn headers() -> &'static [(&'static str, &'static str)] {
    HEADERS
}

/// The C library: file name and text. A file is compiled with a module that needs one of its functions.
#[must_use]
pub fn lib_files() -> &'static [(&'static str, &'static str)] {
    LIB_FILES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_listing_is_sorted_and_names_what_everybody_includes() {
        assert!(headers().is_sorted_by(|a, b| a.0 < b.0));
        for name in ["linux/module.h", "linux/kernel.h", "linux/list.h", "kunit/test.h"] {
            assert!(headers().iter().any(|(path, text)| *path == name && !text.is_empty()), "{name}");
        }
        assert!(lib_files().iter().any(|(path, _)| *path == "rbtree.c"));
    }
}
