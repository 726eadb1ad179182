//! Who answers which point in which channel. A [`PluginSet`] is built as a whole, published atomically and never changed
//! afterwards; a request keeps the one it began with.

pub(crate) mod fields;
mod observers;
mod slots;
mod tasks;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use vectis_contracts::channels::StrategyBinding;
use vectis_contracts::plugin_fields::Additions;
use vectis_contracts::plugin_releases::Releases;
use vectis_contracts::plugin_services::PluginServices;
use vectis_kernel::Clock;
use vectis_kernel::ids::ChannelId;

use crate::adapters::{
    ApprovalAdapter, OrderProcessAdapter, PricingAdapter, ShippingRateAdapter, TaxAdapter,
};
use crate::files::{FileState, find_plugin};
use crate::grants::GrantBook;
use crate::host_api::{InstanceServices, LogLimit};
use crate::isolation::{Fallback, Quarantine};
use crate::lifecycle::Recipe;
use crate::load::Library;
use crate::manifest::EntryPoint;
use crate::point::Point;
use crate::refusal::{Fault, Identity};
use crate::registry::fields::FieldSlots;
use crate::registry::observers::ObserverSlots;
pub(crate) use crate::registry::slots::Slots;
use crate::registry::slots::{Started, Wanted};
use crate::registry::tasks::TaskSlots;
use crate::stats::StatsBook;

/// What every instance is built with.
pub(crate) struct Workshop {
    pub(crate) call_budget: Duration,
    pub(crate) quarantine: Quarantine,
    /// Point → what answers in place of one that was given up.
    pub(crate) fallback: BTreeMap<String, Fallback>,
    pub(crate) log_lines_per_second: u32,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) stats: StatsBook,
    /// How long a call may take that waits for services of the host.
    pub(crate) waiting_budget: Duration,
    /// How long a run of a task may take.
    pub(crate) run_budget: Duration,
    pub(crate) services: Arc<dyn PluginServices>,
    pub(crate) grants: Arc<GrantBook>,
}

impl Workshop {
    /// What it takes to build an entry point, once the configuration fits its schema.
    pub(crate) fn recipe(
        &self,
        library: &Arc<Library>,
        entry: &EntryPoint,
        config: &Value,
        channel: &str,
    ) -> Result<Recipe, Fault> {
        if let Some(schema) = &entry.schema {
            schema.check(config)?;
        }
        let services = InstanceServices {
            plugin: library.name().to_owned(),
            entry_point: entry.name.clone(),
            point: entry.point,
            channel: channel.to_owned(),
            clock: self.clock.clone(),
            log_limit: LogLimit::new(self.log_lines_per_second),
            services: self.services.clone(),
            asked: library.manifest.capabilities.clone(),
            sha256: library.sha256.clone(),
            grants: self.grants.clone(),
            tables: library.tables.clone(),
        };
        Ok(Recipe {
            library: library.clone(),
            entry_point: entry.name.clone(),
            config_json: config.to_string(),
            services: Arc::new(services),
            budget: match entry.point {
                Point::ShippingRate | Point::Observer => self.waiting_budget,
                Point::Task => self.run_budget,
                _ => self.call_budget,
            },
            quarantine: self.quarantine,
            counted: Arc::default(),
        })
    }
}

/// A plugin that is loaded but does not start as a channel wants it.
#[derive(Clone)]
pub(crate) struct Problem {
    pub(crate) known: Identity,
    pub(crate) sentence: String,
}

/// What the shop has decided about its plugins.
#[derive(Clone, Default)]
pub(crate) struct Bindings {
    pub(crate) revision: i64,
    pub(crate) all: Vec<StrategyBinding>,
}

/// Slug of each channel, as far as known.
pub(crate) type Slugs = HashMap<ChannelId, String>;

pub(crate) fn slug_of(slugs: &Slugs, channel: ChannelId) -> String {
    slugs.get(&channel).cloned().unwrap_or_else(|| channel.to_string())
}

/// By plugin: the version that a rollback would go back to, where it is to be ready.
pub(crate) type Previous = HashMap<String, Arc<Library>>;

