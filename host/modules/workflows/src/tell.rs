//! Something is told to instances, in the unit of work of whoever tells it.

use std::collections::BTreeMap;

use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::ports::process::Happening;
use vectis_contracts::workflows::WorkflowCode;
use vectis_kernel::{Ctx, Failure};

use crate::store;

/// What is told to one instance.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// The definition's name.
    pub(crate) process: String,
    /// The business id.
    pub(crate) key: String,
    /// The version to begin with, when this is a beginning.
    pub(crate) begins: Option<u32>,
    /// Told once under this id.
    pub(crate) id: Uuid,
    /// What.
    pub(crate) happening: Happening,
}

/// Tells. What comes before the beginning waits for it; what comes twice, or after the end, is nothing. The statements do not grow
/// with the number of things told.
pub(crate) async fn tell(tx: &mut Tx, ctx: &Ctx, told: Vec<Told>) -> Result<(), Failure<WorkflowCode>> {
    if told.is_empty() {
        return Ok(());
    }
    // Of each instance once, in the order of their keys: two who tell take their locks alike.
    let mut instances: BTreeMap<(&str, &str), Option<u32>> = BTreeMap::new();
    for one in &told {
        let begins = instances.entry((&one.process, &one.key)).or_default();
        *begins = begins.or(one.begins);
    }
    let open = store::message::wake(tx, ctx, &instances).await?;
    let mut messages = Vec::with_capacity(told.len());
    for one in &told {
        if let Some(instance_id) = open.get(&(one.process.clone(), one.key.clone())) {
            messages.push((*instance_id, one.id, serde_json::to_value(&one.happening)?));
        }
    }
    store::message::put(tx, ctx, messages).await?;
    store::knock(tx).await?;
    Ok(())
}
