//! One extension point in all channels: what answers where, what is started anew and what goes on.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::{Value, json};
use vectis_contracts::channels::StrategyBinding;
use vectis_contracts::points::PointError;
use vectis_kernel::ids::ChannelId;

use super::{Plan, Problem, Slugs, Workshop, slug_of};
use crate::adapters::Adapter;
use crate::files::{FileState, find_plugin};
use crate::isolation::Fallback;
use crate::lifecycle::Counted;
use crate::load::Library;
use crate::manifest::EntryPoint;
use crate::refusal::{Fault, Identity};

/// An instance and what it was built from.
pub(super) struct Started<A> {
    /// `None` for the one that answers wherever nothing is activated.
    pub(super) channel: Option<ChannelId>,
    pub(super) library: Arc<Library>,
    pub(super) entry_point: String,
    pub(super) config: Value,
    /// `in channel wholesale`.
    pub(super) place: String,
    pub(super) adapter: Arc<A>,
    previous: Option<Earlier<A>>,
}

impl<A> Clone for Started<A> {
    fn clone(&self) -> Self {
        Self {
            channel: self.channel,
            library: self.library.clone(),
            entry_point: self.entry_point.clone(),
            config: self.config.clone(),
            place: self.place.clone(),
            adapter: self.adapter.clone(),
            previous: self.previous.clone(),
        }
    }
}

/// The same entry point of the version before.
struct Earlier<A> {
    library: Arc<Library>,
    adapter: Arc<A>,
}

impl<A> Clone for Earlier<A> {
    fn clone(&self) -> Self {
        Self { library: self.library.clone(), adapter: self.adapter.clone() }
    }
}

