//! Channels that the test made, and the audit trail in a table.

use async_trait::async_trait;
use vectis_contracts::Tx;
use vectis_contracts::audit::{Audit, AuditCode, AuditEntry, AuditFilter, AuditRecord};
use vectis_contracts::channels::{Channel, ChannelCode, ChannelSettings, Channels, StrategyBinding};
use vectis_db::conn;
use vectis_kernel::ids::ChannelId;
use vectis_kernel::{Ctx, Failure, Page, PageRequest};

use super::{Fakes, never};

#[async_trait]
impl Channels for Fakes {
    async fn get_many(&self, _ctx: &Ctx, ids: &[ChannelId]) -> Result<Vec<Channel>, Failure<ChannelCode>> {
        let state = self.state();
        let found = Some(&state.channel).filter(|channel| ids.contains(&channel.id));
        Ok(found.into_iter().cloned().collect())
    }

    async fn find_by_slug(&self, _ctx: &Ctx, _slug: &str) -> Result<Option<Channel>, Failure<ChannelCode>> {
        never()
    }
    async fn list(&self, _ctx: &Ctx) -> Result<Vec<Channel>, Failure<ChannelCode>> {
        never()
    }
    async fn create(
        &self,
        _ctx: &Ctx,
        _settings: ChannelSettings,
    ) -> Result<ChannelId, Failure<ChannelCode>> {
        never()
    }
    async fn update(
        &self,
        _ctx: &Ctx,
        _id: ChannelId,
        _version: i64,
        _settings: ChannelSettings,
    ) -> Result<(), Failure<ChannelCode>> {
        never()
    }
    async fn bindings(&self) -> Result<(i64, Vec<StrategyBinding>), Failure<ChannelCode>> {
        never()
    }
    async fn bindings_revision(&self) -> Result<i64, Failure<ChannelCode>> {
        never()
    }
    async fn strategy_activate(
        &self,
        _ctx: &Ctx,
        _binding: StrategyBinding,
        _asks_all: bool,
    ) -> Result<(), Failure<ChannelCode>> {
        never()
    }
    async fn strategy_deactivate(
        &self,
        _ctx: &Ctx,
        _channel_id: ChannelId,
        _point: &str,
        _plugin: &str,
    ) -> Result<(), Failure<ChannelCode>> {
        never()
    }
}

#[async_trait]
impl Audit for Fakes {
    async fn record(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        records: &[AuditRecord],
    ) -> Result<(), Failure<AuditCode>> {
        for record in records {
            sqlx::query(
                "INSERT INTO fakes.audit (action, subject_id, actor, detail) VALUES ($1, $2, $3, $4)",
            )
            .bind(record.action)
            .bind(record.subject_id)
            .bind(ctx.actor_key())
            .bind(&record.detail)
            .execute(conn(tx))
            .await?;
        }
        Ok(())
    }

    async fn list(
        &self,
        _ctx: &Ctx,
        _filter: &AuditFilter,
        _page: PageRequest,
    ) -> Result<Page<AuditEntry>, Failure<AuditCode>> {
        never()
    }
}
