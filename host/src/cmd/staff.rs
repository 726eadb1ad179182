//! Commands to a running shop, sent through its public API as a member of staff.

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::cli::ServerArgs;

/// A signed-in member of staff.
pub(crate) struct Staff {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Staff {
    /// Signs in.
    pub(crate) async fn sign_in(server: &ServerArgs) -> anyhow::Result<Self> {
        let mut staff =
            Self { http: reqwest::Client::builder().build()?, url: server.url.clone(), token: String::new() };
        let query = "mutation($i: SignInInput!) { signIn(input: $i) { tokens { accessToken } userErrors { message } } }";
        let variables = json!({ "i": { "email": server.email, "password": server.password } });
        let data = staff.send(query, variables).await?;
        let token = data["signIn"]["tokens"]["accessToken"].as_str();
        staff.token = token.with_context(|| format!("{} could not sign in", server.email))?.to_owned();
        Ok(staff)
    }

    /// Sends a document; user errors of its only field are errors here.
    pub(crate) async fn send(&self, query: &str, variables: Value) -> anyhow::Result<Value> {
        let mut request = self.http.post(&self.url).json(&json!({ "query": query, "variables": variables }));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        let response = request.send().await.with_context(|| format!("no shop answers at {}", self.url))?;
        let body: Value = response.json().await.context("the answer is not JSON")?;
        if let Some(message) = body["errors"][0]["message"].as_str() {
            bail!("{message}");
        }
        let payload =
            body["data"].as_object().and_then(|data| data.values().next()).cloned().unwrap_or_default();
        if let Some(error) = payload["userErrors"].as_array().and_then(|errors| errors.first()) {
            let field: Vec<&str> =
                error["field"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let at = if field.is_empty() { String::new() } else { format!(" (at {})", field.join(".")) };
            bail!("{}{at}", error["message"].as_str().unwrap_or("refused"));
        }
        Ok(body["data"].clone())
    }
}
