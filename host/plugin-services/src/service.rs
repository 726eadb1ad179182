//! From a question to the service that answers it.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use chrono::TimeDelta;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::collections::BTreeMap;
use uuid::Uuid;
use vectis_contracts::extensions::{Emit, Extensions, Put};
use vectis_contracts::orders::Orders;
use vectis_contracts::plugin_services::{
    PluginServices, ServiceAnswer, ServiceCaller, ServiceError, ServiceErrorKind, ServiceQuestion,
};
use vectis_contracts::plugin_tables::PluginTables;
use vectis_contracts::products::Products;
use vectis_kernel::{Ctx, ErrorClass, Failure, RefusalCode};
use vectis_outbound::Resolver;
use vectis_plugin_api::abi::services::{
    EmitQuestion, KvAnswer, KvQuestion, QueryQuestion, SecretQuestion, SqlQuestion,
};

use crate::http::HttpService;
use crate::limits::Limits;
use crate::{capability, metric, read_models};

/// Of the parameters of a statement.
const MAX_SQL_BYTES: usize = 1024 * 1024;

/// What the services need.
pub struct Deps {
    /// What plugins keep and tell.
    pub extensions: Arc<dyn Extensions>,
    /// Tables of their own.
    pub tables: Arc<dyn PluginTables>,
    /// Name → value, as configured.
    pub secrets: BTreeMap<String, String>,
    /// How much a plugin gets.
    pub limits: Limits,
    /// Who looks names up.
    pub resolver: Arc<dyn Resolver>,
}

/// What plugins can read of the shop. They are built after the plugins, which some of them ask.
pub struct ReadModels {
    /// Products and variants.
    pub products: Arc<dyn Products>,
    /// Orders.
    pub orders: Arc<dyn Orders>,
}

/// The host's services for plugins.
pub struct Services {
    extensions: Arc<dyn Extensions>,
    tables: Arc<dyn PluginTables>,
    secrets: BTreeMap<String, String>,
    http: HttpService,
    read_models: OnceLock<ReadModels>,
}

impl Services {
    /// Puts them together.
    ///
    /// # Errors
    /// The TLS library has nothing to offer that is safe.
    pub fn new(deps: Deps) -> Result<Self, rustls::Error> {
        let http = HttpService::new(deps.limits, deps.resolver)?;
        let Deps { extensions, tables, secrets, .. } = deps;
        Ok(Self { extensions, tables, secrets, http, read_models: OnceLock::new() })
    }

    /// From now on plugins can read the shop.
    pub fn provide(&self, read_models: ReadModels) {
        // Whoever was first keeps its place.
        let _ = self.read_models.set(read_models);
    }

    fn secret(
        &self,
        caller: &ServiceCaller,
        question: &SecretQuestion,
    ) -> Result<ServiceAnswer, ServiceError> {
        capability::require(caller, "secret", &question.name)?;
        match self.secrets.get(&question.name) {
            Some(value) if !value.is_empty() => {
                Ok(ServiceAnswer { json: String::new(), body: value.clone().into_bytes() })
            }
            _ => {
                let name = &question.name;
                let why = format!("the secret {name} is not set; set it under [plugins.secrets]");
                Err(ServiceError::new(ServiceErrorKind::Denied, why))
            }
        }
    }

    async fn kv(
        &self,
        caller: &ServiceCaller,
        question: KvQuestion,
        value: &[u8],
    ) -> Result<ServiceAnswer, ServiceError> {
        let ctx = Ctx::system("plugin");
        let plugin = &caller.plugin;
        let right = if matches!(question, KvQuestion::Get { .. }) { "read" } else { "write" };
        capability::require(caller, "kv", right)?;
        let (found, body) = match question {
            KvQuestion::Get { key } => {
                let kept = self.extensions.get(&ctx, plugin, &key).await.map_err(refused)?;
                (kept.is_some(), kept.unwrap_or_default())
            }
            KvQuestion::Put { key, ttl_ms } => {
                let ttl = ttl_ms.map(|ms| TimeDelta::milliseconds(i64::try_from(ms).unwrap_or(i64::MAX / 2)));
                // A value that is to stay for ages stays for good.
                let expires_at = ttl.and_then(|ttl| ctx.now().checked_add_signed(ttl));
                let put = Put { key: &key, value, expires_at };
                self.extensions.put(&ctx, plugin, put).await.map_err(refused)?;
                (true, Vec::new())
            }
            KvQuestion::Delete { key } => {
                (self.extensions.delete(&ctx, plugin, &key).await.map_err(refused)?, Vec::new())
            }
        };
        answer(&KvAnswer { found }, body)
    }

