//! Module parameters: the records that `linux/moduleparam.h` leaves in the section `.rz.params`, and their setting from
//! `name=value`.
//!
//! A value is written into the module's memory before its first execution, so that it is part of what every execution
//! starts with. A parameter with functions of its own (`module_param_cb`) is set by calling them, in a context of the
//! machine and before `module_init`: [`Call`].

use crate::kstrtox::{boolean, signed, unsigned};
use std::collections::BTreeSet;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// `struct __rz_param`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
struct Record {
    name: *const c_char,
    kind: *const c_char,
    addr: *mut c_void,
    len: usize,
    num: *mut u32,
    ops: *const Ops,
}

/// `struct kernel_param_ops`.
#[repr(C)]
struct Ops {
    flags: u32,
    set: Option<extern "C" fn(*const c_char, *const KernelParam) -> c_int>,
    get: Option<extern "C" fn(*mut c_char, *const KernelParam) -> c_int>,
    free: Option<extern "C" fn(*mut c_void)>,
}

/// `struct kernel_param`.
#[repr(C)]
struct KernelParam {
    name: *const c_char,
    module: *mut c_void,
    ops: *const Ops,
    perm: u16,
    level: i8,
    flags: u8,
    arg: *mut c_void,
}

/// `KERNEL_PARAM_OPS_FL_NOARG`: the parameter may stand without a value.
const NOARG: u32 = 1;

/// A parameter of a loaded module.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// Its type, in the words of `module_param`: `int`, `array of charp`, `string`, `ops`.
    pub kind: String,
    record: Record,
}

/// Why a parameter was not set: a sentence without an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamError(String);

impl fmt::Display for ParamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ParamError {}

/// A parameter whose own function has yet to be called with the value.
#[derive(Debug)]
pub struct Call {
    param: Param,
    value: Option<CString>,
}

/// The parameters whose records lie in `section` (address and length).
///
/// # Safety
/// `section` must be the loaded and relocated `.rz.params` of a module that outlives what is returned.
#[must_use]
pub unsafe fn parameters(section: (usize, usize)) -> Vec<Param> {
    let records: *const Record = std::ptr::with_exposed_provenance(section.0);
    (0..section.1 / size_of::<Record>())
        // SAFETY: the section is an array of records (the caller's contract), and this one lies in it.
        .map(|i| unsafe { records.add(i).read() })
        .filter(|record| !record.name.is_null())
        // SAFETY: both are string constants of the module.
        .map(|record| unsafe {
            let text = |s| CStr::from_ptr(s).to_string_lossy().into_owned();
            Param { name: text(record.name), kind: text(record.kind), record }
        })
        .collect()
}

/// Sets the parameter that `assignment` names: `name=value`, or `name` alone for a bool.
///
/// # Errors
/// An unknown name, a value that does not fit the type, too many values for an array. Nothing is changed then, except
/// that an array may have some of its new values.
///
/// # Safety
/// `params` must come from [`parameters`], of a module that is still loaded and whose code does not run.
pub unsafe fn set(params: &[Param], assignment: &str) -> Result<Option<Call>, ParamError> {
    let (name, value) = match assignment.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (assignment, None),
    };
    let same = |a: &str, b: &str| a.replace('-', "_") == b.replace('-', "_");
    let Some(param) = params.iter().find(|p| same(&p.name, name)) else {
        let known: Vec<_> = params.iter().map(|p| p.name.as_str()).collect();
        let known =
            if known.is_empty() { "the module has none".into() } else { format!("it has {}", known.join(", ")) };
        return Err(ParamError(format!("there is no parameter `{name}`: {known}")));
    };
    if !param.record.ops.is_null() {
        return param.call(value).map(Some);
    }
    let value = match (value, param.kind.as_str()) {
        (Some(value), _) => value,
        (None, "bool" | "invbool" | "bint") => "1",
        (None, _) => return Err(param.error("needs a value: `name=value`")),
    };
    // SAFETY: the record describes the module's variable, and nobody uses it now (the caller's contract).
    unsafe { param.write(value) }.map(|()| None)
}

/// The text for as long as the process lives, once for each text: a module keeps it for as long as it is loaded.
fn kept(text: &str) -> Option<&'static CStr> {
    static KEPT: Mutex<BTreeSet<&'static CStr>> = Mutex::new(BTreeSet::new());
    let text = CString::new(text).ok()?;
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kept.get(text.as_c_str()) {
        return Some(known);
    }
    let text: &'static CStr = Box::leak(text.into_boxed_c_str());
    kept.insert(text);
    Some(text)
}

impl Param {
    fn error(&self, what: &str) -> ParamError {
        ParamError(format!("parameter `{}` ({}) {what}", self.name, self.kind))
    }

