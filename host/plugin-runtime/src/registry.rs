//! Who answers which point in which channel. A [`PluginSet`] is built as a whole, published atomically and never changed
//! afterwards; a request keeps the one it began with.

pub(crate) mod fields;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use vectis_contracts::channels::StrategyBinding;
use vectis_contracts::plugin_fields::Additions;
use vectis_contracts::plugin_services::{Grants, PluginServices, ServiceCaller};
use vectis_contracts::points::PointError;
use vectis_kernel::Clock;
use vectis_kernel::ids::ChannelId;

use crate::adapters::{
    Adapter, ApprovalAdapter, OrderProcessAdapter, PricingAdapter, ShippingRateAdapter, TaxAdapter,
};
use crate::host_api::{InstanceServices, LogLimit};
use crate::isolation::Quarantine;
use crate::lifecycle::Recipe;
use crate::load::Library;
use crate::manifest::EntryPoint;
use crate::point::Point;
use crate::refusal::{Fault, Identity};
use crate::registry::fields::FieldSlots;

/// What every instance is built with.
pub(crate) struct Workshop {
    pub(crate) call_budget: Duration,
    pub(crate) quarantine: Quarantine,
    /// Point → plugin in place of one that was given up.
    pub(crate) fallback: BTreeMap<String, String>,
    pub(crate) log_lines_per_second: u32,
    pub(crate) clock: Arc<dyn Clock>,
    /// How long a call may take that waits for services of the host.
    pub(crate) waiting_budget: Duration,
    pub(crate) services: Arc<dyn PluginServices>,
    pub(crate) grants: Grants,
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
            caller: ServiceCaller {
                plugin: library.name().to_owned(),
                asked: library.manifest.capabilities.clone(),
                granted: self.grants.of(library.name()),
                tables: library.tables.clone(),
            },
        };
        Ok(Recipe {
            library: library.clone(),
            entry_point: entry.name.clone(),
            config_json: config.to_string(),
            services: Arc::new(services),
            budget: if entry.point == Point::ShippingRate { self.waiting_budget } else { self.call_budget },
            quarantine: self.quarantine,
        })
    }
}

/// A file of the folder. One that was refused may have an older version that keeps answering.
#[derive(Clone)]
pub(crate) struct FileState {
    pub(crate) known: Identity,
    pub(crate) library: Option<Arc<Library>>,
    /// The one sentence, when the file as it is now was refused.
    pub(crate) refusal: Option<String>,
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

/// Everything that answers, at one moment.
#[derive(Default)]
pub(crate) struct PluginSet {
    pub(crate) files: Vec<FileState>,
    pub(crate) bindings: Bindings,
    pub(crate) problems: Vec<Problem>,
    pub(crate) pricing: Slots<PricingAdapter>,
    pub(crate) tax: Slots<TaxAdapter>,
    pub(crate) order_process: Slots<OrderProcessAdapter>,
    pub(crate) approval: Slots<ApprovalAdapter>,
    pub(crate) fields: FieldSlots,
    pub(crate) additions: Arc<Additions>,
    pub(crate) shipping_rate: Slots<ShippingRateAdapter>,
}

impl PluginSet {
    /// Builds the next set. Instances whose plugin and configuration are the same go on as they are.
    pub(crate) fn build(
        workshop: &Workshop,
        files: Vec<FileState>,
        bindings: Bindings,
        slugs: &Slugs,
        old: &Self,
    ) -> Self {
        let mut plan = Plan { workshop, files: &files, bindings: &bindings.all, slugs, problems: Vec::new() };
        let pricing = Slots::build(&mut plan, &old.pricing);
        let tax = Slots::build(&mut plan, &old.tax);
        let order_process = Slots::build(&mut plan, &old.order_process);
        let approval = Slots::build(&mut plan, &old.approval);
        let fields = FieldSlots::build(&mut plan, &old.fields);
        let shipping_rate = Slots::build(&mut plan, &old.shipping_rate);
        let problems = plan.problems;
        let additions = fields::additions(&files, &old.additions);
        Self {
            files,
            bindings,
            problems,
            pricing,
            tax,
            order_process,
            approval,
            fields,
            additions,
            shipping_rate,
        }
    }

