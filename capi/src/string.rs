//! `linux/string.h`: memory and strings. Any context; nothing here sleeps. The ranges are announced as plain accesses.

use crate::memory::{copy, get, load, move_bytes, put, store, text, text_max, view, view_mut, view_text, writes};
use std::cmp::Ordering;
use std::ffi::{c_char, c_int, c_void};
use std::ptr;

/// `-E2BIG`.
const E2BIG: isize = 7;
/// `-EINVAL`.
const EINVAL: c_int = 22;

fn sign(order: Ordering) -> c_int {
    order as c_int
}

/// The pointer to the byte of `s` at `index`, without its const: C's own habit.
fn at(s: *const c_char, index: usize) -> *mut c_char {
    s.wrapping_add(index).cast_mut()
}

fn find(s: *const c_char, bytes: &[u8], c: c_int) -> Option<*mut c_char> {
    bytes.iter().position(|b| *b == c as u8).map(|i| at(s, i))
}

fn search(s: *const c_char, bytes: &[u8], what: &[u8]) -> *mut c_char {
    if what.is_empty() {
        return s.cast_mut();
    }
    bytes.windows(what.len()).position(|w| w == what).map_or(ptr::null_mut(), |i| at(s, i))
}

/// Orders strings that end at their 0 or at `max` bytes.
fn order(a: *const c_char, b: *const c_char, max: usize, fold: fn(u8) -> u8) -> c_int {
    let (a, b) = (text_max(a.cast(), max), text_max(b.cast(), max));
    let byte = |s: &[u8], i: usize| s.get(i).map_or(0, |b| fold(*b));
    let len = a.len().max(b.len());
    (0..len).find_map(|i| Some(byte(a, i).cmp(&byte(b, i))).filter(|o| o.is_ne())).map_or(0, sign)
}

/// Copies at most `size` bytes with the 0; the bytes copied without it.
fn copy_cut(dest: *mut c_char, src: *const c_char, size: usize) -> usize {
    let n = text_max(src.cast(), size).len().min(size - 1);
    place(dest, src, n);
    n
}

/// Behind the string at `dest`, whose length is `len`: at most `n` bytes of `src`, and a 0.
fn append(dest: *mut c_char, len: usize, src: *const c_char, n: usize) {
    let n = text_max(src.cast(), n).len();
    place(dest.wrapping_add(len), src, n);
}

/// The first `n` bytes of `src`, announced, and a 0.
fn place(dest: *mut c_char, src: *const c_char, n: usize) {
    writes(dest.cast(), n + 1);
    move_bytes(dest.cast(), src.cast(), n);
    view_mut(dest.wrapping_add(n).cast(), 1)[0] = 0;
}

