//! Variables with a fixed address: their names, types and places.

use super::types::{self, Type};
use super::{Paths, Place, Reader};
use gimli::{AttributeValue, DebuggingInformationEntry, Dwarf, Operation, Reader as _, Unit, constants as dw};

type Entry = DebuggingInformationEntry<Reader>;

/// All of a module, sorted by address.
pub(super) struct Variables {
    units: Vec<Unit<Reader>>,
    all: Vec<Variable>,
}

struct Variable {
    start: usize,
    len: usize,
    name: String,
    unit: usize,
    of: Option<Type>,
    file: Option<u64>,
    line: u32,
    column: u32,
}

impl Variables {
    /// Reads all units. One that cannot be read has no variables.
    pub(super) fn collect(dwarf: &Dwarf<Reader>) -> Self {
        let mut found = Self { units: Vec::new(), all: Vec::new() };
        let mut headers = dwarf.units();
        while let Ok(Some(header)) = headers.next() {
            let Ok(unit) = dwarf.unit(header) else { continue };
            let index = found.units.len();
            let mut entries = unit.entries();
            while let Ok(Some(entry)) = entries.next_dfs() {
                if entry.tag() == dw::DW_TAG_variable
                    && let Some(start) = address(dwarf, &unit, entry)
                {
                    found.all.extend(variable(dwarf, &unit, index, entry, start));
                }
            }
            found.units.push(unit);
        }
        found.all.sort_by_key(|variable| variable.start);
        found
    }

    fn at(&self, offset: usize) -> Option<&Variable> {
        let end = self.all.partition_point(|variable| variable.start <= offset);
        self.all[..end].last().filter(|variable| offset < variable.start + variable.len.max(1))
    }

    /// `name.field[3]` for the byte at this offset.
    pub(super) fn path(&self, dwarf: &Dwarf<Reader>, offset: usize, paths: &mut Paths) -> Option<String> {
        let variable = self.at(offset)?;
        let unit = &self.units[variable.unit];
        let mut name = variable.name.clone();
        let inner = (offset - variable.start) as u64;
        let mut is_ours = |file| file_of(dwarf, unit, file).is_some_and(|path| paths.show(&path).1);
        types::path(dwarf, unit, variable.of, inner, &mut is_ours, &mut name);
        Some(name)
    }

    /// Where the variable is declared.
    pub(super) fn place(&self, dwarf: &Dwarf<Reader>, offset: usize, paths: &mut Paths) -> Option<Place> {
        let variable = self.at(offset)?;
        let (file, ours) = paths.show(&file_of(dwarf, &self.units[variable.unit], variable.file?)?);
        Some(Place { file, line: variable.line, column: variable.column, function: None, ours })
    }
}

fn variable(dwarf: &Dwarf<Reader>, unit: &Unit<Reader>, index: usize, entry: &Entry, start: usize) -> Option<Variable> {
    // A definition may point at the declaration (or the copy in an inlined function's model) that has the rest.
    let other =
        [dw::DW_AT_specification, dw::DW_AT_abstract_origin].iter().find_map(|at| match entry.attr_value(*at)? {
            AttributeValue::UnitRef(offset) => unit.entry(offset).ok(),
            _ => None,
        });
    let get = |at| entry.attr_value(at).or_else(|| other.as_ref()?.attr_value(at));
    let number = |at| get(at).and_then(|value| value.udata_value()).and_then(|value| u32::try_from(value).ok());
    let of = match get(dw::DW_AT_type) {
        Some(AttributeValue::UnitRef(offset)) => Some(offset),
        _ => None,
    };
    let name = dwarf.attr_string(unit, get(dw::DW_AT_name)?).ok()?;
    let file = match get(dw::DW_AT_decl_file) {
        Some(AttributeValue::FileIndex(file)) => Some(file),
        other => other.and_then(|value| value.udata_value()),
    };
    Some(Variable {
        start,
        len: types::size(unit, of).and_then(|size| usize::try_from(size).ok()).unwrap_or(1),
        name: name.to_string_lossy().ok()?.into_owned(),
        unit: index,
        of,
        file,
        line: number(dw::DW_AT_decl_line).unwrap_or(0),
        column: number(dw::DW_AT_decl_column).unwrap_or(0),
    })
}

/// The fixed address of a variable; none for those on a stack or in registers.
fn address(dwarf: &Dwarf<Reader>, unit: &Unit<Reader>, entry: &Entry) -> Option<usize> {
    let AttributeValue::Exprloc(expression) = entry.attr_value(dw::DW_AT_location)? else { return None };
    let mut operations = expression.operations(unit.encoding());
    let address = match operations.next().ok()?? {
        Operation::Address { address } => address,
        Operation::AddressIndex { index } => dwarf.address(unit, index).ok()?,
        _ => return None,
    };
    // A second operation would compute something from it.
    if operations.next().ok()?.is_some() || address == 0 {
        return None;
    }
    usize::try_from(address).ok()
}

/// The full path of a unit's file.
fn file_of(dwarf: &Dwarf<Reader>, unit: &Unit<Reader>, index: u64) -> Option<String> {
    let header = unit.line_program.as_ref()?.header();
    let file = header.file(index)?;
    let text = |value| Some(dwarf.attr_string(unit, value).ok()?.to_string_lossy().ok()?.into_owned());
    let mut path = std::path::PathBuf::new();
    if let Some(folder) = &unit.comp_dir {
        path.push(&*folder.to_string_lossy().ok()?);
    }
    if let Some(folder) = file.directory(header) {
        path.push(text(folder)?);
    }
    path.push(text(file.path_name())?);
    Some(path.to_string_lossy().into_owned())
}
