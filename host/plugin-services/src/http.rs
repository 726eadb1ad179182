//! `http`: a request of a plugin, made by the host.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, COOKIE, HOST, HeaderMap, HeaderName,
    HeaderValue, LOCATION, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use tokio::sync::Semaphore;
use url::Url;
use vectis_contracts::plugin_services::{ServiceCaller, ServiceError, ServiceErrorKind};
use vectis_outbound::{Clients, GuardedClient, NotSent, Reachable, Resolver, require_url, why};
use vectis_plugin_api::abi::services::{HttpAnswer, HttpQuestion};

use crate::capability;
use crate::limits::Limits;

/// Redirects of one request.
const MAX_REDIRECTS: usize = 3;
/// Headers a plugin may send, and gets.
const MAX_HEADERS: usize = 64;
/// What a plugin may ask with.
const METHODS: [Method; 6] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
/// Headers that are the connection's, not the request's.
const OF_THE_CONNECTION: [HeaderName; 5] = [CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING, UPGRADE];
const MORE_OF_THE_CONNECTION: [&str; 6] =
    ["accept-encoding", "expect", "keep-alive", "te", "trailer", "proxy-authorization"];

/// The clients of the plugins. Each plugin has its own, so that none uses a connection that another was allowed to open.
pub(crate) struct HttpService {
    limits: Limits,
    guarded: Clients,
    clients: Mutex<HashMap<String, Arc<PluginClient>>>,
}

struct PluginClient {
    reachable: Arc<Reachable>,
    client: GuardedClient,
    turns: Semaphore,
}

impl HttpService {
    pub(crate) fn new(limits: Limits, resolver: Arc<dyn Resolver>) -> Result<Self, rustls::Error> {
        Ok(Self { limits, guarded: Clients::new(resolver)?, clients: Mutex::default() })
    }

    /// Makes the request and those it is redirected to. Dropping the future closes the connection.
    pub(crate) async fn send(
        &self,
        caller: &ServiceCaller,
        question: HttpQuestion,
        body: &[u8],
    ) -> Result<(HttpAnswer, Vec<u8>), ServiceError> {
        let asked = Duration::from_millis(question.timeout_ms.unwrap_or(u64::MAX));
        let timeout = asked.min(self.limits.http_timeout);
        match tokio::time::timeout(timeout, self.follow(caller, question, body)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(unavailable(format!("there was no answer within {} ms", timeout.as_millis()))),
        }
    }

    async fn follow(
        &self,
        caller: &ServiceCaller,
        question: HttpQuestion,
        body: &[u8],
    ) -> Result<(HttpAnswer, Vec<u8>), ServiceError> {
        let mut hop = self.first_hop(caller, question, body)?;
        let body = Bytes::copy_from_slice(body);
        let plugin = self.client(caller)?;
        let _turn = plugin.turns.acquire().await.map_err(|_| unavailable("the server is about to end"))?;
        for _ in 0..=MAX_REDIRECTS {
            require_target(caller, &plugin.reachable, &hop.url)?;
            let request = hop.request(body.clone())?;
            let response = plugin.client.request(request).await.map_err(not_sent)?;
            match hop.next(&response)? {
                Some(next) => hop = next,
                None => return self.read(response).await,
            }
        }
        Err(unavailable(format!("it redirects more than {MAX_REDIRECTS} times")))
    }

    fn first_hop(
        &self,
        caller: &ServiceCaller,
        question: HttpQuestion,
        body: &[u8],
    ) -> Result<Hop, ServiceError> {
        let HttpQuestion { method, url, headers, .. } = question;
        let method = METHODS
            .into_iter()
            .find(|known| known.as_str() == method)
            .ok_or_else(|| input(format!("the method {method:?} is none a plugin may use")))?;
        let url = Url::parse(&url).map_err(|error| input(format!("the URL cannot be read: {error}")))?;
        if body.len() > self.limits.http_request_bytes {
            let (bytes, most) = (body.len(), self.limits.http_request_bytes);
            return Err(limit(format!("the request has {bytes} bytes, at most {most} are sent")));
        }
        let mut headers = plugin_headers(headers)?;
        let agent = HeaderValue::try_from(format!("Vectis (plugin {})", caller.plugin));
        headers.entry(USER_AGENT).or_insert(agent.unwrap_or(HeaderValue::from_static("Vectis")));
        Ok(Hop { method, url, headers })
    }

    /// The plugin's client as it is granted now.
    fn client(&self, caller: &ServiceCaller) -> Result<Arc<PluginClient>, ServiceError> {
        let reachable = Arc::new(capability::reachable(caller)?);
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = clients.get(&caller.plugin).filter(|known| known.reachable == reachable) {
            return Ok(known.clone());
        }
        let client = self.guarded.client(reachable.clone());
        let turns = Semaphore::new(self.limits.http_concurrent.max(1));
        let made = Arc::new(PluginClient { reachable, client, turns });
        clients.insert(caller.plugin.clone(), made.clone());
        Ok(made)
    }

