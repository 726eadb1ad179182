//! The one warehouse of the file.

use serde::Deserialize;
use serde_json::json;

use crate::client::{Call, CallError};
use crate::countries::MERCHANT;
use crate::desk::Desk;

const CODE: &str = "GB-1";

/// Its id; `None` when there is none yet.
pub(crate) async fn find(desk: &Desk) -> Result<Option<String>, CallError> {
    #[derive(Deserialize)]
    struct Warehouse {
        id: String,
        code: String,
    }
    let call = Call::new("query Warehouses { warehouses { id code } }", json!({}));
    let all: Vec<Warehouse> = desk.query(&call).await?;
    Ok(all.into_iter().find(|warehouse| warehouse.code == CODE).map(|warehouse| warehouse.id))
}

/// Makes it, or finds it.
pub(crate) async fn make(desk: &Desk) -> Result<String, CallError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Made {
        warehouse_id: String,
    }
    const UPSERT: &str = "mutation Warehouse($input: WarehouseUpsertInput!) { warehouseUpsert(input: $input) { \
        warehouseId userErrors { code field message } } }";
    let input = json!({ "input": { "code": CODE, "name": "Warehouse", "country": MERCHANT } });
    Ok(desk.command::<Made>(&Call::new(UPSERT, input)).await?.warehouse_id)
}
