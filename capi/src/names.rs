//! Names for addresses: what `%p` prints.
//!
//! Linux prints a hash of the address, `%px` the address. Both differ from process to process, and a trace must not
//! (rule 4 of the crate). So an address is printed as `(ptr 1)`, `(ptr 2)`, ... in the order in which the execution's
//! text first names them; the same address has the same name. On the host machine there are no traces, and it is printed
//! as Linux does. NULL, the numbers below a page and error numbers are no addresses and are printed as they are. A pointer into the module is named after what is there when `%pS` asks.

use crate::state::{NAMES, on_host, state};
use ringzero_machine::{Place, code_map};
use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

/// The largest error number that a pointer carries.
pub(crate) const MAX_ERRNO: usize = 4095;

/// Whether the value is an error pointer; the number.
pub(crate) fn errno_of(addr: usize) -> Option<i32> {
    let n = (addr as isize).wrapping_neg();
    (1..=MAX_ERRNO as isize).contains(&n).then_some(n as i32)
}

/// Whether the value is no address but a small number, NULL, or an error.
pub(crate) fn is_number(addr: usize) -> bool {
    addr < 4096 || errno_of(addr).is_some()
}

/// The address's number in this execution, from 1; 0 when there were too many.
fn number(addr: usize) -> usize {
    let s = state();
    let len = s.names_len.get();
    if let Some(i) = s.names[..len].iter().position(|a| a.get() == addr) {
        return i + 1;
    }
    if len == NAMES {
        return 0;
    }
    s.names[len].set(addr);
    s.names_len.set(len + 1);
    len + 1
}

/// What stands for an address on the host: 32 bits, as in Linux, others in each process.
fn hashed(addr: usize) -> u32 {
    static KEY: OnceLock<RandomState> = OnceLock::new();
    KEY.get_or_init(RandomState::new).hash_one(addr) as u32
}

/// What `%p` prints.
pub(crate) fn name(addr: usize) -> String {
    if is_number(addr) {
        return format!("{addr:016x}");
    }
    if on_host() {
        return format!("{:016x}", hashed(addr));
    }
    match number(addr) {
        0 => "(ptr)".to_owned(),
        n => format!("(ptr {n})"),
    }
}

/// What `%pS` prints: the module's static data by name, its code by line.
pub(crate) fn symbol(addr: usize) -> String {
    let Some(map) = code_map() else { return name(addr) };
    if let Some(object) = map.object(addr) {
        return object;
    }
    // A return address belongs to the call before it.
    match map.code_offset(addr) {
        Some(offset) => {
            let place = Place::code(offset);
            format!("{}:{}", place.file(), place.line())
        }
        None => name(addr),
    }
}

/// The name of an error number, without the sign.
pub fn errno_name(n: i32) -> Option<&'static str> {
    ERRNO.iter().find(|(number, _)| *number == n).map(|(_, name)| *name)
}

macro_rules! errno {
    ($($name:ident = $n:literal),* $(,)?) => {
        const ERRNO: &[(i32, &str)] = &[$(($n, stringify!($name))),*];
    };
}