    /// Reads the answer up to the most that is taken.
    async fn read(&self, response: Response<Incoming>) -> Result<(HttpAnswer, Vec<u8>), ServiceError> {
        if response.headers().get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
            return Err(unavailable("the answer is compressed, although that was not asked for"));
        }
        let most = self.limits.http_response_bytes;
        let too_large = || limit(format!("the answer has more than the {most} bytes that are taken"));
        let (head, mut frames) = response.into_parts();
        if frames.size_hint().lower() > most as u64 {
            return Err(too_large());
        }
        let mut body = Vec::new();
        while let Some(frame) = frames.frame().await {
            let Ok(chunk) = frame.map_err(|error| unreached(&error))?.into_data() else { continue };
            if body.len() + chunk.len() > most {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        let (status, headers) = (head.status.as_u16(), answer_headers(&head.headers));
        Ok((HttpAnswer { status, headers }, body))
    }
}

/// One request of a chain.
struct Hop {
    method: Method,
    url: Url,
    headers: HeaderMap,
}

impl Hop {
    fn request(&self, body: Bytes) -> Result<Request<Full<Bytes>>, ServiceError> {
        let uri: Uri =
            self.url.as_str().parse().map_err(|_| input("the URL cannot be asked for".to_owned()))?;
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers.clone();
        Ok(request)
    }

    /// Where a redirect leads. What has an effect is not repeated elsewhere: such a redirect is an answer.
    fn next<B>(&self, response: &Response<B>) -> Result<Option<Self>, ServiceError> {
        let is_redirect = matches!(
            response.status(),
            StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::SEE_OTHER
                | StatusCode::TEMPORARY_REDIRECT
                | StatusCode::PERMANENT_REDIRECT
        );
        let location = response.headers().get(LOCATION).filter(|_| is_redirect);
        let (Some(location), &Method::GET | &Method::HEAD) = (location, &self.method) else {
            return Ok(None);
        };
        let url = location.to_str().ok().and_then(|location| self.url.join(location).ok());
        let url = url.ok_or_else(|| unavailable("it redirects to what is no URL"))?;
        let mut headers = self.headers.clone();
        if url.origin() != self.url.origin() {
            let kept = headers.remove(ACCEPT);
            headers = kept.map(|kept| (ACCEPT, kept)).into_iter().collect();
        }
        Ok(Some(Self { method: self.method.clone(), url, headers }))
    }
}

/// What can be known before anybody connects: the URL is allowed, and if its host is an address, so is that.
fn require_target(caller: &ServiceCaller, reachable: &Reachable, url: &Url) -> Result<(), ServiceError> {
    capability::require_url(caller, url)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(input("a URL carries no name and password; send them as a header".to_owned()));
    }
    require_url(url, reachable).map_err(not_sent)
}

fn plugin_headers(headers: Vec<(String, String)>) -> Result<HeaderMap, ServiceError> {
    if headers.len() > MAX_HEADERS {
        return Err(limit(format!(
            "the request has {} headers, at most {MAX_HEADERS} are sent",
            headers.len()
        )));
    }
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name: HeaderName =
            name.parse().map_err(|_| input(format!("the header name {name:?} cannot be sent")))?;
        if OF_THE_CONNECTION.contains(&name) || MORE_OF_THE_CONNECTION.contains(&name.as_str()) {
            return Err(input(format!("the header {name} is the host's to send")));
        }
        let mut value = HeaderValue::from_str(&value)
            .map_err(|_| input(format!("the value of the header {name} cannot be sent")))?;
        value.set_sensitive(name == AUTHORIZATION || name == COOKIE);
        map.append(name, value);
    }
    Ok(map)
}

fn answer_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |(name, value): (&HeaderName, &HeaderValue)| {
        value.to_str().ok().map(|value| (name.as_str().to_owned(), value.to_owned()))
    };
    headers.iter().filter_map(text).take(MAX_HEADERS).collect()
}

fn unreached(error: &(dyn Error + 'static)) -> ServiceError {
    not_sent(why(error))
}

fn not_sent(reason: NotSent) -> ServiceError {
    match reason {
        NotSent::Refused(why) => ServiceError::new(ServiceErrorKind::Denied, why),
        NotSent::Unreachable(why) => unavailable(why),
    }
}

fn unavailable(message: impl Into<String>) -> ServiceError {
    ServiceError::new(ServiceErrorKind::Unavailable, message)
}

fn limit(message: String) -> ServiceError {
    ServiceError::new(ServiceErrorKind::Limit, message)
}

fn input(message: String) -> ServiceError {
    ServiceError::new(ServiceErrorKind::Input, message)
}
