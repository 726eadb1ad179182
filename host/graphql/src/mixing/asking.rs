//! Asking the plugins, on behalf of one request.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::{Context, Response, ServerResult, Value};
use futures_util::future::join_all;
use serde_json::Value as Json;
use vectis_contracts::once::Claim;
use vectis_contracts::plugin_fields::{FieldKind, FieldParent, FieldQuestion, MAX_PARENTS};
use vectis_kernel::{Ctx, InternalError};

use crate::caller::ContextExt;
use crate::error::{coded, internal};
use crate::mixing::Mixed;
use crate::mixing::fill::{Answers, Fill, failed};
use crate::mixing::gather::{self, Parents};
use crate::mixing::plan::Plan;
use crate::{Caller, Services};

/// What a request asks of plugins, and what mutations have answered so far.
pub(crate) struct Asking {
    mixed: Arc<Mixed>,
    plan: Plan,
    caller: Arc<Caller>,
    services: Arc<Services>,
    done: Mutex<HashMap<usize, Answers>>,
}

impl Asking {
    pub(super) fn new(mixed: Arc<Mixed>, plan: Plan, caller: Arc<Caller>, services: Arc<Services>) -> Self {
        Self { mixed, plan, caller, services, done: Mutex::default() }
    }

    /// Runs a mutation of a plugin, in its turn and once per idempotency key. Its answer is put in its place with all others.
    pub(crate) async fn mutate(&self, ctx: &Context<'_>) -> ServerResult<()> {
        let key = &ctx.item.node.response_key().node;
        let Some((call, is_required)) = self.plan.mutation(key) else { return Ok(()) };
        let refused = |error: async_graphql::Error| ctx.set_error_path(error.into_server_error(ctx.item.pos));
        let command = ctx.command(None).map_err(refused)?;
        let once = &self.services.once;
        let broken = |error: InternalError| refused(internal(ctx, &error));
        let answers = match once.claim(&command).await.map_err(broken)? {
            Claim::Done(answer) => Ok(vec![answer]),
            Claim::Underway => {
                let message = "a request with this idempotency key is under way or broke off; look what it did before you \
                               send another";
                return Err(refused(coded("IDEMPOTENCY_KEY_IN_USE", message)));
            }
            Claim::Ours => match self.ask(&command, call, Vec::new()).await {
                Ok(answers) => {
                    once.done(&command, answers.first().unwrap_or(&Json::Null)).await.map_err(broken)?;
                    Ok(answers)
                }
                Err(unanswered) => {
                    if !unanswered.is_underway {
                        once.give_back(&command).await.map_err(broken)?;
                    }
                    Err(unanswered)
                }
            },
        };
        if let (Err(unanswered), true) = (&answers, is_required) {
            // As with the platform's own: what comes after it is not done.
            return Err(ctx.set_error_path(failed(unanswered.error.to_string(), ctx.item.pos)));
        }
        self.done.lock().unwrap_or_else(PoisonError::into_inner).insert(call, answers);
        Ok(())
    }

    /// Asks for all added fields and puts them into the executor's answer.
    pub(super) async fn complete(&self, mut response: Response) -> Response {
        if !matches!(response.data, Value::Object(_)) {
            return response;
        }
        let parents = gather::parents(&self.plan, &response.data);
        let answers = join_all(self.plan.calls.iter().zip(&parents).enumerate().map(
            async |(index, (call, parents))| {
                let done = self.done.lock().unwrap_or_else(PoisonError::into_inner).remove(&index);
                match done {
                    Some(answers) => answers,
                    None if call.kind == FieldKind::Query => {
                        self.ask(&self.caller.ctx, index, Vec::new()).await
                    }
                    None => self.ask_of_all(index, parents).await,
                }
            },
        ))
        .await;
        let mut fill = Fill::new(&self.plan, &self.mixed.added, &parents, &answers);
        let is_null = match &mut response.data {
            Value::Object(members) => fill.object(&self.plan.root, members).is_err(),
            _ => false,
        };
        for error in &fill.errors {
            tracing::error!(trace.id = %self.caller.ctx.trace_id, "{}", error.message);
        }
        response.errors.append(&mut fill.errors);
        if is_null {
            response.data = Value::Null;
        }
        response
    }

    /// One call for all parents, or as few as a call may carry.
    async fn ask_of_all(&self, call: usize, parents: &Parents) -> Answers {
        let mut answers = Vec::with_capacity(parents.len());
        let parents: Vec<FieldParent> = parents.values().cloned().collect();
        for some in parents.chunks(MAX_PARENTS) {
            answers.append(&mut self.ask(&self.caller.ctx, call, some.to_vec()).await?);
        }
        Ok(answers)
    }

    async fn ask(&self, ctx: &Ctx, call: usize, parents: Vec<FieldParent>) -> Answers {
        let call = &self.plan.calls[call];
        let question = FieldQuestion {
            plugin: call.plugin.clone(),
            kind: call.kind,
            field: call.field.clone(),
            parents,
            arguments: call.arguments.clone(),
        };
        self.services.plugin_fields.ask(ctx, question).await
    }
}