crate::exports! {
    /// Copies `n` bytes between ranges that do not overlap.
    fn memcpy(dest: *mut c_void, src: *const c_void, n: usize) -> *mut c_void {
        copy(dest, src, n);
        dest
    }

    /// Copies `n` bytes; the ranges may overlap.
    fn memmove(dest: *mut c_void, src: *const c_void, n: usize) -> *mut c_void {
        copy(dest, src, n);
        dest
    }

    /// Fills `n` bytes with the low byte of `c`.
    fn memset(s: *mut c_void, c: c_int, n: usize) -> *mut c_void {
        store(s, n).fill(c as u8);
        s
    }

    /// Fills with 16-bit words.
    fn memset16(s: *mut u16, v: u16, count: usize) -> *mut u16 {
        words(s.cast(), &v.to_ne_bytes(), count);
        s
    }

    /// Fills with 32-bit words.
    fn memset32(s: *mut u32, v: u32, count: usize) -> *mut u32 {
        words(s.cast(), &v.to_ne_bytes(), count);
        s
    }

    /// Fills with 64-bit words.
    fn memset64(s: *mut u64, v: u64, count: usize) -> *mut u64 {
        words(s.cast(), &v.to_ne_bytes(), count);
        s
    }

    /// The order of the first bytes that differ: -1, 0 or 1.
    fn memcmp(a: *const c_void, b: *const c_void, n: usize) -> c_int {
        load(a, n);
        sign(view(a, n).cmp(load(b, n)))
    }

    /// Not 0 if the bytes differ.
    fn bcmp(a: *const c_void, b: *const c_void, n: usize) -> c_int {
        memcmp(a, b, n)
    }

    /// The first `c` among `n` bytes, or NULL.
    fn memchr(s: *const c_void, c: c_int, n: usize) -> *mut c_void {
        find(s.cast(), load(s, n), c).unwrap_or(ptr::null_mut()).cast()
    }

    /// The first byte among `n` that is not `c`, or NULL.
    fn memchr_inv(s: *const c_void, c: c_int, n: usize) -> *mut c_void {
        load(s, n).iter().position(|b| *b != c as u8).map_or(ptr::null_mut(), |i| at(s.cast(), i).cast())
    }

    /// The first `c` among `n` bytes, or their end.
    fn memscan(s: *mut c_void, c: c_int, n: usize) -> *mut c_void {
        find(s.cast(), load(s, n), c).unwrap_or(at(s.cast(), n)).cast()
    }

    /// The length without the 0.
    fn strlen(s: *const c_char) -> usize {
        text(s.cast()).len()
    }

    /// The length, `max` at most.
    fn strnlen(s: *const c_char, max: usize) -> usize {
        text_max(s.cast(), max).len()
    }

    /// Copies a string.
    fn strcpy(dest: *mut c_char, src: *const c_char) -> *mut c_char {
        append(dest, 0, src, usize::MAX);
        dest
    }

    /// Copies a string; the pointer to the copy's 0.
    fn stpcpy(dest: *mut c_char, src: *const c_char) -> *mut c_char {
        let n = text(src.cast()).len();
        append(dest, 0, src, n);
        dest.wrapping_add(n)
    }

    /// Copies at most `n` bytes and fills up with 0; without a 0 if there is no room.
    fn strncpy(dest: *mut c_char, src: *const c_char, n: usize) -> *mut c_char {
        let len = text_max(src.cast(), n).len();
        writes(dest.cast(), n);
        move_bytes(dest.cast(), src.cast(), len);
        view_mut(dest.wrapping_add(len).cast(), n - len).fill(0);
        dest
    }

    /// Copies as much as fits; the length of `src`.
    fn strlcpy(dest: *mut c_char, src: *const c_char, size: usize) -> usize {
        let len = text(src.cast()).len();
        if size > 0 {
            copy_cut(dest, src, size);
        }
        len
    }

    /// Copies as much as fits; the length copied, or -E2BIG.
    fn strscpy(dest: *mut c_char, src: *const c_char, size: usize) -> isize {
        if size == 0 || size > i32::MAX as usize {
            return -E2BIG;
        }
        let n = copy_cut(dest, src, size);
        if view_text(src.cast(), n + 1).len() > n { -E2BIG } else { n as isize }
    }

    /// [`strscpy`], and the rest becomes 0.
    fn strscpy_pad(dest: *mut c_char, src: *const c_char, size: usize) -> isize {
        let copied = strscpy(dest, src, size);
        if copied >= 0 {
            let end = copied as usize + 1;
            store(dest.wrapping_add(end).cast(), size - end).fill(0);
        }
        copied
    }

    /// Appends a string.
    fn strcat(dest: *mut c_char, src: *const c_char) -> *mut c_char {
        append(dest, text(dest.cast()).len(), src, usize::MAX);
        dest
    }

    /// Appends at most `n` bytes and a 0.
    fn strncat(dest: *mut c_char, src: *const c_char, n: usize) -> *mut c_char {
        append(dest, text(dest.cast()).len(), src, n);
        dest
    }

    /// Appends as much as fits into `size` bytes; the length that the whole has.
    fn strlcat(dest: *mut c_char, src: *const c_char, size: usize) -> usize {
        let len = text_max(dest.cast(), size).len();
        let whole = len + text(src.cast()).len();
        if len < size {
            append(dest, len, src, size - len - 1);
        }
        whole
    }

    /// The order of two strings: -1, 0 or 1.
    fn strcmp(a: *const c_char, b: *const c_char) -> c_int {
        order(a, b, usize::MAX, |c| c)
    }

    /// The order of their first `n` bytes.
    fn strncmp(a: *const c_char, b: *const c_char, n: usize) -> c_int {
        order(a, b, n, |c| c)
    }

    /// The order of two strings with all letters small.
    fn strcasecmp(a: *const c_char, b: *const c_char) -> c_int {
        order(a, b, usize::MAX, |c| c.to_ascii_lowercase())
    }

    /// The order of their first `n` bytes with all letters small.
    fn strncasecmp(a: *const c_char, b: *const c_char, n: usize) -> c_int {
        order(a, b, n, |c| c.to_ascii_lowercase())
    }

    /// The first `c`, the 0 included, or NULL.
    fn strchr(s: *const c_char, c: c_int) -> *mut c_char {
        let n = text(s.cast()).len();
        find(s, view(s.cast(), n + 1), c).unwrap_or(ptr::null_mut())
    }

    /// The first `c`, or the 0.
    fn strchrnul(s: *const c_char, c: c_int) -> *mut c_char {
        let bytes = text(s.cast());
        find(s, bytes, c).unwrap_or(at(s, bytes.len()))
    }

    /// The first `c` among `n` bytes of a string, or NULL.
    fn strnchr(s: *const c_char, n: usize, c: c_int) -> *mut c_char {
        let len = text_max(s.cast(), n).len();
        find(s, view(s.cast(), if len < n { len + 1 } else { n }), c).unwrap_or(ptr::null_mut())
    }

    /// The first `c` among `n` bytes of a string, or where it ends.
    fn strnchrnul(s: *const c_char, n: usize, c: c_int) -> *mut c_char {
        let bytes = text_max(s.cast(), n);
        find(s, bytes, c).unwrap_or(at(s, bytes.len()))
    }

    /// The last `c`, the 0 included, or NULL.
    fn strrchr(s: *const c_char, c: c_int) -> *mut c_char {
        let n = text(s.cast()).len();
        view(s.cast(), n + 1).iter().rposition(|b| *b == c as u8).map_or(ptr::null_mut(), |i| at(s, i))
    }

    /// Where `what` first occurs, or NULL.
    fn strstr(s: *const c_char, what: *const c_char) -> *mut c_char {
        text(what.cast());
        search(s, text(s.cast()), view_text(what.cast(), usize::MAX))
    }

    /// Where `what` first occurs within `n` bytes, or NULL.
    fn strnstr(s: *const c_char, what: *const c_char, n: usize) -> *mut c_char {
        text(what.cast());
        search(s, text_max(s.cast(), n), view_text(what.cast(), usize::MAX))
    }

    /// How many bytes at the head are in `accept`.
    fn strspn(s: *const c_char, accept: *const c_char) -> usize {
        text(accept.cast());
        span(s, accept, true)
    }

    /// How many bytes at the head are not in `reject`.
    fn strcspn(s: *const c_char, reject: *const c_char) -> usize {
        text(reject.cast());
        span(s, reject, false)
    }

    /// The first byte that is in `accept`, or NULL.
    fn strpbrk(s: *const c_char, accept: *const c_char) -> *mut c_char {
        let n = strcspn(s, accept);
        if view_text(s.cast(), n + 1).len() > n { at(s, n) } else { ptr::null_mut() }
    }

    /// Cuts a word off `*s`: it ends at the first byte of `delim`, which becomes 0, and `*s` goes behind it.
    fn strsep(s: *mut *mut c_char, delim: *const c_char) -> *mut c_char {
        let word = get(s);
        if word.is_null() {
            return word;
        }
        let end = strpbrk(word, delim);
        if !end.is_null() {
            put(end, 0);
        }
        put(s, if end.is_null() { end } else { end.wrapping_add(1) });
        word
    }

    /// Behind the blanks at the head.
    fn skip_spaces(s: *const c_char) -> *mut c_char {
        at(s, text(s.cast()).iter().take_while(|b| is_space(**b)).count())
    }

    /// Cuts the blanks at the end, and returns what is behind those at the head.
    fn strim(s: *mut c_char) -> *mut c_char {
        let bytes = text(s.cast());
        let end = bytes.iter().rposition(|b| !is_space(*b)).map_or(0, |i| i + 1);
        if end < bytes.len() {
            put(s.wrapping_add(end), 0);
        }
        skip_spaces(s)
    }

    /// Replaces each `old` by `new`; the string's end.
    fn strreplace(s: *mut c_char, old: c_char, new: c_char) -> *mut c_char {
        let n = text(s.cast()).len();
        writes(s.cast(), n);
        for i in 0..n {
            if view(s.cast(), n)[i] == old as u8 {
                put(s.wrapping_add(i), new);
            }
        }
        s.wrapping_add(n)
    }

    /// Whether two strings are equal, but for a newline at the end.
    fn sysfs_streq(a: *const c_char, b: *const c_char) -> bool {
        text(a.cast());
        let (b, a) = (text(b.cast()), view_text(a.cast(), usize::MAX));
        a.strip_suffix(b"\n").unwrap_or(a) == b.strip_suffix(b"\n").unwrap_or(b)
    }

    /// The index of `string` in an array of `n` strings (or up to a NULL), or -EINVAL.
    fn match_string(array: *const *const c_char, n: usize, string: *const c_char) -> c_int {
        index_of(array, n, |one| strcmp(one, string) == 0)
    }

    /// The same, a newline at the end let pass.
    fn __sysfs_match_string(array: *const *const c_char, n: usize, string: *const c_char) -> c_int {
        index_of(array, n, |one| sysfs_streq(one, string))
    }
}

