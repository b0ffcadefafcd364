//! What is planned of a name that C code uses and Ringzero does not have, as docs/linux-map.md says.

/// The map of Linux's facilities.
const MAP: &str = include_str!("../../docs/linux-map.md");

/// What to say of a missing name.
#[must_use]
pub fn plan(name: &str) -> String {
    let named = |line: &&str| {
        line.starts_with('|') && line.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == name)
    };
    let Some(line) = MAP.lines().find(named) else {
        return "not in docs/linux-map.md: not planned so far".to_owned();
    };
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let facility = cells[0].replace('`', "");
    match cells.get(4) {
        Some(&"works") => format!("in Rust only so far ({facility})"),
        _ => format!("planned ({facility})"),
    }
}

#[cfg(test)]
mod tests {
    use super::plan;

    #[test]
    fn the_map_is_asked_for_whole_names() {
        assert!(plan("call_rcu").starts_with("planned ("), "{}", plan("call_rcu"));
        assert!(plan("call_rc").starts_with("not in docs/linux-map.md"));
    }
}
