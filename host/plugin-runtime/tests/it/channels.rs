//! Channels without a database.

use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use vectis_contracts::channels::{
    Channel, ChannelCode, ChannelSettings, Channels, CommerceMode, StrategyBinding,
};
use vectis_kernel::ids::{ChannelId, WarehouseId};
use vectis_kernel::{Ctx, Currency, Failure};

type Outcome<T> = Result<T, Failure<ChannelCode>>;

/// Keeps channels and bindings as the module does.
#[derive(Default)]
pub(crate) struct FakeChannels(Mutex<State>);

#[derive(Default)]
struct State {
    revision: i64,
    bindings: Vec<StrategyBinding>,
    channels: Vec<Channel>,
    is_away: bool,
}

impl FakeChannels {
    pub(crate) fn add(&self, id: ChannelId, slug: &str) {
        let channel = Channel {
            id,
            slug: slug.to_owned(),
            name: slug.to_owned(),
            mode: CommerceMode::B2b,
            currency: Currency::EUR,
            currencies: vec![Currency::EUR],
            time_zone: "Europe/Berlin".to_owned(),
            prices_include_tax: false,
            guest_checkout: false,
            is_active: true,
            warehouse_ids: Vec::<WarehouseId>::new(),
            country: "DE".to_owned(),
            version: 1,
        };
        self.state().channels.push(channel);
    }

    /// As another process would: the runtime finds out when it looks.
    pub(crate) fn bind(&self, binding: StrategyBinding) {
        let mut state = self.state();
        state.revision += 1;
        state.bindings.retain(|other| {
            (other.channel_id, &other.point, &other.plugin, &other.entry_point)
                != (binding.channel_id, &binding.point, &binding.plugin, &binding.entry_point)
        });
        state.bindings.push(binding);
    }

    pub(crate) fn bindings_now(&self) -> Vec<StrategyBinding> {
        self.state().bindings.clone()
    }

    /// The database is gone, or back.
    pub(crate) fn set_away(&self, is_away: bool) {
        self.state().is_away = is_away;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn reach(&self) -> Outcome<MutexGuard<'_, State>> {
        let state = self.state();
        if state.is_away { Err(Failure::internal("the database is away")) } else { Ok(state) }
    }
}

#[async_trait]
impl Channels for FakeChannels {
    async fn find_by_slug(&self, _ctx: &Ctx, slug: &str) -> Outcome<Option<Channel>> {
        Ok(self.reach()?.channels.iter().find(|channel| channel.slug == slug).cloned())
    }

    async fn get_many(&self, _ctx: &Ctx, ids: &[ChannelId]) -> Outcome<Vec<Channel>> {
        Ok(self.reach()?.channels.iter().filter(|channel| ids.contains(&channel.id)).cloned().collect())
    }

    async fn list(&self, _ctx: &Ctx) -> Outcome<Vec<Channel>> {
        Ok(self.reach()?.channels.clone())
    }

    async fn create(&self, _ctx: &Ctx, _settings: ChannelSettings) -> Outcome<ChannelId> {
        Err(Failure::internal("plugins create no channels"))
    }

    async fn update(
        &self,
        _ctx: &Ctx,
        _id: ChannelId,
        _version: i64,
        _settings: ChannelSettings,
    ) -> Outcome<()> {
        Err(Failure::internal("plugins change no channels"))
    }

    async fn bindings(&self) -> Outcome<(i64, Vec<StrategyBinding>)> {
        let state = self.reach()?;
        Ok((state.revision, state.bindings.clone()))
    }

    async fn bindings_revision(&self) -> Outcome<i64> {
        Ok(self.reach()?.revision)
    }

    async fn strategy_activate(&self, _ctx: &Ctx, binding: StrategyBinding, asks_all: bool) -> Outcome<()> {
        if !asks_all {
            let mut state = self.reach()?;
            state
                .bindings
                .retain(|other| (other.channel_id, &other.point) != (binding.channel_id, &binding.point));
        }
        self.bind(binding);
        Ok(())
    }

    async fn strategy_deactivate(
        &self,
        _ctx: &Ctx,
        channel_id: ChannelId,
        point: &str,
        plugin: &str,
    ) -> Outcome<()> {
        let mut state = self.reach()?;
        state.revision += 1;
        state.bindings.retain(|other| {
            (other.channel_id, other.point.as_str(), other.plugin.as_str()) != (channel_id, point, plugin)
        });
        Ok(())
    }
}
