//! The buying companies of the file, in the shop.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::{Call, CallError};
use crate::desk::{Desk, Page};
use crate::mine::Account;

/// Ids by customer number.
pub(crate) type AccountIds = HashMap<String, String>;

/// All accounts of the shop that have a customer number.
pub(crate) async fn list(desk: &Desk) -> Result<AccountIds, CallError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Node {
        id: String,
        external_reference: Option<String>,
    }
    const ACCOUNTS: &str = "query Accounts($after: String) { accounts(first: 100, after: $after) { \
        nodes { id externalReference } pageInfo { hasNextPage endCursor } } }";
    let mut ids = AccountIds::new();
    let mut after: Option<String> = None;
    loop {
        let page: Page<Node> = desk.query(&Call::new(ACCOUNTS, json!({ "after": after }))).await?;
        ids.extend(page.nodes.into_iter().filter_map(|node| Some((node.external_reference?, node.id))));
        after = page.page_info.next();
        if after.is_none() {
            return Ok(ids);
        }
    }
}

/// Makes accounts, all or nothing; their ids in the same order.
pub(crate) async fn make(
    desk: &Desk,
    accounts: &[&Account],
    buyer_password: &str,
    key: &str,
) -> Result<Vec<String>, CallError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Made {
        account_ids: Vec<String>,
    }
    const CREATE: &str = "mutation Accounts($input: AccountsCreateInput!) { accountsCreate(input: $input) { \
        accountIds userErrors { code field message } } }";
    let inputs: Vec<Value> = accounts.iter().map(|account| input(account, buyer_password)).collect();
    let call = Call::new(CREATE, json!({ "input": { "accounts": inputs, "idempotencyKey": key } }));
    Ok(desk.command::<Made>(&call).await?.account_ids)
}

fn input(account: &Account, buyer_password: &str) -> Value {
    let employee = |email: String, role: &str| {
        json!({
            "email": email,
            "name": format!("{role} of {}", account.name()),
            "password": buyer_password,
            "role": role,
        })
    };
    let place = if account.country.is_empty() { account.country_code } else { &account.country };
    json!({
        "name": account.name(),
        "externalReference": account.number,
        "status": "ACTIVE",
        "locations": [{
            "name": place,
            "address": { "name": account.name(), "country": account.country_code },
            "employees": [
                employee(account.buyer_email(), "Buyer"),
                employee(account.approver_email(), "Approver"),
            ],
        }],
    })
}
