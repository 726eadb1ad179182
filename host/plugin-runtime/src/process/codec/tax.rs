//! `vectis.tax`.

use vectis_plugin_api::abi::tax::{TaxAmount, TaxAnswer, TaxCall, TaxKind};
use vectis_plugin_api::tax::TaxLine;

use crate::process::bytes::{Garbled, Reader, Writer};

/// Three numbers, a flag, an empty category.
const LEAST_LINE_BYTES: usize = 3 * 8 + 1 + 4;
/// Name, jurisdiction and extension, all empty, and a rate.
const LEAST_KIND_BYTES: usize = 3 * 4 + 8;
const AMOUNT_BYTES: usize = 4 + 4 + 8;

/// A question as the runner has it.
pub(crate) struct Question<'a> {
    pub(crate) call: TaxCall<'a>,
    pub(crate) lines: Vec<TaxLine<'a>>,
}

pub(crate) fn write_question(writer: &mut Writer<'_>, call: &TaxCall<'_>, lines: &[TaxLine<'_>]) {
    for text in [call.currency, call.country, call.region, call.city, call.postal_code, call.ext] {
        writer.text(text.as_str());
    }
    writer.id(call.channel_id);
    writer.i64(call.now_ms);
    writer.u64(call.budget_ns);
    writer.u32(call.exponent);
    writer.bool(call.prices_include_tax);
    writer.count(lines.len());
    for line in lines {
        writer.i64(line.amount_minor);
        writer.i64(line.quantity_milli);
        writer.i64(line.taxed_before_minor);
        writer.bool(line.is_exempt());
        writer.text(line.category());
    }
}

pub(crate) fn read_question(bytes: &[u8]) -> Result<Question<'_>, Garbled> {
    let mut reader = Reader::new(bytes);
    let mut text = || reader.text();
    let (currency, country, region) = (text()?, text()?, text()?);
    let (city, postal_code, ext) = (text()?, text()?, text()?);
    let call = TaxCall {
        currency: currency.into(),
        country: country.into(),
        region: region.into(),
        city: city.into(),
        postal_code: postal_code.into(),
        ext: ext.into(),
        channel_id: reader.id()?,
        now_ms: reader.i64()?,
        budget_ns: reader.u64()?,
        exponent: reader.u32()?,
        prices_include_tax: reader.bool()?,
    };
    let count = reader.count(LEAST_LINE_BYTES)?;
    let mut lines = Vec::with_capacity(count);
    for _ in 0..count {
        let (amount, quantity, before) = (reader.i64()?, reader.i64()?, reader.i64()?);
        let is_exempt = reader.bool()?;
        lines.push(TaxLine::new(reader.text()?, amount, quantity).exempt(is_exempt).taxed_before(before));
    }
    reader.finish()?;
    Ok(Question { call, lines })
}

pub(crate) fn write_answer(writer: &mut Writer<'_>, answer: &TaxAnswer) {
    writer.count(answer.kinds.len());
    for kind in &answer.kinds {
        writer.text(kind.name.as_str());
        writer.text(kind.jurisdiction.as_str());
        writer.text(kind.ext.as_str());
        writer.i64(kind.rate_ppm);
    }
    writer.count(answer.amounts.len());
    for amount in &answer.amounts {
        writer.u32(amount.line);
        writer.u32(amount.kind);
        writer.i64(amount.amount_minor);
    }
}

pub(crate) fn read_answer(bytes: &[u8]) -> Result<TaxAnswer, Garbled> {
    let mut reader = Reader::new(bytes);
    let count = reader.count(LEAST_KIND_BYTES)?;
    let mut kinds = Vec::with_capacity(count);
    for _ in 0..count {
        let (name, jurisdiction, ext) = (reader.text()?, reader.text()?, reader.text()?);
        kinds.push(TaxKind { ext: ext.into(), ..TaxKind::new(name, jurisdiction, reader.i64()?) });
    }
    let count = reader.count(AMOUNT_BYTES)?;
    let mut amounts = Vec::with_capacity(count);
    for _ in 0..count {
        let (line, kind) = (reader.u32()?, reader.u32()?);
        amounts.push(TaxAmount { line, kind, amount_minor: reader.i64()? });
    }
    reader.finish()?;
    Ok(TaxAnswer { kinds: kinds.into(), amounts: amounts.into() })
}
