//! The client: what it connects to was judged, and it says in a few words why nothing was sent.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use url::{Host, Url};

use crate::address::Reachable;
use crate::resolve::{Guarded, Resolver, Unreachable};

/// Connections to one host that are kept for the next request.
const IDLE_CONNECTIONS: usize = 4;
/// Bytes of an answer's head.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// A client that connects to addresses it may reach, and to no other. HTTP/1.1, no redirects.
pub struct GuardedClient(Client<HttpsConnector<HttpConnector<Guarded>>, Full<Bytes>>);

impl GuardedClient {
    /// Makes a request whose URL was found right by [`require_url`]; the answer's body is still to be read.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn request(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, NotSent> {
        self.0.request(request).await.map_err(|error| why(&error))
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotSent {
    /// The URL leads where requests may not go.
    Refused(String),
    /// The other side cannot be reached, or did not answer to the end.
    Unreachable(String),
}

impl fmt::Display for NotSent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Refused(why) | Self::Unreachable(why)) = self;
        formatter.write_str(why)
    }
}

impl Error for NotSent {}

/// Makes clients.
pub struct Clients {
    resolver: Arc<dyn Resolver>,
    tls: rustls::ClientConfig,
}

impl Clients {
    /// With the certificates that the system trusts.
    ///
    /// # Errors
    /// The TLS library has nothing to offer that is safe.
    pub fn new(resolver: Arc<dyn Resolver>) -> Result<Self, rustls::Error> {
        let mut roots = rustls::RootCertStore::empty();
        // A certificate of the system that cannot be read is one that nobody will be trusted by.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { resolver, tls })
    }

    /// A client with connections of its own.
    pub fn client(&self, reachable: Arc<Reachable>) -> GuardedClient {
        let guarded = Guarded { resolver: self.resolver.clone(), reachable };
        let mut connector = HttpConnector::new_with_resolver(guarded);
        connector.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(self.tls.clone())
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .http1_max_buf_size(MAX_HEAD_BYTES)
            .build(connector);
        GuardedClient(client)
    }
}

/// What can be known before anybody connects: the URL carries no name and password, and if its host is an address, it may be
/// reached. (Names are judged when they are looked up; numbers in any notation have become addresses when the URL was read.)
///
/// # Errors
/// Why no request is made, in a sentence.
pub fn require_url(url: &Url, reachable: &Reachable) -> Result<(), NotSent> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err(NotSent::Refused("a URL carries no name and password".to_owned()));
    }
    let address = match url.host() {
        Some(Host::Ipv4(address)) => address.into(),
        Some(Host::Ipv6(address)) => address.into(),
        _ => return Ok(()),
    };
    if reachable.holds(address) {
        return Ok(());
    }
    Err(NotSent::Refused(Unreachable { name: address.to_string() }.to_string()))
}

/// Why there is no answer. The error's own words may hold the URL, and that may hold a secret.
pub fn why(error: &(dyn Error + 'static)) -> NotSent {
    let mut deepest = String::new();
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(cause) = next {
        // An I/O error hands its own cause out in this way only.
        let within = cause.downcast_ref::<std::io::Error>().and_then(|error| error.get_ref());
        if let Some(refused) = within.and_then(|cause| cause.downcast_ref::<Unreachable>()) {
            return NotSent::Refused(refused.to_string());
        }
        deepest = format!(": {cause}");
        next = cause.source();
    }
    NotSent::Unreachable(format!("the other side cannot be reached{deepest}"))
}
