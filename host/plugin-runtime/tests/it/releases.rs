//! Releases without a database.

use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use uuid::Uuid;
use vectis_contracts::plugin_releases::{
    PluginFact, PluginReleases, Release, ReleaseAction, ReleaseCode, Releases, Replica,
};
use vectis_kernel::{Ctx, Failure};

type Outcome<T> = Result<T, Failure<ReleaseCode>>;

/// Keeps releases as the module does. Several runtimes on one are replicas of one shop.
#[derive(Default)]
pub(crate) struct FakeReleases(Mutex<State>);

#[derive(Default)]
struct State {
    releases: Releases,
    actions: Vec<ReleaseAction>,
    trail: Vec<String>,
    replicas: Vec<Replica>,
}

impl FakeReleases {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn now(&self) -> Releases {
        self.state().releases.clone()
    }

    pub(crate) fn actions(&self) -> Vec<ReleaseAction> {
        self.state().actions.clone()
    }

    /// `who verb plugin`, a line for each fact.
    pub(crate) fn trail(&self) -> Vec<String> {
        self.state().trail.clone()
    }
}

#[async_trait]
impl PluginReleases for FakeReleases {
    async fn releases(&self) -> Outcome<Releases> {
        Ok(self.now())
    }

    async fn revision(&self) -> Outcome<i64> {
        Ok(self.state().releases.revision)
    }

    async fn put(&self, _ctx: &Ctx, seen: i64, action: ReleaseAction, release: &Release) -> Outcome<i64> {
        let mut state = self.state();
        if state.releases.revision != seen {
            return Err(Failure::refused(ReleaseCode::StaleRevision, "somebody else was faster"));
        }
        state.releases.revision += 1;
        state.releases.all.retain(|other| other.plugin != release.plugin);
        state.releases.all.push(release.clone());
        state.actions.push(action);
        Ok(state.releases.revision)
    }

    async fn record(&self, ctx: &Ctx, facts: &[PluginFact]) -> Outcome<()> {
        let line = |fact: &PluginFact| {
            let (verb, plugin) = match fact {
                PluginFact::Installed { plugin, version, .. } => {
                    ("installed", format!("{plugin} {}", version.version))
                }
                PluginFact::Loaded { plugin, version, standing } => {
                    ("loaded", format!("{plugin} {} {standing}", version.version))
                }
                PluginFact::Granted { plugin, version, standing, isolation, .. } => {
                    ("granted", format!("{plugin} {} {standing} {}", version.version, isolation.word()))
                }
                PluginFact::Refused { plugin, .. } => ("refused", plugin.clone()),
            };
            format!("{} {verb} {plugin}", ctx.actor_key())
        };
        self.state().trail.extend(facts.iter().map(line));
        Ok(())
    }

    async fn report(&self, replica: &Replica) -> Outcome<()> {
        let mut state = self.state();
        state.replicas.retain(|other| other.id != replica.id);
        state.replicas.push(replica.clone());
        Ok(())
    }

    async fn retire(&self, replica: Uuid) -> Outcome<()> {
        self.state().replicas.retain(|other| other.id != replica);
        Ok(())
    }

    async fn replicas(&self) -> Outcome<Vec<Replica>> {
        Ok(self.state().replicas.clone())
    }
}
