//! `vectis.fields`: question and answers are JSON already.

use crate::process::bytes::{Garbled, Reader, Writer};

pub(crate) fn write_question(writer: &mut Writer<'_>, budget_ns: u64, question_json: &str) {
    writer.u64(budget_ns);
    writer.text(question_json);
}

pub(crate) fn read_question(bytes: &[u8]) -> Result<(u64, &str), Garbled> {
    let mut reader = Reader::new(bytes);
    let question = (reader.u64()?, reader.text()?);
    reader.finish()?;
    Ok(question)
}

pub(crate) fn write_answers(writer: &mut Writer<'_>, answers_json: &str) {
    writer.text(answers_json);
}

pub(crate) fn read_answers(bytes: &[u8]) -> Result<String, Garbled> {
    let mut reader = Reader::new(bytes);
    let answers = reader.text()?.to_owned();
    reader.finish()?;
    Ok(answers)
}