    fn call(&self, value: Option<&str>) -> Result<Call, ParamError> {
        // SAFETY: the record's functions are a constant of the module.
        let ops = unsafe { &*self.record.ops };
        if self.kind.starts_with("array of ") {
            return Err(self.error("is an array of a type with functions of its own, which is not supported"));
        }
        if ops.set.is_none() {
            return Err(self.error("cannot be set"));
        }
        if value.is_none() && ops.flags & NOARG == 0 {
            return Err(self.error("needs a value: `name=value`"));
        }
        let value = value.map(CString::new).transpose().map_err(|_| self.error("takes no text with a zero byte"))?;
        Ok(Call { param: self.clone(), value })
    }

    /// # Safety
    /// The record's memory must be live and unused.
    unsafe fn write(&self, value: &str) -> Result<(), ParamError> {
        let Record { addr, len, num, .. } = self.record;
        if self.kind == "string" {
            if value.len() >= len {
                return Err(self.error(&format!("holds {} bytes, not {}", len.saturating_sub(1), value.len())));
            }
            let text = CString::new(value).map_err(|_| self.error("takes no text with a zero byte"))?;
            // SAFETY: the array has `len` bytes, and the text with its 0 fits.
            unsafe { addr.cast::<u8>().copy_from(text.as_ptr().cast(), value.len() + 1) };
            return Ok(());
        }
        let Some(kind) = self.kind.strip_prefix("array of ") else {
            // SAFETY: the record's variable.
            return unsafe { self.write_one(&self.kind, addr, value) };
        };
        let (size, max) = (len & 0xffff_ffff, len >> 32);
        let values: Vec<_> = value.split(',').collect();
        if values.len() > max {
            return Err(self.error(&format!("holds {max} values, not {}", values.len())));
        }
        for (i, one) in values.iter().enumerate() {
            // SAFETY: within the record's array.
            unsafe { self.write_one(kind, addr.wrapping_byte_add(i * size), one) }?;
        }
        if !num.is_null() {
            // SAFETY: the module's count, as the record says.
            unsafe { num.write(values.len() as u32) };
        }
        Ok(())
    }

    /// # Safety
    /// `to` must be a live and unused variable of the type `kind`.
    unsafe fn write_one(&self, kind: &str, to: *mut c_void, value: &str) -> Result<(), ParamError> {
        let bytes = value.as_bytes();
        let number = |r: Result<i128, c_int>| {
            r.map_err(|error| match -error {
                34 => self.error(&format!("cannot be `{value}`: out of its range")),
                _ => self.error(&format!("cannot be `{value}`: that is no number")),
            })
        };
        let switch = || boolean(bytes).map_err(|_| self.error(&format!("cannot be `{value}`: say y or n")));
        macro_rules! put {
            ($ty:ty, $parse:ident) => {{
                let n = number($parse::<$ty>(bytes, 0).map(i128::from))?;
                // SAFETY: the caller's contract; `n` was parsed as this type.
                unsafe { to.cast::<$ty>().write(n as $ty) }
            }};
        }
        match kind {
            "byte" => put!(u8, unsigned),
            "short" => put!(i16, signed),
            "ushort" => put!(u16, unsigned),
            "int" => put!(i32, signed),
            "uint" | "hexint" => put!(u32, unsigned),
            "long" => put!(i64, signed),
            "ulong" | "ullong" => put!(u64, unsigned),
            // SAFETY: the caller's contract.
            "bool" => unsafe { to.cast::<bool>().write(switch()?) },
            // SAFETY: as above.
            "invbool" => unsafe { to.cast::<bool>().write(!switch()?) },
            // SAFETY: as above.
            "bint" => unsafe { to.cast::<c_int>().write(c_int::from(switch()?)) },
            "charp" => {
                let text = kept(value).ok_or_else(|| self.error("takes no text with a zero byte"))?;
                // SAFETY: as above.
                unsafe { to.cast::<*const c_char>().write(text.as_ptr()) }
            }
            other => return Err(self.error(&format!("has the type `{other}`, which is not known"))),
        }
        Ok(())
    }
}

