//! What staff do.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::audit::{Audit, AuditCode, AuditRecord};
use vectis_contracts::webhooks::{
    DeliveriesOf, TargetJudge, Webhook, WebhookCode, WebhookDelivery, WebhookSecret, WebhookSettings,
    Webhooks,
};
use vectis_db::{Db, idempotency, outbox, retrying};
use vectis_kernel::ids::{WebhookDeliveryId, WebhookId};
use vectis_kernel::permission::staff;
use vectis_kernel::{Ctx, Failure, Page, Permission};

use crate::events::{Action, endpoint_changed, test_requested, without_query};
use crate::model::{self, MOST_WEBHOOKS};
use crate::signing::{Keys, SecretName};
use crate::{Config, Deps, store};

pub(crate) type Outcome<T> = Result<T, Failure<WebhookCode>>;

pub(crate) struct PgWebhooks {
    pub(crate) db: Db,
    pub(crate) config: Config,
    pub(crate) keys: Keys,
    audit: Arc<dyn Audit>,
    judge: Arc<dyn TargetJudge>,
}

/// The stored answer of commands that show a secret: what it is made of, not the secret.
#[derive(Serialize, Deserialize)]
struct Shown {
    id: WebhookId,
    key_id: String,
    generation: i32,
}

/// The stored answer of commands that answer with nothing.
#[derive(Serialize, Deserialize)]
struct Done {}