/// The blanks of C, and the one of Latin-1.
pub(crate) fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t'..=b'\r' | 0xa0)
}

fn words(s: *mut c_void, word: &[u8], count: usize) {
    for to in store(s, word.len() * count).chunks_exact_mut(word.len()) {
        to.copy_from_slice(word);
    }
}

fn span(s: *const c_char, set: *const c_char, inside: bool) -> usize {
    let bytes = text(s.cast());
    let set = view_text(set.cast(), usize::MAX);
    bytes.iter().take_while(|b| set.contains(b) == inside).count()
}

fn index_of(array: *const *const c_char, n: usize, equal: impl Fn(*const c_char) -> bool) -> c_int {
    for i in 0..n {
        let one = get(array.wrapping_add(i));
        if one.is_null() {
            break;
        }
        if equal(one) {
            return i as c_int;
        }
    }
    -EINVAL
}

#[cfg(test)]
mod tests {
    use super::*;

    fn c(s: &[u8]) -> *const c_char {
        assert_eq!(s.last(), Some(&0));
        s.as_ptr().cast()
    }

    fn offset(s: *const c_char, p: *const c_char) -> Option<usize> {
        (!p.is_null()).then(|| p.addr() - s.addr())
    }

    #[test]
    fn copies_end_with_a_zero_and_say_what_was_cut() {
        let mut buf = [0xff_u8; 8];
        let p = buf.as_mut_ptr().cast();
        assert_eq!((strscpy(p, c(b"hello\0"), 8), buf), (5, *b"hello\0\xff\xff"));
        assert_eq!((strscpy(p, c(b"hello world\0"), 6), buf), (-E2BIG, *b"hello\0\xff\xff"));
        assert_eq!((strscpy(p, c(b"hello\0"), 5), buf[4]), (-E2BIG, 0));
        assert_eq!(strscpy(p, c(b"x\0"), 0), -E2BIG);
        assert_eq!((strscpy_pad(p, c(b"ab\0"), 8), buf), (2, *b"ab\0\0\0\0\0\0"));
        assert_eq!((strlcpy(p, c(b"abcdefghij\0"), 4), &buf[..4]), (10, b"abc\0".as_slice()));
        strncpy(p, c(b"xy\0"), 5);
        assert_eq!(&buf[..5], b"xy\0\0\0");
        assert_eq!((strlcat(p, c(b"12345678\0"), 6), &buf[..6]), (10, b"xy123\0".as_slice()));
        strncat(p, c(b"QRS\0"), 1);
        assert_eq!(&buf[..7], b"xy123Q\0");
        assert_eq!(offset(p, stpcpy(p, c(b"end\0"))), Some(3));
    }

