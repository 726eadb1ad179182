//! What plugins add to the GraphQL API, and how they are asked for it. The plugin runtime finds and asks; the API merges,
//! types and checks. The definitions go between the two as text, so that neither knows the other's types.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};
use uuid::Uuid;
use vectis_kernel::Ctx;

use crate::points::PointError;

/// What one plugin adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddedSdl {
    /// The plugin's name.
    pub plugin: String,
    /// Its definitions as it embeds them.
    pub sdl: String,
    /// Permission keys its manifest adds to the platform's.
    pub permissions: Vec<String>,
}

/// What the plugins of one set add. The same `Arc` as long as nothing about it changes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Additions {
    /// Rises with each change.
    pub generation: u64,
    /// Each judged beside those before it.
    pub plugins: Vec<AddedSdl>,
}

/// Whether a plugin's additions can be merged beside those accepted before; otherwise one sentence: where, why, fix.
pub type JudgeAdditions = fn(accepted: &[AddedSdl], candidate: &AddedSdl) -> Result<(), String>;

/// A field as a plugin declares it, to be tried out.
pub struct DeclaredField {
    /// What it is.
    pub kind: FieldKind,
    /// `Product.warrantyMonths`, or the name of an operation.
    pub name: String,
    /// What it needs to know of a parent: each fact with values that it may have.
    pub needs: Vec<(String, Vec<Value>)>,
    /// Arguments that it may be asked with; the first are the plainest.
    pub arguments: Vec<Map<String, Value>>,
    /// Whether an answer is of its declared type; otherwise what is wrong.
    pub check: CheckAnswer,
}

/// Holds an answer against a declared type.
pub type CheckAnswer = Box<dyn Fn(&Value) -> Result<(), String> + Send + Sync>;

/// The fields of a plugin, in the order of their names, mutations last. `texts` are words that arguments shall have.
pub type ReadDeclared = fn(added: &AddedSdl, texts: &[String]) -> Result<Vec<DeclaredField>, String>;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FieldKind {
    /// A field on a type of the platform: an answer per parent.
    Field,
    /// A field of `Query`: one answer.
    Query,
    /// A field of `Mutation`: one answer.
    Mutation,
}

/// A thing of the platform that a field is asked of.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldParent {
    /// Its id.
    pub id: Uuid,
    /// What the plugin needs to know of it.
    pub facts: Map<String, Value>,
}

/// One call of a plugin.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldQuestion {
    /// The plugin's name.
    pub plugin: String,
    /// What is asked.
    pub kind: FieldKind,
    /// `Product.warrantyMonths`, or the name of an operation.
    pub field: String,
    /// At most [`MAX_PARENTS`], each once; none for operations.
    pub parents: Vec<FieldParent>,
    /// Checked against the declared types.
    pub arguments: Map<String, Value>,
}

/// Why a plugin gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// Why.
    pub error: PointError,
    /// It ran out of time and may still be at it: what it does is not known.
    pub is_underway: bool,
}

impl From<PointError> for Unanswered {
    fn from(error: PointError) -> Self {
        Self { error, is_underway: false }
    }
}

/// Parents of one call.
pub const MAX_PARENTS: usize = 10_000;

/// The plugins that add to the API.
#[async_trait]
pub trait PluginFields: Send + Sync {
    /// What the plugins of the request's set add.
    fn additions(&self, ctx: &Ctx) -> Arc<Additions>;

    /// Asks a plugin of the request's set: an answer per parent, one for an operation. Nobody has looked at the answers yet
    /// but at their number and size. No transaction may be open.
    async fn ask(&self, ctx: &Ctx, question: FieldQuestion) -> Result<Vec<Value>, Unanswered>;
}
