//! Removing lines.

use async_trait::async_trait;
use serde_json::json;
use vectis_contracts::carts::CartCode;
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::ids::CartLineId;
use vectis_kernel::{Ctx, Failure};

use crate::command::{Change, Command};
use crate::gather::Gathered;
use crate::plan;
use crate::service::PgCarts;
use crate::update::{named_lines, unknown_line};

/// Removes these lines, or all.
pub(crate) struct RemoveLines {
    pub(crate) line_ids: Option<Vec<CartLineId>>,
}

#[async_trait]
impl Command for RemoveLines {
    async fn plan(
        &self,
        _carts: &PgCarts,
        _ctx: &Ctx,
        gathered: &Gathered,
    ) -> Result<Change, Failure<CartCode>> {
        let present = &gathered.stored.cart.lines;
        let remove: Vec<CartLineId> = match &self.line_ids {
            None => present.iter().map(|line| line.id).collect(),
            Some(ids) => {
                plan::check_call_size(ids.len())?;
                let named = named_lines(present, ids.iter().copied()).into_iter().enumerate();
                let unknown = named.filter(|(_, line)| line.is_none());
                refuse_if_any(unknown.map(|(index, _)| unknown_line(index)).collect())?;
                ids.clone()
            }
        };
        Ok(Change {
            detail: json!({ "lines": remove.len() }),
            line_ids: remove.clone(),
            remove,
            ..Change::of("cart.lines_remove")
        })
    }
}
