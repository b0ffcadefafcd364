//! The headers and the C library: those of this binary, or those of the folder that `RINGZERO_CAPI` names (for who works
//! on them, and for tests that plant a fault there).

use ringzero_capi::embed;
use std::path::{Path, PathBuf};

type Text = (&'static str, &'static str);

fn instead() -> Option<PathBuf> {
    std::env::var_os("RINGZERO_CAPI").filter(|v| !v.is_empty()).map(PathBuf::from)
}

/// The headers.
pub(crate) fn headers() -> Vec<Text> {
    instead().map_or_else(|| embed::headers().to_vec(), |dir| below(&dir.join("include"), "h"))
}

/// The C library.
pub(crate) fn library() -> Vec<Text> {
    instead().map_or_else(|| embed::lib_files().to_vec(), |dir| below(&dir.join("lib"), "c"))
}

/// The files of a folder and those below it, by their paths in it.
fn below(root: &Path, ending: &str) -> Vec<Text> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == ending)
                && let (Ok(name), Ok(text)) = (path.strip_prefix(root), std::fs::read_to_string(&path))
            {
                found.push((&*String::leak(name.display().to_string()), &*String::leak(text)));
            }
        }
    }
    found.sort_unstable();
    found
}
