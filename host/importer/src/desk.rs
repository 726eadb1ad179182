//! The merchant's staff at a running shop.

use anyhow::Context as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::client::{Call, CallError, Shop};
use crate::session::Identity;

/// A shop and a member of staff in it.
#[derive(Debug)]
pub(crate) struct Desk {
    /// The shop.
    pub(crate) shop: Shop,
    /// The member of staff.
    pub(crate) staff: Identity,
}

impl Desk {
    /// Signs in at the shop at `url`.
    pub(crate) async fn open(url: &str, email: &str, password: &str) -> anyhow::Result<Self> {
        #[derive(Deserialize)]
        struct Me {
            kind: String,
        }
        let desk = Self { shop: Shop::at(url)?, staff: Identity::login(email, password) };
        let me: Me = desk
            .query(&Call::new("query Me { me { kind } }", json!({})))
            .await
            .with_context(|| format!("cannot sign in to {url} as {email}"))?;
        anyhow::ensure!(me.kind == "STAFF", "{email} is no member of staff");
        Ok(desk)
    }

    /// The answer to a question of staff.
    pub(crate) async fn query<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, CallError> {
        self.shop.query(&self.staff, call).await
    }

    /// What a command of staff left behind.
    pub(crate) async fn command<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, CallError> {
        self.shop.command(&self.staff, call).await
    }
}

/// A page of a list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page<T> {
    pub(crate) nodes: Vec<T>,
    pub(crate) page_info: PageInfo,
}

/// Where a list goes on.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageInfo {
    pub(crate) has_next_page: bool,
    pub(crate) end_cursor: Option<String>,
}

impl PageInfo {
    /// The cursor to continue behind; `None` at the end.
    pub(crate) fn next(self) -> Option<String> {
        self.end_cursor.filter(|_| self.has_next_page)
    }
}
