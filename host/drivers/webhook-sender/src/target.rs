//! One request: where it may go, how it is made, what of the answer counts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::DateTime;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use url::Url;
use vectis_contracts::webhooks::{Attempt, AttemptOutcome, TargetJudge};
use vectis_kernel::Ctx;
use vectis_outbound::{Clients, GuardedClient, NotSent, Reachable, Resolver, require_url};

/// Bytes of an answer that are looked at.
const MOST_ANSWER: usize = 1_000;
/// How long they may take behind the status.
const ANSWER_WAIT: Duration = Duration::from_secs(1);

/// Where requests may go, and for how long.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether URLs may begin with `http://`.
    pub allow_http: bool,
    /// Private networks that may be reached beside the public internet.
    pub addresses: Vec<String>,
    /// How long one request may take.
    pub timeout: Duration,
}

/// Makes requests to receivers.
pub struct Target {
    settings: Settings,
    reachable: Arc<Reachable>,
    client: GuardedClient,
}

/// An answer as far as it counts.
struct Answer {
    status: StatusCode,
    retry_after: Option<Duration>,
    response: String,
}

impl Target {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// A network that cannot be read, or no TLS, in a sentence.
    pub fn new(settings: Settings, resolver: Arc<dyn Resolver>) -> Result<Self, String> {
        let reachable = Reachable::parse(&settings.addresses);
        let reachable = Arc::new(reachable.map_err(|why| format!("webhooks.addresses: {why}"))?);
        let clients = Clients::new(resolver).map_err(|error| format!("webhooks cannot use TLS: {error}"))?;
        let client = clients.client(reachable.clone());
        Ok(Self { settings, reachable, client })
    }

    fn url(&self, text: &str) -> Result<Url, NotSent> {
        let url = Url::parse(text).map_err(|error| NotSent::Refused(format!("it is no URL: {error}")))?;
        match url.scheme() {
            "https" => {}
            "http" if self.settings.allow_http => {}
            "http" => {
                let why = "it must begin with https://; the operator can set webhooks.allow_http";
                return Err(NotSent::Refused(why.to_owned()));
            }
            _ => return Err(NotSent::Refused("it must begin with https://".to_owned())),
        }
        require_url(&url, &self.reachable)?;
        Ok(url)
    }

    /// Makes the request and reads the beginning of the answer.
    pub(crate) async fn send(&self, ctx: &Ctx, attempt: &Attempt) -> AttemptOutcome {
        let started = Instant::now();
        let timeout = self.settings.timeout;
        let answer = match tokio::time::timeout(timeout, self.ask(ctx, attempt)).await {
            Ok(answer) => answer.map_err(|error| error.to_string()),
            Err(_) => Err(format!("there was no answer within {} ms", timeout.as_millis())),
        };
        let (answer, mut error) = match answer {
            Ok(answer) => (Some(answer), None),
            Err(error) => (None, Some(error)),
        };
        if answer.as_ref().is_some_and(|answer| answer.status.is_redirection()) {
            error = Some("it redirects, and redirects are not followed; change the URL".to_owned());
        }
        AttemptOutcome {
            delivery_id: attempt.delivery_id,
            webhook_id: attempt.webhook_id,
            fence: attempt.fence,
            attempts: attempt.attempts,
            status_code: answer.as_ref().map(|answer| answer.status.as_u16()),
            error,
            retry_after: answer.as_ref().and_then(|answer| answer.retry_after),
            response: answer.map(|answer| answer.response),
            took: started.elapsed(),
        }
    }

    async fn ask(&self, ctx: &Ctx, attempt: &Attempt) -> Result<Answer, NotSent> {
        let url = self.url(&attempt.url)?;
        let response = self.client.request(request(&url, attempt)?).await?;
        let (head, body) = response.into_parts();
        // What counts is the status: an answer that breaks off or drags on behind it has been given.
        let response = tokio::time::timeout(ANSWER_WAIT, beginning(body)).await.unwrap_or_default();
        Ok(Answer { status: head.status, retry_after: retry_after(ctx, &head.headers), response })
    }
}

impl TargetJudge for Target {
    fn judge(&self, url: &str) -> Result<(), String> {
        self.url(url).map(drop).map_err(|why| why.to_string())
    }
}

fn request(url: &Url, attempt: &Attempt) -> Result<Request<Full<Bytes>>, NotSent> {
    let unfit = || NotSent::Refused("the URL cannot be asked for".to_owned());
    let uri: Uri = url.as_str().parse().map_err(|_| unfit())?;
    let mut request = Request::new(Full::new(Bytes::copy_from_slice(attempt.body.as_bytes())));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static("Vectis (webhook)"));
    for (name, value) in &attempt.headers {
        let value = HeaderValue::from_str(value).map_err(|_| unfit())?;
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(request)
}

/// Seconds, or a date.
fn retry_after(ctx: &Ctx, headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = DateTime::parse_from_rfc2822(text).ok()?;
    (at.to_utc() - ctx.now()).to_std().ok()
}

async fn beginning(mut body: Incoming) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < MOST_ANSWER {
        let Some(Ok(frame)) = body.frame().await else { break };
        let Ok(chunk) = frame.into_data() else { continue };
        bytes.extend_from_slice(&chunk[..chunk.len().min(MOST_ANSWER - bytes.len())]);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
