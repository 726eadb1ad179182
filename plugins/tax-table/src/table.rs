//! Which rates hold where and for what.

use std::collections::{HashMap, HashSet};

use vectis_plugin_api::Error;

use crate::config::{Config, RateConfig, read_percent};

/// How ISO 3166 leaves room for "country unknown".
const UNKNOWN_COUNTRY: &str = "ZZ";

/// One rate.
#[derive(Debug)]
pub(crate) struct Rate {
    pub(crate) name: String,
    pub(crate) ppm: i64,
    /// `None` for the rate of countries that the table does not name.
    jurisdiction: Option<String>,
}

/// Where a rate holds, ready to be compared. Without region or city, all of them.
#[derive(PartialEq, Eq, Hash)]
struct Place {
    country: String,
    region: Option<String>,
    city: Option<String>,
}

/// The rates of one place.
#[derive(Default)]
struct PlaceRates {
    general: Vec<Rate>,
    /// These take the place of the general ones.
    by_category: HashMap<String, Vec<Rate>>,
}

/// All rates, by place.
pub(crate) struct Table {
    places: HashMap<Place, PlaceRates>,
    countries: HashSet<String>,
    elsewhere: PlaceRates,
}

impl Table {
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let mut table =
            Self { places: HashMap::new(), countries: HashSet::new(), elsewhere: PlaceRates::default() };
        for (index, rate) in config.rates.iter().enumerate() {
            table.insert(rate, &format!("/rates/{index}"))?;
        }
        if let Some(rate) = &config.default_rate {
            table.elsewhere.general.push(Rate {
                name: filled(&rate.name, "/default_rate/name", "name the tax, like \"VAT\"")?.to_owned(),
                ppm: read_percent(&rate.rate_percent, "/default_rate/rate_percent")?,
                jurisdiction: None,
            });
        }
        Ok(table)
    }

    fn insert(&mut self, config: &RateConfig, pointer: &str) -> Result<(), Error> {
        check_texts(config, pointer)?;
        let rate = Rate {
            name: config.name.clone(),
            ppm: read_percent(&config.rate_percent, &format!("{pointer}/rate_percent"))?,
            jurisdiction: Some(jurisdiction(config)),
        };
        self.countries.insert(config.country.clone());
        let place = Place {
            country: config.country.clone(),
            region: config.region.as_deref().map(folded),
            city: config.city.as_deref().map(folded),
        };
        let place = self.places.entry(place).or_default();
        let rates = match &config.category {
            Some(category) => place.by_category.entry(category.clone()).or_default(),
            None => &mut place.general,
        };
        if rates.iter().any(|known| known.name == rate.name) {
            let message =
                "stands in the table already with this place, category and name; remove one of the two";
            return Err(Error::config(pointer, message));
        }
        rates.push(rate);
        Ok(())
    }

    /// The places that goods going there are taxed by: country, region, city.
    pub(crate) fn destination<'a>(&'a self, country: &'a str, region: &str, city: &str) -> Destination<'a> {
        if !self.countries.contains(country) {
            return Destination { country, places: vec![&self.elsewhere] };
        }
        let (region, city) = (Some(folded(region)), Some(folded(city)));
        let places = [(None, None), (region.clone(), None), (None, city.clone()), (region, city)];
        let find = |(region, city)| self.places.get(&Place { country: country.to_owned(), region, city });
        Destination { country, places: places.into_iter().filter_map(find).collect() }
    }
}

/// Where goods go.
pub(crate) struct Destination<'a> {
    country: &'a str,
    places: Vec<&'a PlaceRates>,
}

impl<'a> Destination<'a> {
    /// The rates of a tax category, the most general place first.
    pub(crate) fn rates(&self, category: &str) -> Vec<&'a Rate> {
        let of_place = |place: &&'a PlaceRates| place.by_category.get(category).unwrap_or(&place.general);
        self.places.iter().flat_map(of_place).collect()
    }

    /// Whose rate it is: `US`, `US-TX`, `US-TX-Austin`.
    pub(crate) fn jurisdiction<'b>(&'b self, rate: &'b Rate) -> &'b str {
        match &rate.jurisdiction {
            Some(jurisdiction) => jurisdiction,
            None if self.country.is_empty() => UNKNOWN_COUNTRY,
            None => self.country,
        }
    }
}

fn check_texts(config: &RateConfig, pointer: &str) -> Result<(), Error> {
    let is_code = config.country.len() == 2 && config.country.bytes().all(|byte| byte.is_ascii_uppercase());
    if !is_code {
        return Err(Error::config(
            &format!("{pointer}/country"),
            format!(
                "must be an ISO 3166-1 code of two upper-case letters, like \"DE\", not {:?}",
                config.country
            ),
        ));
    }
    filled(&config.name, &format!("{pointer}/name"), "name the tax, like \"VAT\"")?;
    for (key, text) in [("region", &config.region), ("city", &config.city), ("category", &config.category)] {
        if let Some(text) = text {
            filled(text, &format!("{pointer}/{key}"), "leave it out when it does not matter")?;
        }
    }
    Ok(())
}

fn filled<'a>(text: &'a str, pointer: &str, fix: &str) -> Result<&'a str, Error> {
    if text.trim().is_empty() {
        return Err(Error::config(pointer, format!("is empty; {fix}")));
    }
    Ok(text)
}

fn jurisdiction(config: &RateConfig) -> String {
    [Some(&config.country), config.region.as_ref(), config.city.as_ref()]
        .into_iter()
        .flatten()
        .map(|part| part.trim())
        .collect::<Vec<_>>()
        .join("-")
}

/// How names of places are compared: without case and outer blanks.
fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}