/// Everything that answers, at one moment.
#[derive(Default)]
pub(crate) struct PluginSet {
    pub(crate) files: Vec<FileState>,
    pub(crate) bindings: Bindings,
    pub(crate) releases: Releases,
    pub(crate) problems: Vec<Problem>,
    pub(crate) pricing: Slots<PricingAdapter>,
    pub(crate) tax: Slots<TaxAdapter>,
    pub(crate) order_process: Slots<OrderProcessAdapter>,
    pub(crate) approval: Slots<ApprovalAdapter>,
    pub(crate) fields: FieldSlots,
    pub(crate) additions: Arc<Additions>,
    pub(crate) shipping_rate: Slots<ShippingRateAdapter>,
    pub(crate) tasks: TaskSlots,
    pub(crate) observers: ObserverSlots,
}

impl PluginSet {
    /// Builds the next set. Instances whose plugin and configuration are the same go on as they are.
    pub(crate) fn build(
        workshop: &Workshop,
        (files, previous): (Vec<FileState>, Previous),
        (bindings, releases): (Bindings, Releases),
        slugs: &Slugs,
        old: &Self,
    ) -> Self {
        let mut plan = Plan {
            workshop,
            files: &files,
            previous: &previous,
            bindings: &bindings.all,
            slugs,
            problems: Vec::new(),
        };
        let pricing = Slots::build(&mut plan, &old.pricing);
        let tax = Slots::build(&mut plan, &old.tax);
        let order_process = Slots::build(&mut plan, &old.order_process);
        let approval = Slots::build(&mut plan, &old.approval);
        let fields = FieldSlots::build(&mut plan, &old.fields);
        let shipping_rate = Slots::build(&mut plan, &old.shipping_rate);
        let tasks = TaskSlots::build(&mut plan, &old.tasks);
        let observers = ObserverSlots::build(&mut plan, &old.observers);
        let problems = plan.problems;
        let additions = fields::additions(&files, &old.additions);
        Self {
            files,
            bindings,
            releases,
            problems,
            pricing,
            tax,
            order_process,
            approval,
            fields,
            additions,
            shipping_rate,
            tasks,
            observers,
        }
    }

    /// The file and library of a loaded plugin.
    pub(crate) fn plugin(&self, name: &str) -> Option<&Arc<Library>> {
        find_plugin(&self.files, name).map(|(_, library)| library)
    }

    /// The entry points of a plugin that are not asked any more, a sentence each.
    pub(crate) fn quarantined(&self, plugin: &str) -> Vec<String> {
        let mut all = self.pricing.quarantined(plugin);
        all.extend(self.tax.quarantined(plugin));
        all.extend(self.order_process.quarantined(plugin));
        all.extend(self.approval.quarantined(plugin));
        all.extend(self.fields.quarantined(plugin));
        all.extend(self.shipping_rate.quarantined(plugin));
        all.extend(self.tasks.quarantined(plugin));
        all.extend(self.observers.quarantined(plugin));
        all
    }

    /// Entry points of a plugin that answer wherever nothing is activated.
    pub(crate) fn elsewhere(&self, plugin: &str) -> Vec<(Point, &str)> {
        let all = [
            (Point::Pricing, self.pricing.elsewhere(plugin)),
            (Point::Tax, self.tax.elsewhere(plugin)),
            (Point::OrderProcess, self.order_process.elsewhere(plugin)),
            (Point::Approval, self.approval.elsewhere(plugin)),
            (Point::Fields, self.fields.elsewhere(plugin)),
            (Point::ShippingRate, self.shipping_rate.elsewhere(plugin)),
            (Point::Observer, self.observers.elsewhere(plugin)),
        ];
        let tasks = self.tasks.elsewhere(plugin).into_iter().map(|entry| (Point::Task, entry));
        all.into_iter().filter_map(|(point, entry)| Some((point, entry?))).chain(tasks).collect()
    }
}

/// What goes into the next set.
struct Plan<'a> {
    workshop: &'a Workshop,
    files: &'a [FileState],
    previous: &'a Previous,
    bindings: &'a [StrategyBinding],
    slugs: &'a Slugs,
    problems: Vec<Problem>,
}

impl Plan<'_> {
    /// Why a plugin that a channel asks for is not there.
    fn absence(&self, plugin: &str) -> String {
        let refusal =
            self.files.iter().filter(|file| file.known.name == plugin).find_map(|file| file.refusal.as_ref());
        match refusal {
            Some(sentence) => sentence.clone(),
            None => "no file of the plugins folder holds it; put it back or activate another one".to_owned(),
        }
    }
}
