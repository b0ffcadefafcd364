//! The arguments behind the dots of a C function.

use crate::memory::peek;

/// What a `va_list` of x86-64 points to (System V ABI, section 3.5.7). Reading it moves it on.
#[repr(C)]
#[derive(Clone, Debug)]
pub struct VaList {
    /// Bytes of the register area that are used, 48 at most.
    gp_offset: u32,
    /// The same for floating point, which kernel code has not.
    fp_offset: u32,
    /// The next argument on the stack.
    overflow: *const u64,
    /// Where the register arguments were saved.
    reg_save: *const u8,
}

impl VaList {
    /// The next argument, as the 8 bytes that it takes.
    pub(crate) fn next(&mut self) -> u64 {
        if self.gp_offset < 48 {
            let at = self.reg_save.wrapping_add(self.gp_offset as usize).cast::<u64>();
            self.gp_offset += 8;
            return peek(at);
        }
        let at = self.overflow;
        self.overflow = at.wrapping_add(1);
        peek(at)
    }

    /// The next argument, an `int`.
    pub(crate) fn next_int(&mut self) -> i32 {
        self.next() as i32
    }

    /// The arguments that C code holds at `list`, from where it is now; the list itself is not moved on.
    pub(crate) fn at(list: *const VaList) -> VaList {
        // SAFETY: C code passes a list that it has started and not ended; the runtime only copies it.
        unsafe { (*list).clone() }
    }

    /// A list of arguments that all lie on the stack. It must not outlive them.
    #[cfg(test)]
    pub(crate) fn of(args: &[u64]) -> VaList {
        VaList { gp_offset: 48, fp_offset: 176, overflow: args.as_ptr(), reg_save: std::ptr::null() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_come_before_the_stack() {
        let saved: Vec<u8> = (0..6_u64).flat_map(u64::to_ne_bytes).collect();
        let stack = [6, 7_u64];
        let mut list = VaList { gp_offset: 32, fp_offset: 48, overflow: stack.as_ptr(), reg_save: saved.as_ptr() };
        assert_eq!([list.next(), list.next(), list.next(), list.next()], [4, 5, 6, 7]);
        assert_eq!(VaList::of(&[u64::MAX]).next_int(), -1);
    }
}
