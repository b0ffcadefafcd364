//! What `%p` prints, by the letters behind it.
//!
//! | letters | the text |
//! |---|---|
//! | none, `K`, `x` | the address's name ([`crate::names`]) |
//! | `S` `s` `B` `F` `f` | static data by its name, code by file and line |
//! | `e` | an error pointer by its name: `-EINVAL` |
//! | `V` | a `struct va_format` |
//! | `M` `m`, with `F` `R` | a hardware address |
//! | `I4` `i4` `I6` `i6` `I6c` | an internet address |
//! | `h`, with `C` `D` `N` | as many bytes as the width says |
//! | `b` `bl` | a bitmap of as many bits as the width says |
//! | `U`, with `b` `B` `l` `L` | a UUID |
//! | `a` `ad` | a `phys_addr_t`, a `dma_addr_t` |
//! | `4cc` | a four-character code |
//!
//! Others are printed as the address's name.

use crate::format::{Out, Reader, Spec, format};
use crate::memory::{load, peek, view};
use crate::names::{errno_name, errno_of, is_number, name, symbol};
use crate::va::VaList;
use std::ffi::{c_char, c_void};
use std::fmt::Write as _;

/// `%pV` may hold `%pV`, so deep.
const MAX_DEPTH: usize = 4;

/// `struct va_format`.
#[repr(C)]
#[derive(Clone, Copy)]
struct VaFormat {
    fmt: *const c_char,
    va: *const VaList,
}

/// What is printed for a value that leads to no memory.
pub(crate) fn not_memory(at: usize) -> Option<&'static [u8]> {
    match at {
        0 => Some(b"(null)"),
        _ if is_number(at) => Some(b"(efault)"),
        _ => None,
    }
}

/// `n` bytes at `at`, announced in the first pass.
fn bytes<'a>(out: &Out<'_>, at: usize, n: usize) -> &'a [u8] {
    let p: *const c_void = std::ptr::with_exposed_provenance(at);
    if out.announce { load(p, n) } else { view(p, n) }
}

/// Prints the argument `at` of a `%p` whose letters come next.
pub(crate) fn print(out: &mut Out<'_>, spec: &Spec, reader: &mut Reader<'_>, at: usize, depth: usize) {
    let letters = reader.letters();
    let kind = letters.first().copied().unwrap_or(0);
    match kind {
        0 | b'K' | b'x' => return spec.word(out, name(at).as_bytes()),
        b'S' | b's' | b'B' | b'F' | b'f' => return spec.word(out, symbol(at).as_bytes()),
        b'e' => return spec.word(out, error(at).as_bytes()),
        _ => {}
    }
    if let Some(word) = not_memory(at) {
        return Spec { precision: None, ..*spec }.word(out, word);
    }
    let text = match kind {
        b'V' => return nested(out, at, depth),
        b'M' | b'm' => hardware(bytes(out, at, 6), letters),
        b'I' | b'i' => internet(out, at, letters),
        b'h' => return hex(out, spec, at, letters.get(1).copied()),
        b'b' => {
            let text = bitmap(out, spec, at, letters.get(1) == Some(&b'l'));
            return out.bytes(text.as_bytes());
        }
        b'U' => uuid(bytes(out, at, 16), letters.get(1).copied()),
        b'a' => {
            let word = bytes(out, at, 8);
            format!("0x{:016x}", u64::from_ne_bytes(word.try_into().expect("8 bytes")))
        }
        b'4' => fourcc(bytes(out, at, 4)),
        _ => name(at),
    };
    spec.word(out, text.as_bytes());
}

fn error(at: usize) -> String {
    match errno_of(at) {
        Some(n) => errno_name(n).map_or_else(|| format!("-{n}"), |name| format!("-{name}")),
        None => name(at),
    }
}

fn nested(out: &mut Out<'_>, at: usize, depth: usize) {
    if depth == MAX_DEPTH {
        return out.bytes(b"(too deep)");
    }
    let inner: VaFormat = peek(std::ptr::with_exposed_provenance(at));
    let fmt = out.c_string(inner.fmt.expose_provenance(), usize::MAX);
    format(out, fmt, &mut VaList::at(inner.va), depth + 1);
}