errno! {
    EPERM = 1, ENOENT = 2, ESRCH = 3, EINTR = 4, EIO = 5, ENXIO = 6, E2BIG = 7, ENOEXEC = 8, EBADF = 9,
    ECHILD = 10, EAGAIN = 11, ENOMEM = 12, EACCES = 13, EFAULT = 14, ENOTBLK = 15, EBUSY = 16, EEXIST = 17,
    EXDEV = 18, ENODEV = 19, ENOTDIR = 20, EISDIR = 21, EINVAL = 22, ENFILE = 23, EMFILE = 24, ENOTTY = 25,
    ETXTBSY = 26, EFBIG = 27, ENOSPC = 28, ESPIPE = 29, EROFS = 30, EMLINK = 31, EPIPE = 32, EDOM = 33,
    ERANGE = 34, EDEADLK = 35, ENAMETOOLONG = 36, ENOLCK = 37, ENOSYS = 38, ENOTEMPTY = 39, ELOOP = 40,
    ENOMSG = 42, EIDRM = 43, ECHRNG = 44, EL2NSYNC = 45, EL3HLT = 46, EL3RST = 47, ELNRNG = 48, EUNATCH = 49,
    ENOCSI = 50, EL2HLT = 51, EBADE = 52, EBADR = 53, EXFULL = 54, ENOANO = 55, EBADRQC = 56, EBADSLT = 57,
    EBFONT = 59, ENOSTR = 60, ENODATA = 61, ETIME = 62, ENOSR = 63, ENONET = 64, ENOPKG = 65, EREMOTE = 66,
    ENOLINK = 67, EADV = 68, ESRMNT = 69, ECOMM = 70, EPROTO = 71, EMULTIHOP = 72, EDOTDOT = 73, EBADMSG = 74,
    EOVERFLOW = 75, ENOTUNIQ = 76, EBADFD = 77, EREMCHG = 78, ELIBACC = 79, ELIBBAD = 80, ELIBSCN = 81,
    ELIBMAX = 82, ELIBEXEC = 83, EILSEQ = 84, ERESTART = 85, ESTRPIPE = 86, EUSERS = 87, ENOTSOCK = 88,
    EDESTADDRREQ = 89, EMSGSIZE = 90, EPROTOTYPE = 91, ENOPROTOOPT = 92, EPROTONOSUPPORT = 93,
    ESOCKTNOSUPPORT = 94, EOPNOTSUPP = 95, EPFNOSUPPORT = 96, EAFNOSUPPORT = 97, EADDRINUSE = 98,
    EADDRNOTAVAIL = 99, ENETDOWN = 100, ENETUNREACH = 101, ENETRESET = 102, ECONNABORTED = 103, ECONNRESET = 104,
    ENOBUFS = 105, EISCONN = 106, ENOTCONN = 107, ESHUTDOWN = 108, ETOOMANYREFS = 109, ETIMEDOUT = 110,
    ECONNREFUSED = 111, EHOSTDOWN = 112, EHOSTUNREACH = 113, EALREADY = 114, EINPROGRESS = 115, ESTALE = 116,
    EUCLEAN = 117, ENOTNAM = 118, ENAVAIL = 119, EISNAM = 120, EREMOTEIO = 121, EDQUOT = 122, ENOMEDIUM = 123,
    EMEDIUMTYPE = 124, ECANCELED = 125, ENOKEY = 126, EKEYEXPIRED = 127, EKEYREVOKED = 128, EKEYREJECTED = 129,
    EOWNERDEAD = 130, ENOTRECOVERABLE = 131, ERFKILL = 132, EHWPOISON = 133, ERESTARTSYS = 512,
    ERESTARTNOINTR = 513, ERESTARTNOHAND = 514, ENOIOCTLCMD = 515, ERESTART_RESTARTBLOCK = 516, EPROBE_DEFER = 517,
    EOPENSTALE = 518, ENOPARAM = 519, EBADHANDLE = 521, ENOTSYNC = 522, EBADCOOKIE = 523, ENOTSUPP = 524,
    ETOOSMALL = 525, ESERVERFAULT = 526, EBADTYPE = 527, EJUKEBOX = 528, EIOCBQUEUED = 529, ERECALLCONFLICT = 530,
    ENOGRACE = 531,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::headers;

    #[test]
    fn addresses_are_numbered_and_numbers_are_not() {
        let (a, b) = (0x7f12_3456_7000_usize, 0x7f12_3456_7008_usize);
        let first = name(a);
        assert!(first.starts_with("(ptr ") && name(b) != first);
        assert_eq!(name(a), first);
        assert_eq!((name(0), name(16)), ("0000000000000000".to_owned(), "0000000000000010".to_owned()));
        assert_eq!(name(-12_isize as usize), "fffffffffffffff4");
        assert_eq!(symbol(a), first);
    }

    #[test]
    fn too_many_addresses_share_a_name() {
        std::thread::spawn(|| {
            let names: std::collections::HashSet<_> = (0..=NAMES).map(|i| name(0x10000 + i * 8)).collect();
            assert!(names.contains("(ptr)") && names.len() == NAMES + 1);
        })
        .join()
        .unwrap();
    }

    #[test]
    fn the_error_names_are_those_of_the_headers() {
        let defined: Vec<_> = headers()
            .iter()
            .filter(|(path, _)| matches!(*path, "asm/errno.h" | "linux/errno.h"))
            .flat_map(|(_, text)| text.lines())
            .filter_map(|line| {
                let mut words = line.split_whitespace();
                (words.next() == Some("#define")).then_some(())?;
                let name = words.next()?;
                Some((words.next()?.parse::<i32>().ok()?, name))
            })
            .collect();
        assert!(defined.len() > 140);
        for (n, name) in &defined {
            assert_eq!(errno_name(*n), Some(*name));
        }
        assert_eq!(ERRNO.len(), defined.len());
    }
}
