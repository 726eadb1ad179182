//! A GraphQL client that says what a test wants to say.

#![expect(clippy::panic, reason = "a test ends where an answer is not what it must be")]

use serde_json::{Value, json};

/// Speaks to one host as one person.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    headers: Vec<(&'static str, String)>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Graphql {
    /// HTTP status.
    pub status: u16,
    /// The whole body.
    pub body: Value,
}

impl Graphql {
    /// From what came over the wire; a body that is no JSON becomes text.
    pub fn read(status: u16, body: &[u8]) -> Self {
        let body = serde_json::from_slice(body).unwrap_or_else(|_| json!(String::from_utf8_lossy(body)));
        Self { status, body }
    }

    /// A value by JSON pointer below `data`; null when absent.
    pub fn at(&self, pointer: &str) -> Value {
        self.body["data"].pointer(pointer).cloned().unwrap_or(Value::Null)
    }

    /// Text by JSON pointer below `data`; panics with the whole answer when absent.
    pub fn text(&self, pointer: &str) -> String {
        let value = self.at(pointer);
        value.as_str().map(str::to_owned).unwrap_or_else(|| panic!("no text at {pointer}: {}", self.body))
    }

    /// `code @ field.path` of all user errors of the only mutation, in order.
    pub fn user_errors(&self) -> Vec<String> {
        let data = self.body["data"].as_object().unwrap_or_else(|| panic!("no data: {}", self.body));
        let errors = data.values().next().map(|payload| payload["userErrors"].clone()).unwrap_or_default();
        let line = |error: &Value| {
            let field: Vec<&str> =
                error["field"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            format!("{} @ {}", error["code"].as_str().unwrap_or("?"), field.join("."))
        };
        errors.as_array().into_iter().flatten().map(line).collect()
    }

    /// `extensions.code` of the first top-level error.
    pub fn error_code(&self) -> String {
        self.body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The same answer, which must have neither top-level nor user errors.
    pub fn ok(self) -> Self {
        assert!(self.body["errors"].is_null(), "{}", self.body);
        assert_eq!(self.user_errors(), Vec::<String>::new(), "{}", self.body);
        self
    }
}

impl Client {
    /// Nobody, at an address.
    pub fn new(url: String) -> Self {
        let http = reqwest::Client::builder().build().expect("a client can be built");
        Self { http, url, headers: Vec::new() }
    }

    /// The same with a header more.
    pub fn with(&self, header: &'static str, value: impl Into<String>) -> Self {
        let mut client = self.clone();
        client.headers.retain(|(name, _)| *name != header);
        client.headers.push((header, value.into()));
        client
    }

    /// The same person, at another address.
    pub fn at(&self, url: String) -> Self {
        Self { url, ..self.clone() }
    }

    /// The same, in a channel.
    pub fn channel(&self, slug: &str) -> Self {
        self.with("x-channel", slug)
    }

    /// The same, signed in.
    pub async fn signed_in(&self, email: &str, password: &str) -> Self {
        let answer = self
            .send(
                "mutation($i: SignInInput!) { signIn(input: $i) { tokens { accessToken } userErrors { code field message } } }",
                json!({ "i": { "email": email, "password": password } }),
            )
            .await
            .ok();
        self.with("authorization", format!("Bearer {}", answer.text("/signIn/tokens/accessToken")))
    }

    /// Sends one mutation with its input and reads its user errors and what else is named: `orderPlace { order { id } }`.
    pub async fn mutate(&self, mutation: &str, input: Value) -> Graphql {
        let (name, wanted) = mutation.split_once('{').unwrap_or((mutation, "}"));
        let (name, wanted) = (name.trim(), wanted.trim_end().strip_suffix('}').unwrap_or(wanted));
        let query = format!(
            "mutation($i: {}!) {{ {name}(input: $i) {{ {wanted} userErrors {{ code field message }} }} }}",
            input_type(name)
        );
        self.send(&query, json!({ "i": input })).await
    }

    /// Sends a document with variables.
    pub async fn send(&self, query: &str, variables: Value) -> Graphql {
        self.try_send(query, variables).await.expect("the host answers")
    }

    /// The same; fails when the host does not answer.
    pub async fn try_send(&self, query: &str, variables: Value) -> Result<Graphql, reqwest::Error> {
        let (status, body) = self.exchange(request(query, variables)).await?;
        Ok(Graphql::read(status, &body))
    }

    /// Sends a body as it is; status and body of the answer as they are. For those who measure: builds and reads nothing.
    pub async fn exchange(&self, body: Vec<u8>) -> Result<(u16, Vec<u8>), reqwest::Error> {
        let mut request = self.http.post(&self.url).header("content-type", "application/json").body(body);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        Ok((status, response.bytes().await?.into()))
    }
}

/// The type of a mutation's input: its name's, but for inputs that several share.
fn input_type(mutation: &str) -> String {
    match mutation {
        "cartSubmit" => "OrderPlaceInput".to_owned(),
        "approvalRequestApprove" | "approvalRequestReject" => "ApprovalDecideInput".to_owned(),
        "tokenRefresh" | "signOut" => "RefreshTokenInput".to_owned(),
        "customerRegister" => "LoginInput".to_owned(),
        "channelCreate" => "ChannelSettingsInput".to_owned(),
        name => {
            let (first, rest) = name.split_at(1);
            format!("{}{rest}Input", first.to_uppercase())
        }
    }
}

/// The body of a request.
#[expect(clippy::needless_pass_by_value, reason = "callers make the variables on the spot")]
pub fn request(query: &str, variables: Value) -> Vec<u8> {
    serde_json::to_vec(&json!({ "query": query, "variables": variables }))
        .expect("a value can be written as JSON")
}
