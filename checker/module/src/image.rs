//! What the loader needs to know of an ELF file: segments, sections, symbols.

use object::elf;
use object::read::elf::{ElfFile64, FileHeader, ProgramHeader, SectionHeader, Sym};
use object::{Endianness, LittleEndian};
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

/// A part of the file that is mapped.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) start: usize,
    /// Bytes that come from the file; the rest up to `memory` is zero.
    pub(crate) file: usize,
    pub(crate) memory: usize,
    pub(crate) writable: bool,
    pub(crate) executable: bool,
}

/// A section that is mapped.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub(crate) name: String,
    pub(crate) start: usize,
    pub(crate) len: usize,
    /// Where its bytes are in the file; empty for one that is all zeroes.
    pub(crate) bytes: Range<usize>,
}

/// A defined symbol.
#[derive(Clone, Debug)]
pub(crate) struct Defined {
    pub(crate) name: String,
    pub(crate) start: usize,
    pub(crate) len: usize,
    pub(crate) global: bool,
    pub(crate) function: bool,
}

/// The linked module, as offsets from its load base.
#[derive(Debug, Default)]
pub(crate) struct Image {
    pub(crate) segments: Vec<Segment>,
    pub(crate) sections: Vec<Section>,
    /// Sorted by start.
    pub(crate) symbols: Vec<Defined>,
    /// The first symbol of a name, a global one before a local one.
    by_name: HashMap<String, usize>,
    /// Names that the dynamic linker would look for elsewhere. There must be none.
    pub(crate) imports: Vec<String>,
}

impl Image {
    pub(crate) fn parse(bytes: &[u8]) -> object::Result<Self> {
        let file = ElfFile64::<LittleEndian>::parse(bytes)?;
        let endian = LittleEndian;
        let mut image = Self::default();
        for header in file.elf_program_headers() {
            if header.p_type(endian) == elf::PT_LOAD {
                image.segments.push(Segment {
                    start: to_usize(header.p_vaddr(endian)),
                    file: to_usize(header.p_filesz(endian)),
                    memory: to_usize(header.p_memsz(endian)),
                    writable: header.p_flags(endian).contains(elf::PF_W),
                    executable: header.p_flags(endian).contains(elf::PF_X),
                });
            }
        }
        let sections = file.elf_section_table();
        for section in sections.iter() {
            if !section.sh_flags(endian).contains(elf::SHF_ALLOC) {
                continue;
            }
            let range = section.file_range(endian).map_or(0..0, |(at, len)| to_usize(at)..to_usize(at + len));
            image.sections.push(Section {
                name: String::from_utf8_lossy(sections.section_name(endian, section)?).into_owned(),
                start: to_usize(section.sh_addr(endian)),
                len: to_usize(section.sh_size(endian)),
                bytes: range,
            });
        }
        let symbols = file.elf_symbol_table();
        for symbol in symbols.iter() {
            let kind = symbol.st_type();
            if symbol.is_undefined(endian) || matches!(kind, elf::STT_FILE | elf::STT_SECTION | elf::STT_TLS) {
                continue;
            }
            image.symbols.push(Defined {
                name: String::from_utf8_lossy(symbol.name(endian, symbols.strings())?).into_owned(),
                start: to_usize(symbol.st_value(endian)),
                len: to_usize(symbol.st_size(endian)),
                global: symbol.st_bind() != elf::STB_LOCAL || symbol.st_visibility() == elf::STV_HIDDEN,
                function: kind == elf::STT_FUNC,
            });
        }
        let symbols = file.elf_dynamic_symbol_table();
        for symbol in symbols.iter().filter(|symbol| symbol.is_undefined(endian)) {
            let name = symbol.name(endian, symbols.strings())?;
            image.imports.extend((!name.is_empty()).then(|| String::from_utf8_lossy(name).into_owned()));
        }
        image.symbols.sort_by(|a, b| (a.start, &a.name).cmp(&(b.start, &b.name)));
        image.index();
        Ok(image)
    }

