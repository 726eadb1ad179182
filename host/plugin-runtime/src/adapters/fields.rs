//! `vectis.fields`. Types are checked where the definitions are known, in the API; here only that there are as many answers
//! as parents, and not too large.

use serde_json::Value;
use vectis_contracts::plugin_fields::{FieldKind, FieldParent, FieldQuestion};
use vectis_contracts::points::PointError;
use vectis_kernel::Ctx;
use vectis_plugin_api::abi::fields::{FieldsObj, Kind, Question, answer};
use vectis_plugin_api::abi::host::HostObj;
use vectis_plugin_api::abi::module::PluginModRef;
use vectis_plugin_api::abi::remote;
use vectis_plugin_api::fields::{Arguments, FieldsCtx, Parent};
use vectis_plugin_api::{Error, ErrorCode};

use crate::adapters::{Adapter, id};
use crate::lifecycle::{Construct, Instance, Recipe};
use crate::point::Point;
use crate::refusal::Fault;

/// What a plugin may answer to one question, as JSON.
const MAX_BYTES: usize = 16 * 1024 * 1024;

pub(crate) struct FieldsAdapter(Instance<FieldsObj>);

/// The object behind the wire.
const CONSTRUCT: Construct<FieldsObj> = Construct { here: construct, apart: |remote| remote::fields(remote) };

/// Plugins built with 1.0 have none.
pub(crate) fn construct(
    module: PluginModRef,
    name: &str,
    config_json: &str,
    host: HostObj,
) -> Result<FieldsObj, Error> {
    let constructor = module.new_fields().ok_or_else(|| {
        Error::new(ErrorCode::UNSUPPORTED, "it is built with plugin API 1.0, which has no fields")
    })?;
    Ok(constructor(name.into(), config_json.into(), host).into_result()?)
}

impl Adapter for FieldsAdapter {
    const POINT: Point = Point::Fields;

    /// There is no first question: what can be asked is the plugin's own.
    fn start(recipe: Recipe) -> Result<Self, Fault> {
        Ok(Self(Instance::start(Self::POINT, recipe, CONSTRUCT)?))
    }

    fn has_given_up(&self) -> bool {
        self.0.has_given_up()
    }

    fn given_up(&self) -> Option<String> {
        self.0.given_up()
    }

    fn instance_name(&self) -> &str {
        self.0.name()
    }
}

impl FieldsAdapter {
    pub(crate) fn name(&self) -> &str {
        self.0.name()
    }

    pub(crate) fn ask(&self, ctx: &Ctx, question: FieldQuestion) -> Result<Vec<Value>, PointError> {
        let expected = if question.kind == FieldKind::Field { question.parents.len() } else { 1 };
        let question = wire_question(ctx, question);
        let question = serde_json::to_string(&question)
            .map_err(|error| self.0.lied(format!("the question cannot be written: {error}")))?;
        let answer = self.0.ask(|plugin| answer(plugin, self.0.budget_ns(), &question))?;
        read(&answer, expected).map_err(|what| self.0.lied(what))
    }
}

/// So many answers, or what is wrong with the text.
pub(super) fn read(answer: &str, expected: usize) -> Result<Vec<Value>, String> {
    if answer.len() > MAX_BYTES {
        return Err(format!("its answer has {} bytes, at most {MAX_BYTES} are taken", answer.len()));
    }
    let answers: Vec<Value> =
        serde_json::from_str(answer).map_err(|error| format!("its answer is no JSON array: {error}"))?;
    if answers.len() != expected {
        return Err(format!("it gives {} answers to {expected} questions", answers.len()));
    }
    Ok(answers)
}

fn wire_question(ctx: &Ctx, question: FieldQuestion) -> Question {
    let kind = match question.kind {
        FieldKind::Field => Kind::Field,
        FieldKind::Query => Kind::Query,
        FieldKind::Mutation => Kind::Mutation,
    };
    let parent = |parent: FieldParent| Parent::new(id(parent.id), parent.facts);
    let mut wire = FieldsCtx::default();
    wire.channel_id = ctx.channel_id.map(id);
    wire.account_id = ctx.buyer().map(|buyer| id(buyer.account_id));
    wire.login_id = ctx.login_id().map(id);
    wire.is_staff = ctx.is_staff();
    wire.now_ms = ctx.now().timestamp_millis();
    wire.idempotency_key = ctx.idempotency.as_ref().map(|idempotency| idempotency.key.clone());
    Question {
        kind,
        field: question.field,
        parents: question.parents.into_iter().map(parent).collect(),
        arguments: Arguments(question.arguments),
        ctx: wire,
    }
}