/// What a command on a webhook that is there does to it: on, off, other settings, gone.
enum Change<'a> {
    Update(&'a WebhookSettings),
    Delete,
    Enable,
    Disable(&'a str),
    Test,
}

#[async_trait]
impl Webhooks for PgWebhooks {
    async fn list(&self, ctx: &Ctx) -> Outcome<Vec<Webhook>> {
        require(ctx, &staff::WEBHOOKS_READ)?;
        Ok(store::list(self.db.pool(), None).await?)
    }

    async fn get_many(&self, ctx: &Ctx, ids: &[WebhookId]) -> Outcome<Vec<Webhook>> {
        require(ctx, &staff::WEBHOOKS_READ)?;
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        Ok(store::list(self.db.pool(), Some(&ids)).await?)
    }

    async fn deliveries(&self, ctx: &Ctx, of: &[DeliveriesOf]) -> Outcome<Vec<Page<WebhookDelivery>>> {
        require(ctx, &staff::WEBHOOKS_READ)?;
        let mut fetched: Vec<Vec<WebhookDelivery>> = of.iter().map(|_| Vec::new()).collect();
        for (place, delivery) in store::pages(self.db.pool(), of).await? {
            // Ordinality counts from one.
            let place = usize::try_from(place - 1).ok().and_then(|place| fetched.get_mut(place));
            place.into_iter().for_each(|page| page.push(delivery.clone()));
        }
        let pages = of.iter().zip(fetched).map(|(one, items)| Page::from_fetched(items, &one.page));
        Ok(pages.collect())
    }

    async fn create(&self, ctx: &Ctx, settings: WebhookSettings) -> Outcome<(WebhookId, WebhookSecret)> {
        require(ctx, &staff::WEBHOOKS_MANAGE)?;
        model::check(&settings, self.judge.judge(&settings.url))?;
        let shown = retrying(|| self.create_once(ctx, &settings)).await?;
        Ok((shown.id, self.show(shown)?))
    }

    async fn update(&self, ctx: &Ctx, id: WebhookId, settings: WebhookSettings) -> Outcome<()> {
        require(ctx, &staff::WEBHOOKS_MANAGE)?;
        model::check(&settings, self.judge.judge(&settings.url))?;
        self.change(ctx, id, Change::Update(&settings)).await
    }

    async fn delete(&self, ctx: &Ctx, id: WebhookId) -> Outcome<()> {
        require(ctx, &staff::WEBHOOKS_MANAGE)?;
        self.change(ctx, id, Change::Delete).await
    }

    async fn rotate_secret(&self, ctx: &Ctx, id: WebhookId) -> Outcome<WebhookSecret> {
        require(ctx, &staff::WEBHOOKS_MANAGE)?;
        let shown = retrying(|| self.rotate_once(ctx, id)).await?;
        self.show(shown)
    }

    async fn enable(&self, ctx: &Ctx, id: WebhookId) -> Outcome<()> {
        require(ctx, &staff::WEBHOOKS_MANAGE)?;
        self.change(ctx, id, Change::Enable).await
    }

    async fn disable(&self, ctx: &Ctx, id: WebhookId, reason: &str) -> Outcome<()> {
        require(ctx, &staff::WEBHOOKS_MANAGE)?;
        if reason.trim().is_empty() || reason.chars().count() > 500 || reason.contains('\0') {
            let message = "a reason has 1 to 500 characters";
            return Err(Failure::at(WebhookCode::InvalidInput, "reason", message));
        }
        self.change(ctx, id, Change::Disable(reason)).await
    }

    async fn send_test(&self, ctx: &Ctx, id: WebhookId) -> Outcome<()> {
        require(ctx, &staff::WEBHOOKS_MANAGE)?;
        self.change(ctx, id, Change::Test).await
    }

    async fn delivery_retry(&self, ctx: &Ctx, id: WebhookDeliveryId) -> Outcome<WebhookDelivery> {
        require(ctx, &staff::WEBHOOKS_MANAGE)?;
        retrying(|| self.retry_once(ctx, id)).await?;
        let delivery = store::delivery(self.db.pool(), id).await?;
        delivery.ok_or_else(|| no_delivery(id))
    }
}

impl PgWebhooks {
    pub(crate) fn new(deps: Deps, config: Config, keys: Keys) -> Self {
        Self { db: deps.db, config, keys, audit: deps.audit, judge: deps.judge }
    }

    fn show(&self, shown: Shown) -> Outcome<WebhookSecret> {
        let name = SecretName { key_id: shown.key_id, generation: shown.generation };
        let secret = self.keys.shown(shown.id, &name);
        secret.ok_or_else(|| Failure::internal("the signing key of an answer given before is gone"))
    }

    async fn create_once(&self, ctx: &Ctx, settings: &WebhookSettings) -> Outcome<Shown> {
        let mut tx = self.db.begin().await?;
        if let Some(shown) = idempotency::find(&mut tx, ctx).await? {
            return Ok(shown);
        }
        let shown = Shown { id: ctx.new_id(), key_id: self.keys.newest().to_owned(), generation: 1 };
        let name = SecretName { key_id: shown.key_id.clone(), generation: 1 };
        if !store::insert(&mut tx, ctx, shown.id, settings, &name).await? {
            let message =
                format!("there are {MOST_WEBHOOKS} webhooks already; delete one that is not needed");
            return Err(Failure::refused(WebhookCode::TooMany, message));
        }
        self.tell(&mut tx, ctx, shown.id, Action::Create, (settings, None)).await?;
        idempotency::record(&mut tx, ctx, &shown).await?;
        tx.commit().await?;
        Ok(shown)
    }

    async fn rotate_once(&self, ctx: &Ctx, id: WebhookId) -> Outcome<Shown> {
        let mut tx = self.db.begin().await?;
        if let Some(shown) = idempotency::find(&mut tx, ctx).await? {
            return Ok(shown);
        }
        let webhook = store::hold(&mut tx, id).await?.ok_or_else(|| no_webhook(id))?;
        let key_id = self.keys.newest().to_owned();
        let until = ctx.now() + TimeDelta::from_std(self.config.secret_overlap).unwrap_or(TimeDelta::MAX);
        let generation = store::rotate(&mut tx, ctx, id, &key_id, until).await?;
        let standing = (&webhook.settings, webhook.disabled_reason.as_deref());
        self.tell(&mut tx, ctx, id, Action::RotateSecret, standing).await?;
        let shown = Shown { id, key_id, generation };
        idempotency::record(&mut tx, ctx, &shown).await?;
        tx.commit().await?;
        Ok(shown)
    }

    async fn change(&self, ctx: &Ctx, id: WebhookId, change: Change<'_>) -> Outcome<()> {
        retrying(|| self.change_once(ctx, id, &change)).await
    }

    async fn change_once(&self, ctx: &Ctx, id: WebhookId, change: &Change<'_>) -> Outcome<()> {
        let mut tx = self.db.begin().await?;
        if idempotency::find::<Done>(&mut tx, ctx).await?.is_some() {
            return Ok(());
        }
        let webhook = store::hold(&mut tx, id).await?.ok_or_else(|| no_webhook(id))?;
        let reason = webhook.disabled_reason.as_deref();
        let (action, standing) = match *change {
            Change::Update(settings) => {
                store::update(&mut tx, ctx, id, settings).await?;
                (Action::Update, (settings, reason))
            }
            Change::Delete => {
                store::delete(&mut tx, id).await?;
                (Action::Delete, (&webhook.settings, reason))
            }
            Change::Enable if reason.is_some() => {
                store::switch(&mut tx, ctx, id, None).await?;
                (Action::Enable, (&webhook.settings, None))
            }
            Change::Disable(why) if reason.is_none() => {
                store::switch(&mut tx, ctx, id, Some(why)).await?;
                (Action::Disable, (&webhook.settings, Some(why)))
            }
            // Nothing changes, so nothing is recorded or told.
            Change::Enable | Change::Disable(_) => return Ok(()),
            Change::Test => return self.test(tx, ctx, &webhook).await,
        };
        self.tell(&mut tx, ctx, id, action, standing).await?;
        idempotency::record(&mut tx, ctx, &Done {}).await?;
        Ok(tx.commit().await?)
    }

    async fn test(&self, mut tx: Tx, ctx: &Ctx, webhook: &Webhook) -> Outcome<()> {
        if let Some(reason) = &webhook.disabled_reason {
            return Err(disabled(reason));
        }
        outbox::append(&mut tx, ctx, &[test_requested(webhook.id)]).await?;
        idempotency::record(&mut tx, ctx, &Done {}).await?;
        Ok(tx.commit().await?)
    }

    async fn retry_once(&self, ctx: &Ctx, id: WebhookDeliveryId) -> Outcome<()> {
        let mut tx = self.db.begin().await?;
        if idempotency::find::<Done>(&mut tx, ctx).await?.is_some() {
            return Ok(());
        }
        let (webhook_id, reason) = store::retry(&mut tx, ctx, id).await?.ok_or_else(|| no_delivery(id))?;
        if let Some(reason) = reason {
            return Err(disabled(&reason));
        }
        let record = AuditRecord {
            action: "webhook.retry",
            subject_kind: "webhook",
            subject_id: webhook_id.0,
            account_id: None,
            detail: json!({ "deliveryId": id }),
        };
        self.audit(&mut tx, ctx, record).await?;
        idempotency::record(&mut tx, ctx, &Done {}).await?;
        Ok(tx.commit().await?)
    }

    /// The entry in the trail, and the event.
    pub(crate) async fn tell(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        id: WebhookId,
        action: Action,
        (settings, reason): (&WebhookSettings, Option<&str>),
    ) -> Outcome<()> {
        let detail = json!({
            "url": without_query(&settings.url), "eventTypes": settings.event_types, "channelId": settings.channel_id,
            "description": settings.description, "disabledReason": reason,
        });
        let record = AuditRecord {
            action: action.audited(),
            subject_kind: "webhook",
            subject_id: id.0,
            account_id: None,
            detail,
        };
        self.audit(tx, ctx, record).await?;
        Ok(outbox::append(tx, ctx, &[endpoint_changed(id, action, settings, reason)]).await?)
    }

    async fn audit(&self, tx: &mut Tx, ctx: &Ctx, record: AuditRecord) -> Outcome<()> {
        let recorded = self.audit.record(tx, ctx, &[record]).await;
        recorded.map_err(|failure| failure.map_code(|AuditCode::Forbidden| WebhookCode::Forbidden))
    }
}

fn require(ctx: &Ctx, permission: &Permission) -> Outcome<()> {
    if ctx.is_staff() && ctx.may(permission) {
        return Ok(());
    }
    Err(Failure::refused(WebhookCode::Forbidden, format!("this needs the permission {permission}")))
}

fn no_webhook(id: WebhookId) -> Failure<WebhookCode> {
    Failure::at(WebhookCode::WebhookNotFound, "id", format!("there is no webhook {id}"))
}

fn no_delivery(id: WebhookDeliveryId) -> Failure<WebhookCode> {
    let message = format!("there is no delivery {id}, or no longer");
    Failure::at(WebhookCode::DeliveryNotFound, "id", message)
}

fn disabled(reason: &str) -> Failure<WebhookCode> {
    let message = format!("the webhook is disabled ({reason}); enable it first");
    Failure::refused(WebhookCode::WebhookDisabled, message)
}
