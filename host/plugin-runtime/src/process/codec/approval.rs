//! `vectis.approval`.

use vectis_plugin_api::Id;
use vectis_plugin_api::abi::approval::{
    ApprovalFactsRecord, ApprovalStepRecord, ApproverRecord, DecisionFactsRecord,
};
use vectis_plugin_api::approval::{ApprovalStep, Approver};

use crate::process::bytes::{Garbled, Reader, Writer};

/// Kind, id, an empty role.
const LEAST_APPROVER_BYTES: usize = 4 + 16 + 4;
/// An empty name, a quorum, no approvers.
const LEAST_STEP_BYTES: usize = 4 + 4 + 4;

pub(crate) fn write_facts(writer: &mut Writer<'_>, facts: &ApprovalFactsRecord<'_>) {
    for id in [facts.account_id, facts.location_id, facts.employee_id] {
        writer.id(id);
    }
    for text in [facts.employee_role, facts.currency, facts.ext] {
        writer.text(text.as_str());
    }
    writer.i64(facts.grand_total_minor);
    let limit = facts.order_limit_minor.into_option();
    writer.bool(limit.is_some());
    writer.i64(limit.unwrap_or_default());
    writer.u32(facts.line_count);
    writer.u32(facts.exponent);
    writer.count(facts.categories.len());
    for category in &facts.categories {
        writer.text(category.as_str());
    }
}

pub(crate) fn read_facts(bytes: &[u8]) -> Result<ApprovalFactsRecord<'_>, Garbled> {
    let mut reader = Reader::new(bytes);
    let (account_id, location_id, employee_id) = (reader.id()?, reader.id()?, reader.id()?);
    let (role, currency, ext) = (reader.text()?, reader.text()?, reader.text()?);
    let grand_total_minor = reader.i64()?;
    let (has_limit, limit) = (reader.bool()?, reader.i64()?);
    let (line_count, exponent) = (reader.u32()?, reader.u32()?);
    let count = reader.count(4)?;
    let categories = (0..count).map(|_| Ok(reader.text()?.into())).collect::<Result<Vec<_>, Garbled>>()?;
    reader.finish()?;
    Ok(ApprovalFactsRecord {
        account_id,
        location_id,
        employee_id,
        employee_role: role.into(),
        currency: currency.into(),
        grand_total_minor,
        order_limit_minor: has_limit.then_some(limit).into(),
        line_count,
        exponent,
        categories: categories.into(),
        ext: ext.into(),
    })
}

/// A decision as the runner has it: the record borrows the list of those who approved before.
pub(crate) struct Decision<'a> {
    submitted_by: Id,
    decided_by: Id,
    decider_role: &'a str,
    approved_by: Vec<Id>,
    step: ApprovalStepRecord,
    currency: &'a str,
    grand_total_minor: i64,
    exponent: u32,
    ext: &'a str,
}

impl Decision<'_> {
    pub(crate) fn record(&self) -> DecisionFactsRecord<'_> {
        DecisionFactsRecord {
            submitted_by: self.submitted_by,
            decided_by: self.decided_by,
            decider_role: self.decider_role.into(),
            approved_by: self.approved_by.as_slice().into(),
            step: self.step.clone(),
            currency: self.currency.into(),
            grand_total_minor: self.grand_total_minor,
            exponent: self.exponent,
            ext: self.ext.into(),
        }
    }
}

pub(crate) fn write_decision(writer: &mut Writer<'_>, facts: &DecisionFactsRecord<'_>) {
    writer.id(facts.submitted_by);
    writer.id(facts.decided_by);
    for text in [facts.decider_role, facts.currency, facts.ext] {
        writer.text(text.as_str());
    }
    writer.i64(facts.grand_total_minor);
    writer.u32(facts.exponent);
    writer.count(facts.approved_by.len());
    for employee in facts.approved_by.as_slice() {
        writer.id(*employee);
    }
    write_step(writer, &facts.step);
}

pub(crate) fn read_decision(bytes: &[u8]) -> Result<Decision<'_>, Garbled> {
    let mut reader = Reader::new(bytes);
    let (submitted_by, decided_by) = (reader.id()?, reader.id()?);
    let (decider_role, currency, ext) = (reader.text()?, reader.text()?, reader.text()?);
    let (grand_total_minor, exponent) = (reader.i64()?, reader.u32()?);
    let count = reader.count(16)?;
    let approved_by = (0..count).map(|_| reader.id()).collect::<Result<Vec<_>, _>>()?;
    let step = read_step(&mut reader)?;
    reader.finish()?;
    Ok(Decision {
        submitted_by,
        decided_by,
        decider_role,
        approved_by,
        step,
        currency,
        grand_total_minor,
        exponent,
        ext,
    })
}

fn write_step(writer: &mut Writer<'_>, step: &ApprovalStepRecord) {
    writer.text(step.name.as_str());
    writer.u32(step.quorum);
    writer.count(step.approvers.len());
    for approver in &step.approvers {
        writer.u32(approver.kind);
        writer.id(approver.employee_id);
        writer.text(approver.role.as_str());
    }
}

fn read_step(reader: &mut Reader<'_>) -> Result<ApprovalStepRecord, Garbled> {
    let (name, quorum) = (reader.text()?, reader.u32()?);
    let count = reader.count(LEAST_APPROVER_BYTES)?;
    let mut approvers = Vec::with_capacity(count);
    for _ in 0..count {
        let (kind, employee_id) = (reader.u32()?, reader.id()?);
        approvers.push(ApproverRecord { kind, employee_id, role: reader.text()?.into() });
    }
    Ok(ApprovalStepRecord { name: name.into(), quorum, approvers: approvers.into(), ext: "".into() })
}

pub(crate) fn write_plan(writer: &mut Writer<'_>, steps: Vec<ApprovalStep>) {
    writer.count(steps.len());
    for step in steps {
        write_step(writer, &step.into());
    }
}

pub(crate) fn read_plan(bytes: &[u8]) -> Result<Vec<ApprovalStep>, Garbled> {
    let mut reader = Reader::new(bytes);
    let count = reader.count(LEAST_STEP_BYTES)?;
    let mut steps = Vec::with_capacity(count);
    for _ in 0..count {
        let step = read_step(&mut reader)?;
        let approvers: Vec<Approver> = step
            .approvers
            .into_iter()
            .map(|approver| Approver::try_from(approver).map_err(|_| Garbled))
            .collect::<Result<_, _>>()?;
        steps.push(ApprovalStep::new(step.name, step.quorum, approvers));
    }
    reader.finish()?;
    Ok(steps)
}

pub(crate) fn write_objection(writer: &mut Writer<'_>, objection: Option<&str>) {
    writer.bool(objection.is_some());
    writer.text(objection.unwrap_or_default());
}

pub(crate) fn read_objection(bytes: &[u8]) -> Result<Option<String>, Garbled> {
    let mut reader = Reader::new(bytes);
    let (objects, reason) = (reader.bool()?, reader.text()?);
    reader.finish()?;
    Ok(objects.then(|| reason.to_owned()))
}