    /// The file and library of a loaded plugin.
    pub(crate) fn plugin(&self, name: &str) -> Option<&Arc<Library>> {
        find_plugin(&self.files, name).map(|(_, library)| library)
    }
}

fn find_plugin<'a>(files: &'a [FileState], name: &str) -> Option<(&'a FileState, &'a Arc<Library>)> {
    files
        .iter()
        .find_map(|file| file.library.as_ref().filter(|library| library.name() == name).map(|it| (file, it)))
}

/// What goes into the next set.
struct Plan<'a> {
    workshop: &'a Workshop,
    files: &'a [FileState],
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

/// An instance and what it was built from.
struct Started<A> {
    /// `None` for the one that answers wherever nothing is activated.
    channel: Option<ChannelId>,
    library: Arc<Library>,
    entry_point: String,
    config: Value,
    adapter: Arc<A>,
}

impl<A> Clone for Started<A> {
    fn clone(&self) -> Self {
        Self {
            channel: self.channel,
            library: self.library.clone(),
            entry_point: self.entry_point.clone(),
            config: self.config.clone(),
            adapter: self.adapter.clone(),
        }
    }
}

/// Those asked in a channel, in order; never empty.
type Answering<A> = Result<Vec<Arc<A>>, PointError>;

/// What answers where nothing is activated.
enum Unbound<A> {
    Nobody,
    Several(Vec<String>),
    One(Answering<A>),
}

/// One extension point in all channels.
pub(crate) struct Slots<A> {
    started: Vec<Started<A>>,
    bound: HashMap<ChannelId, Answering<A>>,
    unbound: Unbound<A>,
    /// Answers in place of one that was given up.
    fallback: Option<Arc<A>>,
}

impl<A> Default for Slots<A> {
    fn default() -> Self {
        Self { started: Vec::new(), bound: HashMap::new(), unbound: Unbound::Nobody, fallback: None }
    }
}

impl<A: Adapter> Slots<A> {
    /// All that answer in a channel, in order; at least one.
    pub(crate) fn all(&self, channel: ChannelId, slugs: &Slugs) -> Result<Vec<Arc<A>>, PointError> {
        let point = A::POINT.group();
        let answering = match (self.bound.get(&channel), &self.unbound) {
            (Some(answering), _) | (None, Unbound::One(answering)) => answering,
            (None, Unbound::Nobody) => {
                return Err(PointError::Missing { point, channel: slug_of(slugs, channel) });
            }
            (None, Unbound::Several(names)) => {
                let (channel, candidates) = (slug_of(slugs, channel), names.clone());
                return Err(PointError::Ambiguous { point, channel, candidates });
            }
        };
        answering.as_deref().map(|all| self.in_force(all)).map_err(Clone::clone)
    }

    /// The one that answers in a channel.
    pub(crate) fn one(&self, channel: ChannelId, slugs: &Slugs) -> Result<Arc<A>, PointError> {
        let all = self.all(channel, slugs)?;
        Ok(all.first().expect("a channel without an answer is an error").clone())
    }

    /// The fallback in place of the only one that answers, once that was given up. Among several nobody can say which part
    /// of the answer the fallback would have to give, so there the operation fails.
    fn in_force(&self, answering: &[Arc<A>]) -> Vec<Arc<A>> {
        match (answering, &self.fallback) {
            ([only], Some(fallback)) if only.has_given_up() => vec![fallback.clone()],
            _ => answering.to_vec(),
        }
    }

