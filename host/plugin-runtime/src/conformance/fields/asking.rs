//! Asking, and the cases of this point alone.

use std::sync::{Arc, LazyLock};

use chrono::DateTime;
use serde_json::{Map, Value};
use vectis_contracts::plugin_fields::{DeclaredField, FieldKind};
use vectis_contracts::points::PointError;
use vectis_kernel::{Ctx, FixedClock};

use super::{ALONE, FieldsExam, Question, UNKNOWN, questions};
use crate::adapters::FieldsAdapter;
use crate::conformance::exam::{Sitting, difference, must};

/// 2026-01-15, noon.
const NOW_SECONDS: i64 = 1_768_478_400;
/// Parents that are asked for together and one by one.
const TOGETHER: usize = 40;

/// Everybody asks at the same instant: the question is the same.
static CTX: LazyLock<Ctx> = LazyLock::new(|| Ctx {
    clock: Arc::new(FixedClock::at(DateTime::from_timestamp(NOW_SECONDS, 0).unwrap_or_default())),
    ..Ctx::system("conformance")
});

pub(super) fn ask(adapter: &FieldsAdapter, question: &Question) -> Result<Vec<Value>, PointError> {
    adapter.ask(&CTX, question.wire())
}

/// Puts the cases.
pub(super) fn put(sitting: &Sitting<'_, FieldsExam>) {
    for field in sitting.ground.iter().filter(|field| field.kind == FieldKind::Field) {
        let together = questions::mixed(field, TOGETHER);
        let name = format!("{} of {TOGETHER} parents, each asked for alone", field.name);
        sitting.case(name, ALONE, &together, || {
            let answers = sitting.answer(&together)?;
            for (parent, answer) in together.parents.iter().zip(answers) {
                let alone =
                    sitting.answer(&Question { parents: vec![parent.clone()], ..together.clone() })?;
                must(alone == [answer.clone()], || difference(&answer, &alone[0]))?;
            }
            Ok(())
        });
    }
    for kind in [FieldKind::Field, FieldKind::Query, FieldKind::Mutation] {
        let question = undeclared(kind);
        sitting.case(format!("{}, which is not declared", question.field.name), UNKNOWN, &question, || {
            match sitting.ask(&question) {
                Ok(answers) => Err(format!("it answers {answers:?}")),
                Err(_) => Ok(()),
            }
        });
    }
}

/// A question about a field that no plugin has.
fn undeclared(kind: FieldKind) -> Question {
    let name = match kind {
        FieldKind::Field => "Product.conformanceKitUnknown",
        FieldKind::Query | FieldKind::Mutation => "conformanceKitUnknown",
    };
    let field = DeclaredField {
        kind,
        name: name.to_owned(),
        needs: Vec::new(),
        arguments: Vec::new(),
        check: Box::new(|_| Ok(())),
    };
    Question {
        arguments: Map::new(),
        ..questions::mixed(&Arc::new(field), usize::from(kind == FieldKind::Field))
    }
}