/// Those asked in a channel, in order; never empty.
type Answering<A> = Result<Vec<Started<A>>, PointError>;

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
    pub(super) fn in_force(&self, answering: &[Started<A>]) -> Vec<Arc<A>> {
        match (answering, &self.fallback) {
            ([only], Some(fallback)) if only.adapter.has_given_up() => vec![fallback.clone()],
            _ => answering.iter().map(|started| started.in_force().clone()).collect(),
        }
    }

    pub(super) fn quarantined(&self, plugin: &str) -> Vec<String> {
        let own = self.started.iter().filter(|started| started.library.name() == plugin);
        own.filter_map(|started| started.quarantine(self.fallback.as_deref())).collect()
    }

    pub(super) fn build(plan: &mut Plan<'_>, old: &Self) -> Self {
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
            ranked.push((started.adapter.stage(), Reverse(priority), full_name(&started), started));
        }
        ranked.sort_by(|a, b| (a.0, a.1, &a.2).cmp(&(b.0, b.1, &b.2)));
        Ok(ranked.into_iter().map(|(.., started)| started).collect())
    }

    pub(super) fn answer_binding(
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
        Unbound::One(started.map(|started| vec![started]).map_err(|fault| PointError::Failed {
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
        let files = plan.files;
        let Fallback::Plugin(name) = plan.workshop.fallback.get(A::POINT.group())? else { return None };
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
    pub(super) fn start_or_keep(
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
        let outcome = outcome.map(|started| {
            let previous = wanted.previous(plan, before);
            Started { previous, ..started }
        });
        let outcome = outcome.or_else(|fault| {
            if before.is_some() || wanted.channel.is_some() {
                plan.problems.push(wanted.problem(&fault, before.map(|before| &*before.library)));
            }
            before.cloned().ok_or(fault)
        });
        self.started.extend(outcome.iter().cloned());
        outcome
    }

    /// The entry point of a plugin that answers wherever nothing is activated.
    pub(crate) fn elsewhere(&self, plugin: &str) -> Option<&str> {
        let mut unbound = self.started.iter().filter(|started| started.channel.is_none());
        unbound.find(|started| started.library.name() == plugin).map(|started| started.entry_point.as_str())
    }

    pub(super) fn before(&self, wanted: &Wanted<'_>) -> Option<&Started<A>> {
        self.started.iter().find(|started| {
            started.channel == wanted.channel.map(|(id, _)| id)
                && started.library.name() == wanted.library.name()
                && started.entry_point == wanted.entry.name
        })
    }
}

impl<A: Adapter> Started<A> {
    /// Whether nothing about it has changed and it still answers.
    pub(super) fn is_as(&self, wanted: &Wanted<'_>) -> bool {
        Arc::ptr_eq(&self.library, wanted.library)
            && self.config == *wanted.config
            && !self.adapter.has_given_up()
    }

    /// The version before, once this one was given up.
    pub(super) fn in_force(&self) -> &Arc<A> {
        match &self.previous {
            Some(previous) if self.adapter.has_given_up() => &previous.adapter,
            _ => &self.adapter,
        }
    }

    /// Why it is not asked any more, and what answers instead.
    fn quarantine(&self, fallback: Option<&A>) -> Option<String> {
        let why = self.adapter.given_up()?;
        let instead = match (&self.previous, fallback) {
            (_, Some(fallback)) => format!("; {} answers in its place", fallback.instance_name()),
            (Some(previous), None) => format!("; {} answers in its place", previous.library.label()),
            (None, None) => String::new(),
        };
        Some(format!("{} {} {}: {why}{instead}", A::POINT, self.entry_point, self.place))
    }
}

/// An entry point that is to answer somewhere.
pub(super) struct Wanted<'a> {
    pub(super) file: &'a FileState,
    pub(super) library: &'a Arc<Library>,
    pub(super) entry: &'a EntryPoint,
    pub(super) config: &'a Value,
    /// With its slug; `None` for wherever nothing is activated.
    pub(super) channel: Option<(ChannelId, &'a str)>,
}

impl Wanted<'_> {
    pub(super) fn start<A: Adapter>(&self, workshop: &Workshop) -> Result<Started<A>, Fault> {
        let channel = self.channel.map_or("", |(_, slug)| slug);
        let recipe = workshop.recipe(self.library, self.entry, self.config, channel)?;
        let counted = recipe.counted.clone();
        let adapter = Arc::new(A::start(recipe)?);
        // From here on its calls are those of the shop.
        let stats = workshop.stats.of(self.library.name(), A::POINT, &self.entry.name);
        let _ = counted.set(Counted { stats, channel: channel.to_owned() });
        Ok(Started {
            channel: self.channel.map(|(id, _)| id),
            library: self.library.clone(),
            entry_point: self.entry.name.clone(),
            config: self.config.clone(),
            place: self.place(),
            adapter,
            previous: None,
        })
    }

    /// The same of the version before, when the operator wants that to be ready. The instance that answered until now is
    /// the one that goes on.
    fn previous<A: Adapter>(&self, plan: &Plan<'_>, before: Option<&Started<A>>) -> Option<Earlier<A>> {
        if plan.workshop.fallback.get(A::POINT.group()) != Some(&Fallback::PreviousVersion) {
            return None;
        }
        let library = plan.previous.get(self.library.name())?;
        let known = before.filter(|before| before.config == *self.config).and_then(|before| {
            let own = Earlier { library: before.library.clone(), adapter: before.adapter.clone() };
            [Some(own), before.previous.clone()]
                .into_iter()
                .flatten()
                .find(|earlier| Arc::ptr_eq(&earlier.library, library) && !earlier.adapter.has_given_up())
        });
        if known.is_some() {
            return known;
        }
        let entry = library.offers(A::POINT).find(|entry| entry.name == self.entry.name)?;
        let started = Wanted { library, entry, ..*self }.start(plan.workshop);
        let started = started.inspect_err(|fault| {
            let (label, why) = (library.label(), &fault.why);
            tracing::warn!(plugin = library.name(), "{label} is not ready to take over again: {why}");
        });
        started.ok().map(|started| Earlier { library: library.clone(), adapter: started.adapter })
    }

    /// `in channel wholesale`.
    pub(super) fn place(&self) -> String {
        match self.channel {
            Some((_, slug)) => format!("in channel {slug}"),
            None => "without a configuration".to_owned(),
        }
    }

    fn problem(&self, fault: &Fault, kept: Option<&Library>) -> Problem {
        let place = self.place();
        let kept = kept.map(|kept| format!("; {} keeps answering there as before", kept.label()));
        let (point, entry) = (self.entry.point, &self.entry.name);
        let why = format!("{point} {entry} {place}: {}{}", fault.why, kept.unwrap_or_default());
        let known = Identity::of(&self.file.known.file, self.library, &self.file.verdict);
        let sentence = known.refuse(Fault::new(fault.step, why)).to_string();
        tracing::error!(plugin = known.name, entry_point = entry, "{sentence}");
        Problem { known, sentence }
    }
}

fn full_name<A>(started: &Started<A>) -> String {
    format!("{}/{}", started.library.name(), started.entry_point)
}