/// Bytes as two digits each, with something between.
fn join(bytes: impl Iterator<Item = u8>, between: &str) -> String {
    bytes.map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(between)
}

fn hardware(bytes: &[u8], letters: &[u8]) -> String {
    let between = match letters {
        [b'm', ..] => "",
        [_, b'F', ..] => "-",
        _ => ":",
    };
    if letters.contains(&b'R') {
        join(bytes.iter().rev().copied(), between)
    } else {
        join(bytes.iter().copied(), between)
    }
}

fn internet(out: &Out<'_>, at: usize, letters: &[u8]) -> String {
    match letters {
        [kind, b'4', rest @ ..] => {
            let mut four: [u8; 4] = bytes(out, at, 4).try_into().expect("4 bytes");
            // In the order of the network, unless it is the host's or the small end first.
            if matches!(rest.first(), Some(b'h' | b'l')) {
                four.reverse();
            }
            let one = |b: &u8| if *kind == b'i' { format!("{b:03}") } else { b.to_string() };
            four.iter().map(one).collect::<Vec<_>>().join(".")
        }
        [kind, b'6', rest @ ..] => {
            let all: [u8; 16] = bytes(out, at, 16).try_into().expect("16 bytes");
            if rest.first() == Some(&b'c') {
                return std::net::Ipv6Addr::from(all).to_string();
            }
            let groups = all.chunks(2).map(|g| format!("{:02x}{:02x}", g[0], g[1]));
            groups.collect::<Vec<_>>().join(if *kind == b'i' { "" } else { ":" })
        }
        _ => name(at),
    }
}

fn hex(out: &mut Out<'_>, spec: &Spec, at: usize, kind: Option<u8>) {
    let between = match kind {
        Some(b'C') => ":",
        Some(b'D') => "-",
        Some(b'N') => "",
        _ => " ",
    };
    let text = join(bytes(out, at, spec.width.clamp(1, 64)).iter().copied(), between);
    out.bytes(text.as_bytes());
}

fn bitmap(out: &Out<'_>, spec: &Spec, at: usize, list: bool) -> String {
    let bits = spec.width;
    let words = bytes(out, at, bits.div_ceil(64) * 8);
    let bit = |n: usize| n < bits && words[n / 8] >> (n % 8) & 1 == 1;
    if !list {
        let chunk = |c: usize| (0..32).fold(0_u32, |word, n| word | u32::from(bit(c * 32 + n)) << n);
        let mut text = String::new();
        let chunks = bits.div_ceil(32);
        for c in (0..chunks).rev() {
            let digits = if c + 1 == chunks { (bits - c * 32).div_ceil(4) } else { 8 };
            let _ = write!(text, "{}{:0digits$x}", if c + 1 == chunks { "" } else { "," }, chunk(c));
        }
        return text;
    }
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for n in (0..bits).filter(|n| bit(*n)) {
        match runs.last_mut() {
            Some((_, end)) if *end + 1 == n => *end = n,
            _ => runs.push((n, n)),
        }
    }
    let run = |(first, last): &(usize, usize)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    runs.iter().map(run).collect::<Vec<_>>().join(",")
}

fn uuid(bytes: &[u8], kind: Option<u8>) -> String {
    let mut order: Vec<usize> = (0..16).collect();
    if matches!(kind, Some(b'l' | b'L')) {
        order[..4].reverse();
        order[4..6].reverse();
        order[6..8].reverse();
    }
    let mut text = String::new();
    for (i, at) in order.into_iter().enumerate() {
        let dash = if matches!(i, 4 | 6 | 8 | 10) { "-" } else { "" };
        let _ = write!(text, "{dash}{:02x}", bytes[at]);
    }
    if matches!(kind, Some(b'B' | b'L')) { text.to_uppercase() } else { text }
}

fn fourcc(bytes: &[u8]) -> String {
    let code = u32::from_ne_bytes(bytes.try_into().expect("4 bytes"));
    let letter = |shift: u32| {
        let byte = (code & 0x7fff_ffff) >> shift & 0xff;
        char::from_u32(byte).filter(|c| c.is_ascii_graphic() || *c == ' ').unwrap_or('.')
    };
    let text: String = [0, 8, 16, 24].into_iter().map(letter).collect();
    let end = if code >> 31 == 1 { "big" } else { "little" };
    format!("{text} {end}-endian (0x{code:08x})")
}

