//! What a plugin may: asked for by its manifest and granted by the operator, value by value.

use url::Url;
use vectis_contracts::plugin_services::{
    Capabilities, Grants, ServiceCaller, ServiceError, ServiceErrorKind,
};
use vectis_outbound::Reachable;
use vectis_plugin_api::manifest::{check_capabilities, check_pattern};

/// Of a grant alone: the private networks that requests may reach.
const ADDRESSES: &str = "addresses";

/// What is wrong with what the operator grants, in one sentence.
///
/// # Errors
/// A capability that does not exist, a URL or a network that cannot be read.
pub fn check_grants(grants: &Grants) -> Result<(), String> {
    for (plugin, capabilities) in &grants.by_plugin {
        let wrong = |why: String| format!("[plugins.grants.{plugin}] {why}");
        let mut services = capabilities.clone();
        let addresses = services.remove(ADDRESSES).unwrap_or_default();
        Reachable::parse(&addresses).map_err(|why| wrong(format!("addresses: {why}")))?;
        check_capabilities(&services).map_err(wrong)?;
        let patterns = services.get("http").into_iter().flatten();
        for pattern in patterns {
            Pattern::parse(pattern).map_err(|why| wrong(format!("http: {why}")))?;
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
        (false, _) => {
            format!("{plugin} does not ask for it in plugin.toml; add {wanted} to its [capabilities]")
        }
        (true, false) => {
            format!(
                "{plugin} is not granted it; the operator can add {wanted} under [plugins.grants.{plugin}]"
            )
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
    is_any_host: bool,
}

impl Pattern {
    /// What the manifest's own check lets through, taken apart.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        check_pattern(text)?;
        let (start, is_prefix) = match text.strip_suffix('*') {
            Some(start) => (start, true),
            None => (text, false),
        };
        let any = start.replacen("://*/", "://any.invalid/", 1);
        let is_any_host = any != start;
        let start = Url::parse(&any).map_err(|error| format!("{text:?} is no URL: {error}"))?;
        Ok(Self { start, is_prefix, is_any_host })
    }

    pub(crate) fn fits(&self, url: &Url) -> bool {
        let is_host = self.is_any_host
            || self.start.host() == url.host()
                && self.start.port_or_known_default() == url.port_or_known_default();
        let is_there = is_host && self.start.scheme() == url.scheme();
        let (start, path) = (self.start.path(), url.path());
        is_there && if self.is_prefix { path.starts_with(start) } else { path == start }
    }
}
