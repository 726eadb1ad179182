//! Against real servers on this machine: who may go where, and what comes back.

mod addresses;
mod capabilities;
mod limits;
mod redirects;
mod server;
mod shop;
mod tables;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use vectis_contracts::plugin_services::{
    Capabilities, PluginServices as _, ServiceAnswer, ServiceCaller, ServiceError, ServiceErrorKind,
    ServiceQuestion,
};
use vectis_outbound::Resolver;
use vectis_plugin_api::abi::services::HttpAnswer;

use crate::{Deps, Limits, Services};
use shop::Store;

/// The services with a store in memory, and names that mean what the test says.
struct Room {
    services: Services,
    names: Arc<Names>,
}

/// Name → its addresses, one list per look-up, the last one for ever.
#[derive(Default)]
struct Names(Mutex<BTreeMap<String, Vec<Vec<IpAddr>>>>);

impl Names {
    fn set(&self, name: &str, answers: &[&[&str]]) {
        let answers =
            answers.iter().map(|all| all.iter().map(|one| one.parse().unwrap()).collect()).collect();
        self.0.lock().unwrap().insert(name.to_owned(), answers);
    }
}

#[async_trait]
impl Resolver for Names {
    async fn resolve(&self, name: &str) -> std::io::Result<Vec<IpAddr>> {
        let mut names = self.0.lock().unwrap();
        let answers = names.get_mut(name).ok_or(std::io::ErrorKind::NotFound)?;
        Ok(if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() })
    }
}

fn room_with(limits: Limits) -> Room {
    let names = Arc::<Names>::default();
    let secrets = [("carrier_token", "s3cret"), ("empty", "")];
    let secrets = secrets.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let store = Arc::<Store>::default();
    let deps = Deps { extensions: store.clone(), tables: store, secrets, limits, resolver: names.clone() };
    Room { services: Services::new(deps).unwrap(), names }
}

fn room() -> Room {
    room_with(Limits::default())
}

fn capabilities(of: &[(&str, &[&str])]) -> Capabilities {
    let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    of.iter().map(|(name, values)| ((*name).to_owned(), owned(values))).collect()
}

/// Asks for what it is granted.
fn granted(of: &[(&str, &[&str])]) -> ServiceCaller {
    let granted = capabilities(of);
    let mut asked = granted.clone();
    asked.remove("addresses");
    ServiceCaller { plugin: "acme".to_owned(), asked, granted, tables: None }
}

/// May go anywhere on the internet, and to this machine.
fn local() -> ServiceCaller {
    granted(&[("http", &["http://*/*", "https://*/*"]), ("addresses", &["127.0.0.1"])])
}

/// May go anywhere on the internet.
fn public() -> ServiceCaller {
    granted(&[("http", &["http://*/*", "https://*/*"])])
}

impl Room {
    async fn ask(
        &self,
        caller: &ServiceCaller,
        service: &str,
        json: &str,
    ) -> Result<ServiceAnswer, ServiceError> {
        let question = ServiceQuestion { service, json, body: b"" };
        match self.services.serve_at_once(caller, question) {
            Some(outcome) => outcome,
            None => self.services.serve(caller, question).await,
        }
    }

    async fn send(&self, caller: &ServiceCaller, json: &str) -> Result<(HttpAnswer, String), ServiceError> {
        let answer = self.ask(caller, "http", json).await?;
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        Ok((serde_json::from_str(&answer.json).unwrap(), body))
    }

    async fn get(&self, caller: &ServiceCaller, url: &str) -> Result<(HttpAnswer, String), ServiceError> {
        self.send(caller, &serde_json::json!({ "method": "GET", "url": url }).to_string()).await
    }
}

fn kind<T: std::fmt::Debug>(outcome: Result<T, ServiceError>) -> ServiceErrorKind {
    outcome.unwrap_err().kind
}

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const SHORT: Duration = Duration::from_millis(300);
