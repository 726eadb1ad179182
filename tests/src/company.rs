//! Further buying companies, made by staff through the API.

use serde_json::{Value, json};

use crate::shop::PASSWORD;
use crate::{Client, TestHost};

/// A company with a buyer, an approver and an admin (`buyer@<domain>` and so on) at one location.
pub struct Company {
    /// Its id.
    pub account: String,
    /// The id of its only location.
    pub location: String,
    /// The id of its only address.
    pub address: String,
    /// The employees' ids by role, as the API answers them.
    pub employees: Value,
    domain: String,
}

impl Company {
    /// One of its people: `buyer`, `approver` or `admin`, in the wholesale channel.
    pub async fn person(&self, host: &TestHost, who: &str) -> Client {
        let email = format!("{who}@{}", self.domain);
        host.client().channel("wholesale").signed_in(&email, PASSWORD).await
    }

    /// The id of the employee with a role: `Buyer`, `Approver` or `Admin`.
    pub fn employee(&self, role: &str) -> String {
        let all = self.employees.as_array().into_iter().flatten();
        let mut found =
            all.filter(|employee| employee["roleName"] == role).filter_map(|one| one["id"].as_str());
        found.next().expect("a company has this role").to_owned()
    }
}

impl Client {
    /// Makes a company, as staff: active, on terms, with this credit limit in euros.
    pub async fn company(&self, domain: &str, credit_limit: &str) -> Company {
        let person = |role: &str| {
            let email = format!("{}@{domain}", role.to_lowercase());
            json!({ "email": email, "name": role, "password": PASSWORD, "role": role })
        };
        let employees = ["Buyer", "Approver", "Admin"].map(person);
        let account = json!({
            "name": domain,
            "status": "ACTIVE",
            "paymentTerms": "Net30",
            "creditLimit": { "amount": credit_limit, "currencyCode": "EUR" },
            "locations": [{
                "name": "Bremen",
                "address": { "name": domain, "street": "Am Wall 1", "city": "Bremen", "country": "DE" },
                "employees": employees,
            }],
        });
        let made = self.mutate("accountsCreate { accountIds }", json!({ "accounts": [account] })).await.ok();
        self.read_company(made.text("/accountsCreate/accountIds/0"), domain).await
    }

    /// A company that is there already, as staff see it.
    pub async fn read_company(&self, account: String, domain: &str) -> Company {
        let query = "query($id: ID!) { account(id: $id) { locations { id addresses { id } } employees { id roleName } } }";
        let read = self.send(query, json!({ "id": account })).await.ok();
        Company {
            location: read.text("/account/locations/0/id"),
            address: read.text("/account/locations/0/addresses/0/id"),
            employees: read.at("/account/employees"),
            domain: domain.to_owned(),
            account,
        }
    }
}
