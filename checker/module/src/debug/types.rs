//! C types in the debug information: sizes, and which member or element a byte lies in.

use super::Reader;
use gimli::{AttributeValue, DebuggingInformationEntry, Dwarf, Reader as _, Unit, UnitOffset, constants as dw};
use std::fmt::Write;

/// A type, within its unit.
pub(super) type Type = UnitOffset<usize>;

type Entry = DebuggingInformationEntry<Reader>;

/// Types of our headers whose members are the business of their users.
const OPEN: &[&str] = &[
    "list_head",
    "hlist_head",
    "hlist_node",
    "rb_node",
    "rb_root",
    "rb_root_cached",
    "interval_tree_node",
    "llist_head",
    "llist_node",
];

/// Deeper nesting than any program's.
const MAX_DEPTH: u32 = 64;

/// Without its name, `const`, `volatile` and the like. `None` is `void`.
fn bare(unit: &Unit<Reader>, of: Option<Type>) -> Option<Entry> {
    let mut entry = unit.entry(of?).ok()?;
    for _ in 0..MAX_DEPTH {
        match entry.tag() {
            dw::DW_TAG_typedef
            | dw::DW_TAG_const_type
            | dw::DW_TAG_volatile_type
            | dw::DW_TAG_restrict_type
            | dw::DW_TAG_atomic_type => {
                entry = unit.entry(type_of(&entry)?).ok()?;
            }
            _ => return Some(entry),
        }
    }
    None
}

fn type_of(entry: &Entry) -> Option<Type> {
    match entry.attr_value(dw::DW_AT_type)? {
        AttributeValue::UnitRef(offset) => Some(offset),
        _ => None,
    }
}

/// How many bytes a type has.
pub(super) fn size(unit: &Unit<Reader>, of: Option<Type>) -> Option<u64> {
    let entry = bare(unit, of)?;
    if let Some(size) = entry.attr_value(dw::DW_AT_byte_size).and_then(|value| value.udata_value()) {
        return Some(size);
    }
    match entry.tag() {
        dw::DW_TAG_array_type => {
            let counts: u64 = dimensions(unit, &entry).iter().product();
            counts.checked_mul(size(unit, type_of(&entry))?)
        }
        dw::DW_TAG_pointer_type => Some(8),
        _ => None,
    }
}

/// The number of elements of each dimension of an array; 0 where it is open.
fn dimensions(unit: &Unit<Reader>, array: &Entry) -> Vec<u64> {
    let count = |entry: &Entry| {
        let number = |at| entry.attr_value(at).and_then(|value| value.udata_value());
        // An upper bound of -1 is an array without elements.
        number(dw::DW_AT_count).or_else(|| Some(number(dw::DW_AT_upper_bound)?.wrapping_add(1))).unwrap_or(0)
    };
    let mut found = Vec::new();
    let _ = children(unit, array, |child| {
        if child.tag() == dw::DW_TAG_subrange_type {
            found.push(count(child));
        }
    });
    found
}

fn children(unit: &Unit<Reader>, parent: &Entry, mut visit: impl FnMut(&Entry)) -> Result<(), gimli::Error> {
    let mut tree = unit.entries_tree(Some(parent.offset()))?;
    let mut children = tree.root()?.children();
    while let Some(child) = children.next()? {
        visit(child.entry());
    }
    Ok(())
}

/// A member of a structure or union.
struct Member {
    name: Option<String>,
    start: u64,
    of: Option<Type>,
}

/// The member that a byte lies in. What has no end (a flexible array) reaches to the end of all.
fn member_at(dwarf: &Dwarf<Reader>, unit: &Unit<Reader>, parent: &Entry, offset: u64) -> Option<Member> {
    let mut found = None;
    let _ = children(unit, parent, |child| {
        let number = |at| child.attr_value(at).and_then(|value| value.udata_value());
        let start = number(dw::DW_AT_data_member_location)
            .or_else(|| Some(number(dw::DW_AT_data_bit_offset)? / 8))
            .unwrap_or(0);
        let of = type_of(child);
        let len = size(unit, of).filter(|len| *len > 0);
        let holds = start <= offset && len.is_none_or(|len| offset - start < len);
        if child.tag() == dw::DW_TAG_member && holds && found.is_none() {
            let name = child.attr_value(dw::DW_AT_name).and_then(|name| dwarf.attr_string(unit, name).ok());
            let name = name.and_then(|name| Some(name.to_string_lossy().ok()?.into_owned()));
            found = Some(Member { name, start, of });
        }
    });
    found
}

/// Whether a type is one of our headers that is not looked into.
fn is_closed(dwarf: &Dwarf<Reader>, unit: &Unit<Reader>, entry: &Entry, is_ours: &mut dyn FnMut(u64) -> bool) -> bool {
    let name = entry.attr_value(dw::DW_AT_name).and_then(|name| dwarf.attr_string(unit, name).ok());
    if name.is_some_and(|name| name.to_string_lossy().is_ok_and(|name| OPEN.contains(&&*name))) {
        return false;
    }
    let file = match entry.attr_value(dw::DW_AT_decl_file) {
        Some(AttributeValue::FileIndex(file)) => Some(file),
        other => other.and_then(|value| value.udata_value()),
    };
    file.is_some_and(is_ours)
}

/// Appends to `name` how the byte `offset` of something of this type is written in C.
pub(super) fn path(
    dwarf: &Dwarf<Reader>,
    unit: &Unit<Reader>,
    of: Option<Type>,
    mut offset: u64,
    is_ours: &mut dyn FnMut(u64) -> bool,
    name: &mut String,
) {
    let mut of = of;
    for _ in 0..MAX_DEPTH {
        let Some(entry) = bare(unit, of) else { break };
        match entry.tag() {
            dw::DW_TAG_structure_type | dw::DW_TAG_union_type => {
                if is_closed(dwarf, unit, &entry, is_ours) {
                    return;
                }
                let Some(member) = member_at(dwarf, unit, &entry, offset) else { break };
                if let Some(member) = &member.name {
                    let _ = write!(name, ".{member}");
                }
                offset -= member.start;
                of = member.of;
            }
            dw::DW_TAG_array_type => {
                let element = type_of(&entry);
                let Some(len) = size(unit, element).filter(|len| *len > 0) else { break };
                let mut index = offset / len;
                let dimensions = dimensions(unit, &entry);
                let mut indices = Vec::new();
                for count in dimensions.iter().skip(1).rev().filter(|count| **count > 0) {
                    indices.push(index % count);
                    index /= count;
                }
                indices.push(index);
                for index in indices.iter().rev() {
                    let _ = write!(name, "[{index}]");
                }
                offset %= len;
                of = element;
            }
            _ => break,
        }
    }
    if offset > 0 {
        let _ = write!(name, "+{offset:#x}");
    }
}
