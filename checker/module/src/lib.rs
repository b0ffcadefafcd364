//! The loader of the C front door: from `.c` files to a running copy of the module, and from its addresses back to its
//! source.
//!
//! # The way of a module
//! **Vocabulary.** The *source* ([`Source`]) is what the user names: files, a folder with a Kbuild file, or texts from
//! memory. An *export* ([`Export`]) is a function of Ringzero that C may call by its name. A *library file*
//! ([`LibFile`]) is C code of ours that is compiled with the module's own flags, because the race detector must see
//! what it does; it comes in only when the module needs it. A *build* ([`Build`]) is the linked shared object, in
//! memory. A *copy* ([`Loaded`]) is that object mapped into this process; each explorer has its own. An *offset* is an
//! address of a copy less its load base: the same in every copy, every process, whatever the address space layout.
//!
//! ```text
//!  Source --Compiler--> objects --+--> undefined: an export? --> stub
//!                                 +--> a library file's?     --> compiled too, and so on
//!                                 +--> else                  --> BuildError::Unknown, all at once
//!  objects + stubs --linker--> Build --Loaded::load--> copy --restore--> copy as it was
//!                                 +----Loaded::load_once--> copy that is never put back
//!                                 +-----DebugInfo: offset -> file:line, dev.lock, function
//! ```
//!
//! **Stubs.** An executable does not export what a module needs, and a missing name would silently come from libc. So
//! each used export has a stub in the module, which jumps through a table that the loader fills. On the way the stub
//! puts the return address into the next free argument register: the export knows where it was called from.
//! ```text
//! mutex_lock:  movq (%rsp), %rsi
//!              jmp  *__rz_table+8*i(%rip)
//! ```
//! `__tsan_init`, which compilers call from a constructor, has an empty stub and need not be exported.
//!
//! **Invariants.** 1. *Nothing outside answers*: a build has no undefined dynamic symbol; a weak name that nobody
//! defines is zero. 2. *Nothing of a module runs at loading*: its constructors are dropped, indirect functions are
//! refused. 3. *A place is what the user would write*: relative to the folder the check was started in; what lies in
//! the cache or in a temporary folder never shows, neither in places nor in `__FILE__`, so equal programs have equal
//! fingerprints. 4. *Copies are distinct*: each is a memory file that stays open while the copy lives, so the dynamic
//! linker, which knows files by name and inode, never takes one for another. 5. *The writable segments are the state*:
//! their pages hold nothing else, what lies beyond their file part begins as zero, and [`Loaded::restore`] puts back
//! all of them. 6. *Nothing is left behind*: what is written lies in one temporary folder that goes with the build,
//! but for the cache ([`Include::unpack`]), whose entries are complete or absent, named by the hash of what they are
//! made from, and checked at each use.
//!
//! # Flags
//! `-nostdinc -ffreestanding -fno-builtin`: the system's headers would answer silently, and memset stays visible.
//! `-fsanitize=thread` without its runtime: accesses are calls of `__tsan_*`, volatile ones told apart; for full speed
//! ([`Instrument::None`]) this is left out, `__RZ_UNSEEN` is defined, and all else is the same. `-fno-ipa-icf
//! -fno-crossjumping -fno-tree-tail-merge` and clang's equals: code that looks alike is not merged, each call keeps its
//! line. `-fno-omit-frame-pointer -fno-optimize-sibling-calls`: the stack can be walked, a return address is the
//! caller's. `-fstack-clash-protection`: a large frame touches each page, so an overflow meets the guard page.
//! `-mgeneral-regs-only -fwrapv -fno-strict-aliasing -fno-delete-null-pointer-checks`: the language that the kernel is
//! written in. `-z norelro -z now`: all relocations are done when the snapshot is taken. A linker script keeps
//! `.data..percpu` a section of its own.
//!
//! Warnings are not shown ([`Build::diagnostics`] has them), but a call without a declaration, an implicit `int`,
//! incompatible pointers and a missing `return` value are errors, as in the kernel's build. Of a Kbuild file's flags
//! only those that say what the text is are honoured.
//!
//! # Differences from kbuild
//! Of make only variables and conditionals are understood; nothing is run. `obj-$(CONFIG_X)` counts as `obj-m`, other
//! `CONFIG_` options as unset; one module a folder. No relocation into kernel memory, no versions, no signatures.
//! A `.c` file is refused above [`MAX_SOURCE_BYTES`].
//!
//! # Dependencies
//! `object` reads ELF; `gimli` reads DWARF types and variables, `addr2line` (on top of it) lines through inlined
//! frames: writing them anew would be the larger risk. `libc`: dlopen, memfd, mmap, madvise. All four are what the
//! standard library's own backtraces are made of.
//!
//! # Unsafe code
//! Here because loading is: dlopen, the table, the snapshot (`load.rs`, `memory.rs`), mkdtemp (`tempdir.rs`), and
//! [`Export`]'s pointer, which is only carried. The rest is safe.
//!
//! The tests in `tests/` check each claim with gcc and with clang.

mod build;
mod compiler;
mod debug;
mod error;
mod export;
mod hash;
mod image;
mod include;
mod kbuild;
mod lexer;
mod load;
mod memory;
mod source;
mod tempdir;
mod uses;
mod words;

pub use build::{Build, LibFile, build, build_as};
pub use compiler::{Compiler, Instrument, Kind};
pub use debug::{DebugInfo, Place};
pub use error::{BuildError, Refused, Symbol};
pub use export::{Export, MAX_ARGS};
pub use include::Include;
pub use load::{LoadError, Loaded, SMALL_BYTES};
pub use source::{File, MAX_SOURCE_BYTES, Setting, Source, Warning};