    fn index(&mut self) {
        for wanted in [true, false] {
            for symbol in self.symbols.iter().filter(|symbol| symbol.global == wanted) {
                self.by_name.entry(symbol.name.clone()).or_insert(symbol.start);
            }
        }
    }

    pub(crate) fn symbol(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.name == name && section.len > 0)
    }

    /// Whether an offset lies in an executable segment.
    pub(crate) fn is_code(&self, offset: usize) -> bool {
        let holds = |segment: &Segment| (segment.start..segment.start + segment.memory).contains(&offset);
        self.segments.iter().any(|segment| segment.executable && holds(segment))
    }

    /// The symbol that an offset lies in.
    pub(crate) fn symbol_at(&self, offset: usize) -> Option<&Defined> {
        let end = self.symbols.partition_point(|symbol| symbol.start <= offset);
        // Symbols nest rarely and not deep (a cold part, an alias): a few steps back are enough.
        self.symbols[..end].iter().rev().take(16).find(|symbol| offset < symbol.start + symbol.len.max(1))
    }
}

/// What one object file gives and wants.
#[derive(Debug, Default)]
pub(crate) struct Object {
    pub(crate) defined: BTreeSet<String>,
    pub(crate) wanted: BTreeSet<String>,
    /// Wanted, but zero will do.
    pub(crate) weak: BTreeSet<String>,
    /// Symbols whose address a function chooses when the module is loaded.
    pub(crate) indirect: BTreeSet<String>,
    sections: BTreeSet<String>,
}

impl Object {
    pub(crate) fn parse(bytes: &[u8]) -> object::Result<Self> {
        let file = ElfFile64::<LittleEndian>::parse(bytes)?;
        let endian = LittleEndian;
        let mut object = Self::default();
        let sections = file.elf_section_table();
        for section in sections.iter() {
            object.sections.insert(String::from_utf8_lossy(sections.section_name(endian, section)?).into_owned());
        }
        let symbols = file.elf_symbol_table();
        for symbol in symbols.iter() {
            let name = String::from_utf8_lossy(symbol.name(endian, symbols.strings())?).into_owned();
            if symbol.st_type() == elf::STT_GNU_IFUNC {
                object.indirect.insert(name.clone());
            }
            if name.is_empty() || symbol.st_bind() == elf::STB_LOCAL {
                continue;
            }
            let set = match (symbol.is_undefined(endian), symbol.st_bind() == elf::STB_WEAK) {
                (true, true) => &mut object.weak,
                (true, false) => &mut object.wanted,
                (false, true) => continue,
                (false, false) => &mut object.defined,
            };
            set.insert(name);
        }
        Ok(object)
    }

    /// Names that the linker defines by itself: for the table of addresses, and for the ends of a section.
    pub(crate) fn is_linkers(&self, name: &str) -> bool {
        let section = name.strip_prefix("__start_").or_else(|| name.strip_prefix("__stop_"));
        name == "_GLOBAL_OFFSET_TABLE_" || section.is_some_and(|section| self.sections.contains(section))
    }
}

fn to_usize(value: u64) -> usize {
    value as usize
}

/// Sets the number of constructors and destructors of a shared object to none (invariant 2).
pub(crate) fn drop_constructors(bytes: &mut [u8]) -> object::Result<()> {
    let header = elf::FileHeader64::<Endianness>::parse(&*bytes)?;
    let endian = header.endian()?;
    let mut range = 0..0;
    for segment in header.program_headers(endian, &*bytes)? {
        if segment.p_type(endian) == elf::PT_DYNAMIC {
            let at = to_usize(segment.p_offset(endian));
            range = at..at + to_usize(segment.p_filesz(endian));
        }
    }
    let Some(dynamic) = bytes.get_mut(range) else { return Ok(()) };
    for entry in dynamic.chunks_exact_mut(16) {
        let (tag, value) = entry.split_at_mut(8);
        let tag = elf::DynamicTag(i64::from_le_bytes(tag.try_into().unwrap_or_default()));
        if matches!(tag, elf::DT_INIT_ARRAYSZ | elf::DT_FINI_ARRAYSZ) {
            value.fill(0);
        }
    }
    Ok(())
}
