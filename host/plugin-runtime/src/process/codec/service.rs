//! Services of the host: a question from the runner, the answer from the host.

use vectis_plugin_api::abi::host::Served;

use crate::process::bytes::{Garbled, Reader, Writer};

/// What the runner asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted<'a> {
    pub(crate) service: &'a str,
    pub(crate) question_json: &'a str,
    pub(crate) body: &'a [u8],
}

pub(crate) fn write_question(writer: &mut Writer<'_>, wanted: &Wanted<'_>) {
    writer.text(wanted.service);
    writer.text(wanted.question_json);
    writer.bytes(wanted.body);
}

pub(crate) fn read_question(bytes: &[u8]) -> Result<Wanted<'_>, Garbled> {
    let mut reader = Reader::new(bytes);
    let wanted = Wanted { service: reader.text()?, question_json: reader.text()?, body: reader.bytes()? };
    reader.finish()?;
    Ok(wanted)
}

pub(crate) fn write_answer(writer: &mut Writer<'_>, served: &Served) {
    writer.text(&served.json);
    writer.bytes(&served.body);
}

pub(crate) fn read_answer(bytes: &[u8]) -> Result<Served, Garbled> {
    let mut reader = Reader::new(bytes);
    let served = Served { json: reader.text()?.to_owned(), body: reader.bytes()?.to_vec() };
    reader.finish()?;
    Ok(served)
}
