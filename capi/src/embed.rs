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

/// The functions and data that a file of the C library defines, sorted.
#[must_use]
pub fn lib_symbols(file: &str) -> &'static [&'static str] {
    LIB_SYMBOLS.iter().find(|(name, _)| *name == file).map_or(&[], |(_, symbols)| symbols)
}

/// What each file defines; `tests/library.rs` compares it with what the compiler makes of the file.
const LIB_SYMBOLS: &[(&str, &[&str])] = &[
    ("bsearch.c", &["bsearch"]),
    ("cmdline.c", &["get_option", "get_options", "memparse", "parse_option_str"]),
    ("hex.c", &["bin2hex", "hex2bin", "hex_to_bin"]),
    (
        "interval_tree.c",
        &["interval_tree_insert", "interval_tree_iter_first", "interval_tree_iter_next", "interval_tree_remove"],
    ),
    ("list_sort.c", &["list_sort"]),
    ("math.c", &["gcd", "int_pow", "int_sqrt", "lcm", "lcm_not_zero", "mul_u64_u64_div_u64"]),
    (
        "params.c",
        &[
            "param_free_charp",
            "param_get_bint",
            "param_get_bool",
            "param_get_byte",
            "param_get_charp",
            "param_get_hexint",
            "param_get_int",
            "param_get_invbool",
            "param_get_long",
            "param_get_short",
            "param_get_string",
            "param_get_uint",
            "param_get_ullong",
            "param_get_ulong",
            "param_get_ushort",
            "param_ops_bint",
            "param_ops_bool",
            "param_ops_bool_enable_only",
            "param_ops_byte",
            "param_ops_charp",
            "param_ops_hexint",
            "param_ops_int",
            "param_ops_invbool",
            "param_ops_long",
            "param_ops_short",
            "param_ops_string",
            "param_ops_uint",
            "param_ops_ullong",
            "param_ops_ulong",
            "param_ops_ushort",
            "param_set_bint",
            "param_set_bool",
            "param_set_byte",
            "param_set_charp",
            "param_set_copystring",
            "param_set_hexint",
            "param_set_int",
            "param_set_invbool",
            "param_set_long",
            "param_set_short",
            "param_set_uint",
            "param_set_uint_minmax",
            "param_set_ullong",
            "param_set_ulong",
            "param_set_ushort",
        ],
    ),
    ("prandom.c", &["prandom_bytes_state", "prandom_seed_state", "prandom_u32_state"]),
    (
        "rbtree.c",
        &[
            "__rb_erase_augmented",
            "__rb_insert_augmented",
            "rb_erase",
            "rb_first",
            "rb_first_postorder",
            "rb_insert_color",
            "rb_last",
            "rb_next",
            "rb_next_postorder",
            "rb_prev",
            "rb_replace_node",
        ],
    ),
    ("sort.c", &["sort", "sort_r"]),
    (
        "user.c",
        &[
            "kstrtobool_from_user",
            "kstrtoint_from_user",
            "kstrtoll_from_user",
            "kstrtouint_from_user",
            "kstrtoull_from_user",
            "memdup_user",
            "memdup_user_nul",
        ],
    ),
];

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