    async fn emit(
        &self,
        caller: &ServiceCaller,
        question: EmitQuestion,
    ) -> Result<ServiceAnswer, ServiceError> {
        let EmitQuestion { name, subject_id, facts } = question;
        capability::require(caller, "emit", &name)?;
        let subject_id = Uuid::parse_str(&subject_id)
            .map_err(|_| ServiceError::new(ServiceErrorKind::Input, "the event's subject is no id"))?;
        let emit = Emit { name: &name, subject_id, facts };
        self.extensions.emit(&Ctx::system("plugin"), &caller.plugin, emit).await.map_err(refused)?;
        Ok(ServiceAnswer::default())
    }

    async fn sql(
        &self,
        caller: &ServiceCaller,
        question: SqlQuestion,
    ) -> Result<ServiceAnswer, ServiceError> {
        capability::require(caller, "tables", "own")?;
        let SqlQuestion { statement: name, parameters } = question;
        let input = |why: String| ServiceError::new(ServiceErrorKind::Input, why);
        if !parameters.is_object() {
            return Err(input(format!("the parameters of {name} are a JSON object")));
        }
        let statement = caller.tables.as_ref().and_then(|tables| tables.statements.get(&name));
        let statement = statement.ok_or_else(|| input(format!("the plugin embeds no statement {name:?}")))?;
        let rows = self.tables.run(&caller.plugin, statement, &parameters).await.map_err(|failure| {
            let ServiceError { kind, message } = refused(failure);
            ServiceError::new(kind, format!("statement {name}: {message}"))
        })?;
        answer(&rows, Vec::new())
    }

    async fn query(
        &self,
        caller: &ServiceCaller,
        question: QueryQuestion,
    ) -> Result<ServiceAnswer, ServiceError> {
        capability::require(caller, "query", &question.name)?;
        let read_models = self.read_models.get().ok_or_else(|| {
            ServiceError::new(ServiceErrorKind::Unavailable, "the shop is still starting; ask again")
        })?;
        let found = read_models::query(read_models, &question.name, question.parameters).await?;
        answer(&found, Vec::new())
    }
}

#[async_trait]
impl PluginServices for Services {
    fn serve_at_once(
        &self,
        caller: &ServiceCaller,
        question: ServiceQuestion<'_>,
    ) -> Option<Result<ServiceAnswer, ServiceError>> {
        match question.service {
            "secret" => Some(read(question.json).and_then(|question| self.secret(caller, &question))),
            "metric" => Some(read(question.json).and_then(|question| {
                metric::write(caller, &question)?;
                Ok(ServiceAnswer::default())
            })),
            _ => None,
        }
    }

    #[tracing::instrument(name = "plugin.service", skip_all, fields(service = question.service))]
    async fn serve(
        &self,
        caller: &ServiceCaller,
        question: ServiceQuestion<'_>,
    ) -> Result<ServiceAnswer, ServiceError> {
        match question.service {
            "http" => {
                let sent = self.http.send(caller, read(question.json)?, question.body).await?;
                answer(&sent.0, sent.1)
            }
            "kv" => self.kv(caller, read(question.json)?, question.body).await,
            "emit" => self.emit(caller, read(question.json)?).await,
            "sql" => {
                if question.json.len() > MAX_SQL_BYTES {
                    let why = format!("the parameters have more than {MAX_SQL_BYTES} bytes");
                    return Err(ServiceError::new(ServiceErrorKind::Input, why));
                }
                self.sql(caller, read(question.json)?).await
            }
            "query" => self.query(caller, read(question.json)?).await,
            unknown => {
                let why = format!("this host has no service {unknown:?}");
                Err(ServiceError::new(ServiceErrorKind::Unsupported, why))
            }
        }
    }
}

fn read<T: DeserializeOwned>(json: &str) -> Result<T, ServiceError> {
    serde_json::from_str(json).map_err(|error| {
        ServiceError::new(ServiceErrorKind::Input, format!("the question cannot be read: {error}"))
    })
}

fn answer(json: &impl Serialize, body: Vec<u8>) -> Result<ServiceAnswer, ServiceError> {
    let json = json!(json).to_string();
    Ok(ServiceAnswer { json, body })
}

/// What the shop answered. What went wrong within is for its own log.
pub(crate) fn refused<C: RefusalCode + std::fmt::Debug>(failure: Failure<C>) -> ServiceError {
    match failure {
        Failure::Refused(refusals) => {
            let kind = match refusals.first().map(|refusal| refusal.code.class()) {
                Some(ErrorClass::Invalid) => ServiceErrorKind::Input,
                Some(ErrorClass::Forbidden) => ServiceErrorKind::Denied,
                _ => ServiceErrorKind::Limit,
            };
            let sentences: Vec<_> = refusals.into_iter().map(|refusal| refusal.message).collect();
            ServiceError::new(kind, sentences.join("; "))
        }
        Failure::Internal(error) => {
            tracing::error!(%error, "a service for plugins failed");
            ServiceError::new(ServiceErrorKind::Unavailable, "the shop cannot answer now")
        }
    }
}