#[cfg(test)]
mod tests {
    use crate::format::tests::text;
    use crate::va::VaList;
    use std::ffi::CStr;

    fn p<T: ?Sized>(value: &T) -> u64 {
        std::ptr::from_ref(value).cast::<()>().expose_provenance() as u64
    }

    #[test]
    fn an_address_is_a_name_and_stays_one() {
        let (a, b) = (0_u8, [0_u8; 9]);
        let both = text("%p %px %pK", &[p(&a), p(&b[4]), p(&a)]);
        let names: Vec<_> = both.split(") ").collect();
        assert!(names[0].starts_with("(ptr ") && names[1].starts_with("(ptr ") && names[0] != names[1]);
        assert_eq!(format!("{})", names[0]), names[2]);
        assert!(!both.contains(&format!("{:x}", p(&a))));
        assert_eq!(text("%p|%20p|%pS", &[0, 1, 2]), "0000000000000000|    0000000000000001|0000000000000002");
    }

    #[test]
    fn errors_have_names() {
        assert_eq!(
            text("%pe [%10pe] %pe", &[-22_i64 as u64, -12_i64 as u64, -4000_i64 as u64]),
            "-EINVAL [   -ENOMEM] -4000"
        );
        assert_eq!(text("%pe", &[0]), "0000000000000000");
    }

    #[test]
    fn a_format_in_a_format() {
        let args = VaList::of(&[7, 8]);
        let inner: (&CStr, &VaList) = (c"%d-%d", &args);
        let record = [inner.0.as_ptr().expose_provenance() as u64, p(inner.1)];
        assert_eq!(text("<%pV> <%pV> %d", &[p(&record), p(&record), 9]), "<7-8> <7-8> 9");
        assert_eq!(text("%pV", &[0]), "(null)");
    }

    #[test]
    fn addresses_of_networks() {
        let six = [0, 1, 2, 0xab, 0xcd, 0xef_u8];
        assert_eq!(
            text("%pM %pm %pMF %pMR", &[p(&six); 4]),
            "00:01:02:ab:cd:ef 000102abcdef 00-01-02-ab-cd-ef ef:cd:ab:02:01:00"
        );
        let four = [127, 0, 0, 1_u8];
        assert_eq!(
            text("%pI4 %pi4 %pI4h %-12pI4|", &[p(&four); 4]),
            "127.0.0.1 127.000.000.001 1.0.0.127 127.0.0.1   |"
        );
        let mut all = [0_u8; 16];
        all[15] = 1;
        assert_eq!(
            text("%pI6 %pi6 %pI6c", &[p(&all); 3]),
            "0000:0000:0000:0000:0000:0000:0000:0001 00000000000000000000000000000001 ::1"
        );
    }

    #[test]
    fn bytes_and_bits() {
        let bytes = [0xca, 0xfe, 0x01_u8];
        let at = p(&bytes);
        assert_eq!(
            text("%*ph %*phC %3phD %3phN %ph", &[3, at, 2, at, at, at, at]),
            "ca fe 01 ca:fe ca-fe-01 cafe01 ca"
        );
        let bits = [0b1011_1110_u64, 1];
        let at = p(&bits);
        assert_eq!(text("%*pb %*pbl %8pb", &[65, at, 65, at, at]), "1,00000000,000000be 1-5,7,64 be");
        let id: [u8; 16] = std::array::from_fn(|i| i as u8);
        assert_eq!(
            text("%pUb %pUL", &[p(&id), p(&id)]),
            "00010203-0405-0607-0809-0a0b0c0d0e0f 03020100-0504-0706-0809-0A0B0C0D0E0F"
        );
        assert_eq!(text("%p4cc", &[p(b"BG12")]), "BG12 little-endian (0x32314742)");
        let phys = 0x1234_u64;
        assert_eq!(text("%pa %pad", &[p(&phys), p(&phys)]), "0x0000000000001234 0x0000000000001234");
    }
}