    #[test]
    fn order_is_by_unsigned_bytes() {
        assert_eq!((strcmp(c(b"a\0"), c(b"b\0")), strcmp(c(b"b\0"), c(b"a\0"))), (-1, 1));
        assert_eq!((strcmp(c(b"\xff\0"), c(b"a\0")), strcmp(c(b"ab\0"), c(b"a\0"))), (1, 1));
        assert_eq!((strncmp(c(b"abc\0"), c(b"abd\0"), 2), strncmp(c(b"abc\0"), c(b"abd\0"), 3)), (0, -1));
        assert_eq!((strcasecmp(c(b"AbC\0"), c(b"aBc\0")), strncasecmp(c(b"AX\0"), c(b"aY\0"), 1)), (0, 0));
        assert_eq!(memcmp(c(b"ab\0").cast(), c(b"ac\0").cast(), 2), -1);
    }

    #[test]
    fn searches_find_the_first_or_the_last() {
        let s = c(b"hello, world\0");
        assert_eq!(offset(s, strchr(s, i32::from(b'o'))), Some(4));
        assert_eq!(offset(s, strrchr(s, i32::from(b'o'))), Some(8));
        assert_eq!((offset(s, strchr(s, 0)), offset(s, strchr(s, i32::from(b'z')))), (Some(12), None));
        assert_eq!(offset(s, strchrnul(s, i32::from(b'z'))), Some(12));
        assert_eq!(
            (offset(s, strnchr(s, 4, i32::from(b'o'))), offset(s, strnchr(s, 5, i32::from(b'o')))),
            (None, Some(4))
        );
        assert_eq!((offset(s, strstr(s, c(b"wor\0"))), offset(s, strstr(s, c(b"\0")))), (Some(7), Some(0)));
        assert_eq!(offset(s, strnstr(s, c(b"wor\0"), 9)), None);
        assert_eq!((strspn(s, c(b"ehl\0")), strcspn(s, c(b" ,\0"))), (4, 5));
        assert_eq!((offset(s, strpbrk(s, c(b"ow\0"))), offset(s, strpbrk(s, c(b"z\0")))), (Some(4), None));
        let m = s.cast::<c_void>();
        assert_eq!(offset(s, memchr_inv(m, i32::from(b'h'), 12).cast()), Some(1));
        assert_eq!(offset(s, memscan(m.cast_mut(), i32::from(b'z'), 12).cast()), Some(12));
    }