    fn build(plan: &mut Plan<'_>, old: &Self) -> Self {
        let mut slots = Self::default();
        let mut by_channel: BTreeMap<ChannelId, Vec<&StrategyBinding>> = BTreeMap::new();
        for binding in plan.bindings.iter().filter(|binding| binding.point == A::POINT.group()) {
            by_channel.entry(binding.channel_id).or_default().push(binding);
        }
        for (channel, bindings) in by_channel {
            let answering = slots.answer_channel(plan, &bindings, old);
            slots.bound.insert(channel, answering);
        }
        slots.unbound = slots.answer_elsewhere(plan, old);
        slots.fallback = slots.start_fallback(plan, old);
        slots
    }

    /// Starts every binding of a channel, also when an earlier one fails, so that all problems show at once.
    fn answer_channel(
        &mut self,
        plan: &mut Plan<'_>,
        bindings: &[&StrategyBinding],
        old: &Self,
    ) -> Answering<A> {
        let outcomes: Vec<_> = bindings
            .iter()
            .map(|binding| (binding.priority, self.answer_binding(plan, binding, old)))
            .collect();
        let mut ranked = Vec::new();
        for (priority, outcome) in outcomes {
            let started = outcome?;
            ranked.push((started.adapter.stage(), Reverse(priority), full_name(&started), started.adapter));
        }
        ranked.sort_by(|a, b| (a.0, a.1, &a.2).cmp(&(b.0, b.1, &b.2)));
        Ok(ranked.into_iter().map(|(.., adapter)| adapter).collect())
    }

    fn answer_binding(
        &mut self,
        plan: &mut Plan<'_>,
        binding: &StrategyBinding,
        old: &Self,
    ) -> Result<Started<A>, PointError> {
        let StrategyBinding { channel_id, plugin, entry_point, config, .. } = binding;
        let channel = slug_of(plan.slugs, *channel_id);
        let failed = |message: String| PointError::Failed {
            point: A::POINT.group(),
            plugin: format!("{plugin}/{entry_point}"),
            message: format!("it is activated in channel {channel}, but {message}"),
            retryable: false,
        };
        let files = plan.files;
        let Some((file, library)) = find_plugin(files, plugin) else {
            return Err(failed(plan.absence(plugin)));
        };
        let Some(entry) = library.offers(A::POINT).find(|entry| entry.name == *entry_point) else {
            let label = library.label();
            return Err(failed(format!("{label} offers no such entry point; activate one that it offers")));
        };
        let wanted = Wanted { file, library, entry, config, channel: Some((*channel_id, &channel)) };
        self.start_or_keep(plan, &wanted, old)
            .map_err(|fault| failed(format!("does not start: {}", fault.why)))
    }

    /// The only entry point for the point answers without being activated, if it can do without a configuration.
    fn answer_elsewhere(&mut self, plan: &mut Plan<'_>, old: &Self) -> Unbound<A> {
        let files = plan.files;
        let mut offers = files.iter().flat_map(|file| {
            let library = file.library.as_ref();
            library
                .into_iter()
                .flat_map(move |library| library.offers(A::POINT).map(move |entry| (file, library, entry)))
        });
        let name = |library: &Library, entry: &EntryPoint| format!("{}/{}", library.name(), entry.name);
        let (file, library, entry) = match (offers.next(), offers.next()) {
            (None, _) => return Unbound::Nobody,
            (Some(only), None) => only,
            (Some(first), Some(second)) => {
                let all = [first, second].into_iter().chain(offers);
                let names: BTreeSet<_> = all.map(|(_, library, entry)| name(library, entry)).collect();
                return Unbound::Several(names.into_iter().collect());
            }
        };
        let wanted = Wanted { file, library, entry, config: &json!({}), channel: None };
        let started = self.start_or_keep(plan, &wanted, old);
        Unbound::One(started.map(|started| vec![started.adapter]).map_err(|fault| PointError::Failed {
            point: A::POINT.group(),
            plugin: name(library, entry),
            message: format!(
                "it is not activated in the channel and does not start without a configuration ({}); activate it with one",
                fault.why
            ),
            retryable: false,
        }))
    }

