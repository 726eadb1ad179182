//! What a plugin may: asked for by its manifest and granted by the operator, value by value.

use url::Url;
use vectis_contracts::plugin_services::{Capabilities, ServiceCaller, ServiceError, ServiceErrorKind};

use crate::address::Reachable;

/// Capabilities that are services, with what their values look like.
const KNOWN: [&str; 6] = ["http", "kv", "secret", "query", "emit", "metric"];
/// Of a manifest alone: declares more code that runs before any check, see the loading order.
const OF_THE_LOADER: &str = "initializers";
/// Of a grant alone.
pub(crate) const ADDRESSES: &str = "addresses";

/// What is wrong with what a manifest asks for.
pub(crate) fn judge(asked: &Capabilities) -> Result<(), String> {
    for (name, values) in asked {
        match name.as_str() {
            "http" => values.iter().try_for_each(|value| Pattern::parse(value).map(drop))?,
            "kv" => {
                if let Some(value) = values.iter().find(|value| !["read", "write"].contains(&value.as_str())) {
                    return Err(format!("kv is asked for as {value:?}; it is read or write"));
                }
            }
            ADDRESSES => {
                let why = "addresses are the operator's to grant, a manifest does not ask for them";
                return Err(why.to_owned());
            }
            OF_THE_LOADER => {}
            known if KNOWN.contains(&known) => {}
            unknown => {
                return Err(format!("{unknown} is no capability; there are {}", KNOWN.join(", ")));
            }
        }
    }
    Ok(())
}

/// Whether a value is asked for and granted, word by word.
pub(crate) fn require(caller: &ServiceCaller, capability: &str, value: &str) -> Result<(), ServiceError> {
    let holds = |capabilities: &Capabilities| {
        capabilities.get(capability).is_some_and(|values| values.iter().any(|one| one == value))
    };
    let wanted = format!("{capability} = [{value:?}]");
    both(caller, &wanted, holds(&caller.asked), holds(&caller.granted))
}

/// Whether a URL is asked for and granted, by patterns.
pub(crate) fn require_url(caller: &ServiceCaller, url: &Url) -> Result<(), ServiceError> {
    let holds = |capabilities: &Capabilities| {
        let patterns = capabilities.get("http").into_iter().flatten();
        patterns.filter_map(|pattern| Pattern::parse(pattern).ok()).any(|pattern| pattern.fits(url))
    };
    // Path and query can hold what is nobody's business.
    let wanted = format!("http = [\"{}/*\"]", url.origin().ascii_serialization());
    both(caller, &wanted, holds(&caller.asked), holds(&caller.granted))
}

fn both(caller: &ServiceCaller, wanted: &str, is_asked: bool, is_granted: bool) -> Result<(), ServiceError> {
    let plugin = &caller.plugin;
    let why = match (is_asked, is_granted) {
        (true, true) => return Ok(()),
        (false, _) => format!("{plugin} does not ask for it in plugin.toml; add {wanted} to its [capabilities]"),
        (true, false) => {
            format!("{plugin} is not granted it; the operator can add {wanted} under [plugins.grants.{plugin}]")
        }
    };
    Err(ServiceError::new(ServiceErrorKind::Denied, why))
}

/// The private networks a plugin's requests may reach.
pub(crate) fn reachable(caller: &ServiceCaller) -> Result<Reachable, ServiceError> {
    let named = caller.granted.get(ADDRESSES).map(Vec::as_slice).unwrap_or_default();
    Reachable::parse(named).map_err(|why| {
        let plugin = &caller.plugin;
        ServiceError::new(ServiceErrorKind::Denied, format!("[plugins.grants.{plugin}] addresses: {why}"))
    })
}

/// Where requests may go: `https://api.example/v1/*`.
pub(crate) struct Pattern {
    start: Url,
    is_prefix: bool,
}

impl Pattern {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (start, is_prefix) = match text.strip_suffix('*') {
            Some(start) => (start, true),
            None => (text, false),
        };
        let wrong = |why: &str| format!("http is asked for as {text:?}, which {why}");
        let start = Url::parse(start).map_err(|error| wrong(&format!("is no URL: {error}")))?;
        if !["http", "https"].contains(&start.scheme()) {
            return Err(wrong("is neither http nor https"));
        }
        if start.as_str().contains('*') || start.query().is_some() || start.fragment().is_some() {
            return Err(wrong("may have a * at the end of its path and nothing after"));
        }
        // `https://api.example*` would also be `https://api.example.evil`.
        if is_prefix && !text.trim_start_matches(|letter| letter != ':').trim_start_matches("://").contains('/') {
            return Err(wrong("needs a path before its *, at least /"));
        }
        Ok(Self { start, is_prefix })
    }

    pub(crate) fn fits(&self, url: &Url) -> bool {
        let is_there = self.start.scheme() == url.scheme()
            && self.start.host() == url.host()
            && self.start.port_or_known_default() == url.port_or_known_default();
        let (start, path) = (self.start.path(), url.path());
        is_there && if self.is_prefix { path.starts_with(start) } else { path == start }
    }
}
