//! A version before it takes over: constructed and self-tested in every place where it would answer, and asked what the one
//! before was asked.

use std::sync::Arc;

use serde_json::{Value, json};
use vectis_contracts::plugin_fields::JudgeAdditions;

use crate::adapters::rehearse;
use crate::load::Library;
use crate::manifest::EntryPoint;
use crate::point::Point;
use crate::refusal::{Fault, Step};
use crate::registry::{PluginSet, Slugs, Workshop, slug_of};
use crate::shadow::differences;

/// A version on trial. Blocks; runs the plugin's code.
pub(crate) struct Trial {
    pub(crate) workshop: Arc<Workshop>,
    /// In force.
    pub(crate) set: Arc<PluginSet>,
    pub(crate) slugs: Arc<Slugs>,
    pub(crate) library: Arc<Library>,
    pub(crate) judge: JudgeAdditions,
}

/// Where an entry point is to answer.
struct Place {
    point: Point,
    entry_point: String,
    config: Value,
    /// Slug; empty for wherever nothing is activated.
    channel: String,
}

impl Trial {
    /// Starts it everywhere; the first fault counts.
    pub(crate) fn rehearse(&self) -> Result<(), Fault> {
        self.judge_additions()?;
        for place in self.places() {
            let entry = self.entry(&self.library, &place)?;
            let recipe = self.workshop.recipe(&self.library, entry, &place.config, &place.channel);
            recipe.and_then(|recipe| rehearse(place.point, recipe)).map_err(|fault| {
                let why = format!("{}: {}", place.label(), fault.why);
                Fault { why, ..fault }
            })?;
        }
        Ok(())
    }

    /// Whether the API can take what it adds beside what the other plugins do.
    fn judge_additions(&self) -> Result<(), Fault> {
        let Some(added) = &self.library.added else { return Ok(()) };
        let others = self.set.additions.plugins.iter().filter(|other| other.plugin != added.plugin);
        let others: Vec<_> = others.cloned().collect();
        (self.judge)(&others, added).map_err(|why| Fault::new(Step::Graphql, why))
    }

    /// What it answers differently than the version in force, a sentence each.
    pub(crate) fn differences(&self) -> Result<Vec<String>, Fault> {
        let Some(old) = self.set.plugin(self.library.name()) else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for place in self.places() {
            let stats = self.workshop.stats.of(old.name(), place.point, &place.entry_point);
            let questions = stats.recorder.asked_in(&place.channel);
            let Ok(before) = self.entry(old, &place) else { continue };
            if questions.is_empty() {
                continue;
            }
            let recipe = |library, entry| self.workshop.recipe(library, entry, &place.config, &place.channel);
            let after = recipe(&self.library, self.entry(&self.library, &place)?)?;
            // A configuration that the one in force no longer takes leaves nothing to compare with.
            let Ok(before) = recipe(old, before) else { continue };
            let differing = differences(place.point, (before, after), &questions)?;
            found.extend(differing.into_iter().map(|difference| format!("{}: {difference}", place.label())));
        }
        Ok(found)
    }

    fn places(&self) -> Vec<Place> {
        let name = self.library.name();
        let bound = self.set.bindings.all.iter().filter(|binding| binding.plugin == name);
        let bound = bound.filter_map(|binding| {
            Some(Place {
                point: Point::of_group(&binding.point)?,
                entry_point: binding.entry_point.clone(),
                config: binding.config.clone(),
                channel: slug_of(&self.slugs, binding.channel_id),
            })
        });
        // Nobody asked for a task that is activated nowhere, so the next version may do without it.
        let is_left = |(point, entry): &(Point, &str)| {
            *point == Point::Task && !self.library.offers(*point).any(|offered| offered.name == *entry)
        };
        let elsewhere = self.set.elsewhere(name).into_iter().filter(|place| !is_left(place));
        let elsewhere = elsewhere.map(|(point, entry)| Place {
            point,
            entry_point: entry.to_owned(),
            config: json!({}),
            channel: String::new(),
        });
        bound.chain(elsewhere).collect()
    }

    fn entry<'a>(&self, library: &'a Library, place: &Place) -> Result<&'a EntryPoint, Fault> {
        library.offers(place.point).find(|entry| entry.name == place.entry_point).ok_or_else(|| {
            let why = format!(
                "it does not offer {}, which answers now; activate another plugin there first",
                place.label()
            );
            Fault::new(Step::EntryPoints, why)
        })
    }
}

impl Place {
    /// `vectis.pricing tiered in channel wholesale`.
    fn label(&self) -> String {
        let Self { point, entry_point, channel, .. } = self;
        if channel.is_empty() {
            format!("{point} {entry_point} without a configuration")
        } else {
            format!("{point} {entry_point} in channel {channel}")
        }
    }
}
