//! Where undefined names are used: from the relocations that a link has kept.

use object::LittleEndian;
use object::elf;
use object::read::elf::{ElfFile64, Rela, SectionHeader, Sym};
use std::collections::HashMap;

/// The offsets of the relocations against each undefined name.
pub(crate) fn uses(bytes: &[u8]) -> HashMap<String, Vec<usize>> {
    collect(bytes).unwrap_or_default()
}

fn collect(bytes: &[u8]) -> object::Result<HashMap<String, Vec<usize>>> {
    let file = ElfFile64::<LittleEndian>::parse(bytes)?;
    let endian = LittleEndian;
    let sections = file.elf_section_table();
    let symbols = file.elf_symbol_table();
    let mut found: HashMap<String, Vec<usize>> = HashMap::new();
    for section in sections.iter() {
        let Some((relocations, link)) = section.rela(endian, bytes)? else { continue };
        // The dynamic linker's relocations are against another table and no section.
        let Ok(target) = sections.section(section.info_link(endian)) else { continue };
        // Only what is mapped is code or data; the relocations of debug information say nothing.
        if link != symbols.section() || !target.sh_flags(endian).contains(elf::SHF_ALLOC) {
            continue;
        }
        for relocation in relocations {
            let Some(index) = relocation.symbol(endian, false) else { continue };
            let symbol = symbols.symbol(index)?;
            if symbol.is_undefined(endian) {
                let name = String::from_utf8_lossy(symbol.name(endian, symbols.strings())?).into_owned();
                found.entry(name).or_default().push(relocation.r_offset(endian) as usize);
            }
        }
    }
    Ok(found)
}