    /// Starts what the operator named as fallback, without a configuration.
    fn start_fallback(&mut self, plan: &mut Plan<'_>, old: &Self) -> Option<Arc<A>> {
        let (name, files) = (plan.workshop.fallback.get(A::POINT.group())?, plan.files);
        let offer = find_plugin(files, name)
            .and_then(|(file, library)| Some((file, library, library.offers(A::POINT).next()?)));
        let Some((file, library, entry)) = offer else {
            let point = A::POINT.group();
            tracing::error!(point, plugin = name, "the fallback {name} offers nothing for {point}");
            return None;
        };
        let wanted = Wanted { file, library, entry, config: &json!({}), channel: None };
        let started = self.start_or_keep(plan, &wanted, old);
        let started = started.inspect_err(|fault| {
            let why = &fault.why;
            tracing::error!(
                plugin = name,
                "the fallback {name} does not start without a configuration: {why}"
            );
        });
        Some(started.ok()?.adapter)
    }

    /// Starts an entry point. If it does not start, the instance that answered in its place before goes on, and operators
    /// are told.
    fn start_or_keep(
        &mut self,
        plan: &mut Plan<'_>,
        wanted: &Wanted<'_>,
        old: &Self,
    ) -> Result<Started<A>, Fault> {
        let before = old.before(wanted);
        let outcome = match before.filter(|before| before.is_as(wanted)) {
            Some(before) => Ok(before.clone()),
            None => wanted.start(plan.workshop),
        };
        let outcome = outcome.or_else(|fault| {
            if before.is_some() || wanted.channel.is_some() {
                plan.problems.push(wanted.problem(&fault, before.map(|before| &*before.library)));
            }
            before.cloned().ok_or(fault)
        });
        self.started.extend(outcome.iter().cloned());
        outcome
    }

    fn before(&self, wanted: &Wanted<'_>) -> Option<&Started<A>> {
        self.started.iter().find(|started| {
            started.channel == wanted.channel.map(|(id, _)| id)
                && started.library.name() == wanted.library.name()
                && started.entry_point == wanted.entry.name
        })
    }
}

impl<A: Adapter> Started<A> {
    /// Whether nothing about it has changed and it still answers.
    fn is_as(&self, wanted: &Wanted<'_>) -> bool {
        Arc::ptr_eq(&self.library, wanted.library)
            && self.config == *wanted.config
            && !self.adapter.has_given_up()
    }
}

/// An entry point that is to answer somewhere.
struct Wanted<'a> {
    file: &'a FileState,
    library: &'a Arc<Library>,
    entry: &'a EntryPoint,
    config: &'a Value,
    /// With its slug; `None` for wherever nothing is activated.
    channel: Option<(ChannelId, &'a str)>,
}

impl Wanted<'_> {
    fn start<A: Adapter>(&self, workshop: &Workshop) -> Result<Started<A>, Fault> {
        let channel = self.channel.map_or("", |(_, slug)| slug);
        let recipe = workshop.recipe(self.library, self.entry, self.config, channel)?;
        Ok(Started {
            channel: self.channel.map(|(id, _)| id),
            library: self.library.clone(),
            entry_point: self.entry.name.clone(),
            config: self.config.clone(),
            adapter: Arc::new(A::start(recipe)?),
        })
    }

    fn problem(&self, fault: &Fault, kept: Option<&Library>) -> Problem {
        let place = match self.channel {
            Some((_, slug)) => format!("in channel {slug}"),
            None => "without a configuration".to_owned(),
        };
        let kept = kept.map(|kept| format!("; {} keeps answering there as before", kept.label()));
        let (point, entry) = (self.entry.point, &self.entry.name);
        let why = format!("{point} {entry} {place}: {}{}", fault.why, kept.unwrap_or_default());
        let known = Identity::of(&self.file.known.file, self.library);
        let sentence = known.refuse(Fault::new(fault.step, why)).to_string();
        tracing::error!(plugin = known.name, entry_point = entry, "{sentence}");
        Problem { known, sentence }
    }
}

fn full_name<A>(started: &Started<A>) -> String {
    format!("{}/{}", started.library.name(), started.entry_point)
}
