//! What the primitives compile to: the functions of this package are found in the test's own executable and decoded.
//!
//! `cargo test -p ringzero-asm --release` says something; in a debug build, or where another package has asked for the feature
//! `model`, the test only says that it does not. With `-- --nocapture` it prints what it found.

use iced_x86::{Decoder, DecoderOptions, FlowControl, Formatter, Instruction, IntelFormatter, Mnemonic};
use object::{Object, ObjectSection, ObjectSymbol};
use ringzero_asm::functions;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What a function may have: the instructions on its path without a surprise, and in all; the locked ones, exactly.
struct Bound {
    name: &'static str,
    straight: usize,
    all: usize,
    locked: usize,
}

const fn bound(name: &'static str, straight: usize, all: usize, locked: usize) -> Bound {
    Bound { name, straight, all, locked }
}

/// A rise above these is a regression, or a decision.
const BOUNDS: [Bound; 13] = [
    bound("asm_lock", 45, 65, 1),
    bound("asm_unlock", 52, 70, 0),
    bound("asm_lock_unlock", 90, 120, 1),
    bound("asm_lock_unlock_irqsave", 130, 190, 1),
    bound("asm_trylock", 55, 75, 1),
    bound("asm_atomic_read", 2, 2, 0),
    bound("asm_atomic_inc", 2, 2, 1),
    bound("asm_atomic_inc_return", 4, 4, 1),
    bound("asm_read_once", 2, 2, 0),
    bound("asm_write_once", 2, 2, 0),
    bound("asm_preempt_disable", 14, 21, 0),
    bound("asm_preempt_enable", 18, 27, 0),
    bound("asm_percpu_inc", 12, 15, 0),
];

/// The executable's machine code, and the names in it.
struct Image {
    data: Vec<u8>,
    base: u64,
    /// Where each name is, and the size of what it names. Functions with the same code may be one.
    names: BTreeMap<String, (u64, u64)>,
}

impl Image {
    fn of_this_test() -> Self {
        let data = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let file = object::File::parse(&*data).unwrap();
        let text = file.section_by_name(".text").unwrap();
        let names = file.symbols().map(|s| (s.name().unwrap_or("?").to_owned(), (s.address(), s.size()))).collect();
        Self { data: text.data().unwrap().to_vec(), base: text.address(), names }
    }

    fn code(&self, name: &str) -> Code {
        let (start, size) = self.names[name];
        let bytes = &self.data[(start - self.base) as usize..][..size as usize];
        Code(Decoder::with_ip(64, bytes, start, DecoderOptions::NONE).into_iter().collect())
    }
}

/// A function's instructions.
struct Code(Vec<Instruction>);

impl Code {
    /// The instructions from the first on, where no conditional jump that goes forward and out of the way is taken: the path of
    /// a call that meets nothing special.
    fn straight(&self) -> Vec<Instruction> {
        let mut path = Vec::new();
        let mut at = self.0[0].ip();
        while let Some(next) = self.0.iter().find(|i| i.ip() == at) {
            path.push(*next);
            match next.flow_control() {
                FlowControl::Return => break,
                FlowControl::UnconditionalBranch => at = next.near_branch_target(),
                _ => at = next.next_ip(),
            }
            assert!(path.len() <= self.0.len(), "the path does not come back");
        }
        path
    }

    fn listing(path: &[Instruction]) -> String {
        let (mut text, mut formatter) = (String::new(), IntelFormatter::new());
        for instruction in path {
            text.push_str("    ");
            formatter.format(instruction, &mut text);
            writeln!(text).unwrap();
        }
        text
    }
}

fn locked(path: &[Instruction]) -> usize {
    // An exchange with memory is locked without saying so.
    let implied = |i: &&Instruction| i.mnemonic() == Mnemonic::Xchg && i.memory_base() != iced_x86::Register::None;
    path.iter().filter(|i| i.has_lock_prefix() || implied(i)).count()
}

fn calls(path: &[Instruction]) -> usize {
    path.iter().filter(|i| matches!(i.flow_control(), FlowControl::Call | FlowControl::IndirectCall)).count()
}

#[test]
fn the_primitives_stay_small() {
    // Links them in.
    let present: Vec<_> = functions().map(|(name, at)| (name, std::hint::black_box(at))).collect();
    assert_eq!(present.len(), BOUNDS.len(), "each function has its bound");
    if cfg!(debug_assertions) || ringzero_machine::HAS_MODEL {
        println!("skipped: it needs `cargo test -p ringzero-asm --release`");
        return;
    }
    let (image, mut wrong) = (Image::of_this_test(), String::new());
    for Bound { name, straight, all, locked: lock } in BOUNDS {
        let code = image.code(name);
        let path = code.straight();
        let found = (path.len(), code.0.len(), locked(&path), locked(&code.0), calls(&path));
        println!("{name}: {} instructions without a surprise, {} in all\n{}", found.0, found.1, Code::listing(&path));
        if found.0 > straight || found.1 > all || (found.2, found.3, found.4) != (lock, lock, 0) {
            let bound = (straight, all, lock, lock, 0);
            writeln!(
                wrong,
                "{name}: (path, all, locked on the path, locked, calls on the path) is {found:?}, not {bound:?}"
            )
            .unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