impl Call {
    /// Calls the parameter's function with the value.
    ///
    /// # Errors
    /// What the function returned, with its error named.
    ///
    /// # Safety
    /// Must run in a context of the machine, in which the module's code may run.
    pub unsafe fn run(&self) -> Result<(), ParamError> {
        let Record { name, addr, ops, .. } = self.param.record;
        let kp = KernelParam { name, module: std::ptr::null_mut(), ops, perm: 0, level: -1, flags: 0, arg: addr };
        let value = self.value.as_ref().map_or(std::ptr::null(), |v| v.as_ptr());
        // SAFETY: the record's functions are a constant of the module.
        let set = unsafe { (*ops).set }.expect("`Param::call` asked for it");
        match set(value, &raw const kp) {
            0.. => Ok(()),
            error => {
                let name = crate::names::errno_name(-error).map_or_else(|| error.to_string(), |n| format!("-{n}"));
                Err(self.param.error(&format!("was refused by the module: {name}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn param(name: &'static CStr, kind: &'static CStr, addr: *mut c_void, len: usize, num: *mut u32) -> Record {
        Record { name: name.as_ptr(), kind: kind.as_ptr(), addr, len, num, ops: std::ptr::null() }
    }

    fn list(records: &[Record]) -> Vec<Param> {
        // SAFETY: an array of records of this test.
        unsafe { parameters((records.as_ptr().expose_provenance(), size_of_val(records))) }
    }

    fn assign(records: &[Record], assignment: &str) -> Result<(), String> {
        // SAFETY: as above; the records' variables are locals of the tests.
        unsafe { set(&list(records), assignment) }.map(|_| ()).map_err(|e| e.to_string())
    }

    #[test]
    fn values_go_where_the_record_says() {
        let (mut n, mut b, mut inv, mut s) = (0_i32, false, true, std::ptr::null_mut::<c_char>());
        let records = [
            param(c"nnodes", c"int", (&raw mut n).cast(), 4, std::ptr::null_mut()),
            param(c"fast_path", c"bool", (&raw mut b).cast(), 1, std::ptr::null_mut()),
            param(c"slow", c"invbool", (&raw mut inv).cast(), 1, std::ptr::null_mut()),
            param(c"name", c"charp", (&raw mut s).cast(), 8, std::ptr::null_mut()),
        ];
        for assignment in ["nnodes=-0x10", "fast-path", "slow=y", "name=a=b,c"] {
            assign(&records, assignment).unwrap();
        }
        // SAFETY: just set to a string.
        let name = unsafe { CStr::from_ptr(s) };
        assert_eq!((n, b, inv, name), (-16, true, false, c"a=b,c"));
        let before = s;
        assign(&records, "name=a=b,c").unwrap();
        assert_eq!(s, before, "the text is kept once");
    }

    #[test]
    fn errors_say_what_is_wrong() {
        let mut n = 7_u8;
        let records = [param(c"level", c"byte", (&raw mut n).cast(), 1, std::ptr::null_mut())];
        let error = |assignment| assign(&records, assignment).unwrap_err();
        assert_eq!(error("level=300"), "parameter `level` (byte) cannot be `300`: out of its range");
        assert_eq!(error("level=x"), "parameter `level` (byte) cannot be `x`: that is no number");
        assert_eq!(error("level"), "parameter `level` (byte) needs a value: `name=value`");
        assert_eq!(error("lvl=1"), "there is no parameter `lvl`: it has level");
        assert_eq!(assign(&[], "x=1").unwrap_err(), "there is no parameter `x`: the module has none");
        assert_eq!(n, 7);
    }

    #[test]
    fn arrays_and_strings_know_their_room() {
        let (mut array, mut count, mut text) = ([0_u16; 3], 0_u32, [1_u8; 4]);
        let records = [
            param(c"ports", c"array of ushort", (&raw mut array).cast(), 2 | 3 << 32, &raw mut count),
            param(c"mode", c"string", (&raw mut text).cast(), 4, std::ptr::null_mut()),
        ];
        assign(&records, "ports=1,0x20").unwrap();
        assign(&records, "mode=abc").unwrap();
        assert_eq!((array, count, &text), ([1, 32, 0], 2, b"abc\0"));
        let many = assign(&records, "ports=1,2,3,4").unwrap_err();
        assert_eq!(many, "parameter `ports` (array of ushort) holds 3 values, not 4");
        assert_eq!(assign(&records, "mode=abcd").unwrap_err(), "parameter `mode` (string) holds 3 bytes, not 4");
    }

    extern "C" fn only_odd(value: *const c_char, kp: *const KernelParam) -> c_int {
        // SAFETY: `Call::run` passes both.
        let (value, arg) = unsafe { (CStr::from_ptr(value), (*kp).arg.cast::<u32>()) };
        let n: u32 = value.to_str().unwrap().parse().unwrap();
        // SAFETY: the record's own variable.
        unsafe { arg.write(n) };
        if n % 2 == 1 { 0 } else { -22 }
    }

    #[test]
    fn functions_are_called_later() {
        let mut n = 0_u32;
        let ops = Ops { flags: 0, set: Some(only_odd), get: None, free: None };
        let mut record = param(c"odd", c"ops", (&raw mut n).cast(), 0, std::ptr::null_mut());
        record.ops = &raw const ops;
        // SAFETY: the records and their functions are this test's.
        let run = |assignment| unsafe { set(&list(&[record]), assignment).unwrap().unwrap().run() };
        assert_eq!((run("odd=3"), n), (Ok(()), 3));
        let refused = run("odd=4").unwrap_err().to_string();
        assert_eq!(refused, "parameter `odd` (ops) was refused by the module: -EINVAL");
    }
}
