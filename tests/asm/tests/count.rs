//! What the primitives compile to: the functions of this package are found in the test's own executable and decoded.
//!
//! `cargo test -p ringzero-asm --release` says something; in a debug build, or where another package has asked for the feature
//! `model`, the test only says that it does not. With `-- --nocapture` it prints what it found.

use iced_x86::{Decoder, DecoderOptions, FlowControl, Formatter, Instruction, IntelFormatter, Mnemonic, OpKind};
use object::{Object, ObjectSection, ObjectSymbol};
use ringzero_asm::functions;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What a function has: the instructions on its path without a surprise, the conditional jumps among them, and the
/// instructions in all; the locked ones.
struct Count {
    name: &'static str,
    straight: usize,
    branches: usize,
    all: usize,
    locked: usize,
}

const fn count(name: &'static str, straight: usize, branches: usize, all: usize, locked: usize) -> Count {
    Count { name, straight, branches, all, locked }
}

/// As the pinned compiler makes them. More is a regression, or a decision.
const COUNTS: [Count; 13] = [
    count("asm_lock", 46, 6, 61, 1),
    count("asm_unlock", 55, 8, 75, 0),
    count("asm_lock_unlock", 92, 14, 120, 1),
    count("asm_lock_unlock_irqsave", 134, 23, 186, 1),
    count("asm_trylock", 49, 6, 76, 1),
    count("asm_atomic_read", 2, 0, 2, 0),
    count("asm_atomic_inc", 2, 0, 2, 1),
    count("asm_atomic_inc_return", 4, 0, 4, 1),
    count("asm_read_once", 2, 0, 2, 0),
    count("asm_write_once", 2, 0, 2, 0),
    count("asm_preempt_disable", 13, 2, 19, 0),
    count("asm_preempt_enable", 17, 4, 25, 0),
    count("asm_percpu_inc", 12, 1, 15, 0),
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

fn conditional(path: &[Instruction]) -> usize {
    path.iter().filter(|i| i.flow_control() == FlowControl::ConditionalBranch).count()
}

/// The instructions of `path` behind the one that stores 0 through a register that touch memory through the same register.
fn after_the_store<'a>(path: &'a [Instruction]) -> impl Iterator<Item = &'a Instruction> + use<'a> {
    let frees = |i: &Instruction| {
        i.mnemonic() == Mnemonic::Mov && i.op0_kind() == OpKind::Memory && i.op1_kind() == OpKind::Immediate32
    };
    let at = path.iter().position(frees).expect("the word is stored");
    let lock = path[at].memory_base();
    path[at + 1..].iter().filter(move |i| [i.memory_base(), i.memory_index()].contains(&lock))
}

fn calls(path: &[Instruction]) -> usize {
    path.iter().filter(|i| matches!(i.flow_control(), FlowControl::Call | FlowControl::IndirectCall)).count()
}

/// This executable with all functions in it; none, said so, where it is of no use.
fn image() -> Option<Image> {
    // Links them in.
    let present: Vec<_> = functions().map(|(name, at)| (name, std::hint::black_box(at))).collect();
    assert_eq!(present.len(), COUNTS.len(), "each function has its count");
    if cfg!(debug_assertions) || ringzero_machine::HAS_MODEL {
        println!("skipped: it needs `cargo test -p ringzero-asm --release`");
        return None;
    }
    Some(Image::of_this_test())
}

/// The next owner may free the memory that the lock lies in.
#[test]
fn the_store_that_frees_a_lock_is_the_last_access_to_it() {
    let Some(image) = image() else { return };
    let path = image.code("asm_unlock").straight();
    let touched: Vec<_> = after_the_store(&path).copied().collect();
    assert!(touched.is_empty(), "behind the store:\n{}in\n{}", Code::listing(&touched), Code::listing(&path));
}

#[test]
fn the_primitives_stay_small() {
    let Some(image) = image() else { return };
    let mut wrong = String::new();
    for Count { name, straight, branches, all, locked: lock } in COUNTS {
        let code = image.code(name);
        let path = code.straight();
        let found = (path.len(), conditional(&path), code.0.len(), locked(&path), locked(&code.0), calls(&path));
        println!("{name}: {} instructions without a surprise, {} in all\n{}", found.0, found.2, Code::listing(&path));
        let counted = (straight, branches, all, lock, lock, 0);
        let more = found.0 > straight || found.1 > branches || found.2 > all;
        if more || (found.3, found.4, found.5) != (lock, lock, 0) {
            let what = "path, branches on it, all, locked on the path, locked, calls on the path";
            writeln!(wrong, "{name}: ({what}) is {found:?}, not {counted:?}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