    #[test]
    fn strsep_cuts_words_and_keeps_empty_ones() {
        let mut buf = *b"a,,bc\0";
        let mut s = buf.as_mut_ptr().cast::<c_char>();
        let mut words = Vec::new();
        loop {
            let word = strsep(&raw mut s, c(b",\0"));
            if word.is_null() {
                break;
            }
            words.push(view_text(word.cast(), 9).to_vec());
        }
        assert_eq!(words, [b"a".to_vec(), b"".to_vec(), b"bc".to_vec()]);
    }

    #[test]
    fn blanks_are_cut() {
        let mut buf = *b" \t a b \n\0";
        let s = buf.as_mut_ptr().cast();
        assert_eq!(view_text(strim(s).cast(), 99), b"a b");
        assert_eq!(offset(s, skip_spaces(s)), Some(3));
        assert!(sysfs_streq(c(b"on\n\0"), c(b"on\0")) && !sysfs_streq(c(b"on\0"), c(b"one\0")));
    }

    #[test]
    fn a_string_is_found_in_an_array() {
        let array = [c(b"one\0"), c(b"two\0"), ptr::null(), c(b"four\0")];
        let find = |what: &[u8]| match_string(array.as_ptr(), 4, c(what));
        assert_eq!((find(b"two\0"), find(b"four\0"), find(b"\0")), (1, -EINVAL, -EINVAL));
        assert_eq!(__sysfs_match_string(array.as_ptr(), 4, c(b"two\n\0")), 1);
    }

    #[test]
    fn fills_and_moves() {
        let mut buf = [0_u8; 8];
        memset16(buf.as_mut_ptr().cast(), 0x0201, 3);
        assert_eq!(buf, [1, 2, 1, 2, 1, 2, 0, 0]);
        let p = buf.as_mut_ptr().cast::<c_void>();
        memmove(p.wrapping_byte_add(1), p, 6);
        assert_eq!(buf, [1, 1, 2, 1, 2, 1, 2, 0]);
        memset(p, 0x1ff, 2);
        assert_eq!(buf[..3], [0xff, 0xff, 2]);
    }
}
