//! Reading a library's structure without mapping it, so that a file cut short or made of something else cannot take the
//! process down inside the dynamic linker.

use object::read::elf::{ElfFile64, FileHeader, ProgramHeader, SectionHeader, Sym};
use object::{Endianness, Object, ObjectSection, elf};
use vectis_plugin_api::abi::embed::{BUILD_SECTION, GRAPHQL_SECTION, MANIFEST_SECTION, TABLES_SECTION};

use crate::refusal::{Fault, Step};

/// The one symbol a plugin exports.
const ROOT_SYMBOL: &[u8] = b"_1as_0lib_1header_0root_bmodule_bloader";

/// The machine this host was compiled for, as ELF and people call it.
pub(crate) const MACHINE: (elf::Machine, &str) = if cfg!(target_arch = "x86_64") {
    (elf::EM_X86_64, "x86_64")
} else if cfg!(target_arch = "aarch64") {
    (elf::EM_AARCH64, "aarch64")
} else {
    (elf::EM_RISCV, "riscv64")
};

/// What a library's structure says.
#[derive(Debug)]
pub(crate) struct Structure<'data> {
    pub(crate) machine: elf::Machine,
    /// How often the root symbol is defined.
    pub(crate) roots: usize,
    /// Functions that the linker calls as soon as it has mapped the file.
    pub(crate) initializers: u64,
    pub(crate) manifest: &'data [u8],
    pub(crate) build: &'data [u8],
    /// Definitions for the GraphQL API.
    pub(crate) graphql: Option<&'data [u8]>,
    /// SQL of the plugin's own tables.
    pub(crate) tables: Option<&'data [u8]>,
    /// Libraries it needs.
    pub(crate) needed: Vec<String>,
    /// Symbols it takes from the C library.
    pub(crate) libc_imports: Vec<String>,
    /// Symbols it takes from elsewhere, or from nobody.
    pub(crate) other_imports: Vec<String>,
}

type Library<'data> = ElfFile64<'data, Endianness>;

/// Reads the structure. Refuses what is no complete library with one manifest and one build section.
pub(crate) fn structure(bytes: &[u8]) -> Result<Structure<'_>, Fault> {
    require_shape(bytes)?;
    let library = Library::parse(bytes).map_err(damaged)?;
    if library.elf_header().e_type(library.endian()) != elf::ET_DYN {
        return Err(refused("it is no shared library; build the plugin with crate-type = [\"cdylib\"]"));
    }
    require_whole(&library, bytes.len() as u64)?;
    let (roots, libc_imports, other_imports) = symbols(&library, bytes).map_err(damaged)?;
    let (needed, initializers) = dynamic(&library).map_err(damaged)?;
    Ok(Structure {
        machine: library.elf_header().e_machine(library.endian()),
        roots,
        initializers,
        manifest: section(&library, MANIFEST_SECTION)?,
        build: section(&library, BUILD_SECTION)?,
        graphql: section_if_any(&library, GRAPHQL_SECTION)?,
        tables: section_if_any(&library, TABLES_SECTION)?,
        needed,
        libc_imports,
        other_imports,
    })
}

/// The first bytes: a 64-bit library of this byte order.
fn require_shape(bytes: &[u8]) -> Result<(), Fault> {
    if bytes.is_empty() {
        return Err(refused("the file is empty; copy it again"));
    }
    if !bytes.starts_with(b"\x7fELF") {
        return Err(refused("it is not an ELF library; put a plugin's .so in its place"));
    }
    let data = if cfg!(target_endian = "little") { 1 } else { 2 };
    match bytes {
        [_, _, _, _, 2, found, ..] if *found == data => Ok(()),
        [_, _, _, _, _, _, ..] => {
            Err(refused(&format!("it is built for another kind of machine, this server runs {}", MACHINE.1)))
        }
        _ => Err(refused("it is cut off after its first bytes; copy it again")),
    }
}

/// A file cut short kills the process as soon as the linker touches the missing pages.
fn require_whole(library: &Library<'_>, length: u64) -> Result<(), Fault> {
    let endian = library.endian();
    let segments = library.elf_program_headers().iter().map(|segment| {
        let start: u64 = segment.p_offset(endian);
        start.checked_add(segment.p_filesz(endian))
    });
    let sections = library.sections().map(|section| {
        let (start, size) = section.file_range().unwrap_or_default();
        start.checked_add(size)
    });
    let is_whole = segments.chain(sections).all(|end| end.is_some_and(|end| end <= length));
    // Section headers stand at the end of a file: none, or empty ones after the first, mean that the end is missing.
    let headers = library.elf_section_table();
    let ends_early =
        headers.is_empty() || headers.iter().skip(1).any(|header| header.sh_type(endian) == elf::SHT_NULL);
    if !is_whole || ends_early {
        return Err(refused("it is damaged or cut short: parts of it are missing; copy it again"));
    }
    Ok(())
}

fn section<'data>(library: &Library<'data>, name: &str) -> Result<&'data [u8], Fault> {
    section_if_any(library, name)?.ok_or_else(|| {
        refused(&format!("it is no Vectis plugin: it has no section {name}; build it with export_plugin!"))
    })
}

fn section_if_any<'data>(library: &Library<'data>, name: &str) -> Result<Option<&'data [u8]>, Fault> {
    let mut found = library.sections().filter(|section| section.name() == Ok(name));
    match (found.next(), found.next()) {
        (Some(section), None) => section.data().map(Some).map_err(damaged),
        (None, _) => Ok(None),
        (Some(_), Some(_)) => {
            Err(refused(&format!("it has several sections {name}; export one plugin per file")))
        }
    }
}

/// How often the root symbol is defined; what is taken from the C library; what from elsewhere.
fn symbols(library: &Library<'_>, bytes: &[u8]) -> object::Result<(usize, Vec<String>, Vec<String>)> {
    let endian = library.endian();
    let versions = library.elf_section_table().versions(endian, bytes)?;
    let table = library.elf_dynamic_symbol_table();
    let (mut roots, mut libc, mut other) = (0, Vec::new(), Vec::new());
    for (index, symbol) in table.enumerate() {
        let name = symbol.name(endian, table.strings())?;
        if !symbol.is_undefined(endian) {
            roots += usize::from(name == ROOT_SYMBOL);
            continue;
        }
        let file = match &versions {
            Some(versions) => versions
                .version(versions.version_index(endian, index).index())?
                .and_then(|version| version.file()),
            None => None,
        };
        let is_libc = file.is_some_and(|file| file.starts_with(b"libc.") || file.starts_with(b"ld-linux"));
        let list = if is_libc { &mut libc } else { &mut other };
        if !name.is_empty() {
            list.push(String::from_utf8_lossy(name).into_owned());
        }
    }
    libc.sort();
    other.sort();
    Ok((roots, libc, other))
}

/// The libraries it needs, and how many initializers it has.
fn dynamic(library: &Library<'_>) -> object::Result<(Vec<String>, u64)> {
    let table = library.elf_dynamic_table()?;
    let mut needed = Vec::new();
    let mut initializers = 0;
    for entry in &table {
        if entry.tag == elf::DT_NEEDED {
            needed.push(String::from_utf8_lossy(table.string(entry)?).into_owned());
        } else if entry.tag == elf::DT_INIT_ARRAYSZ {
            initializers = entry.val / 8;
        }
    }
    Ok((needed, initializers))
}

fn damaged(error: object::Error) -> Fault {
    refused(&format!("it is damaged or cut short ({error}); copy it again"))
}

fn refused(why: &str) -> Fault {
    Fault::new(Step::Elf, why)
}
