//! `vectis.fields`: what a plugin adds to the GraphQL API.
//!
//! The additions are declared as SDL in a file that `export_plugin!` embeds, so the host merges them into its one schema without
//! running the plugin: typed, with their descriptions, shown only to those who may use them. The plugin answers with JSON; the
//! host holds each answer against the declared type before anybody sees it.
//!
//! ```graphql
//! extend type Product {
//!   "Months the maker stands in for it."
//!   warrantyMonths: Int! @public @needs(fields: "taxCategory")
//! }
//!
//! "What a warranty covers."
//! type WarrantyTerms @public {
//!   months: Int!
//!   coversParts: Boolean!
//! }
//!
//! extend type Query {
//!   "The terms for a tax category."
//!   warrantyTerms(taxCategory: String!): WarrantyTerms @public
//! }
//!
//! extend type Mutation {
//!   warrantyRegister(input: WarrantyRegisterInput!): WarrantyRegisterPayload! @permission(key: "warranty.register")
//! }
//! ```
//!
//! - **Who may use it** is said for every field, by `@public` or `@permission(key: "area.action")` on the field or on its type.
//!   A key is one of the platform's or one that the manifest adds under `[permissions]`.
//! - **Fields on types of the platform** may be added to `Query`, `Mutation` and every type that has an `id: ID!`. All parents of
//!   a field in a request come in one call of [`Fields::resolve`], each once, wherever in the query they stand.
//! - **`@needs(fields: "sku name")`** asks for facts about the parents: fields of theirs without arguments that everybody may read.
//!   They are in [`Parent::facts`].
//! - **Own types** are objects, inputs and enums. Types of fields are these, the built-in scalars, `Decimal`, `CurrencyCode`,
//!   `Quantity`, `DateTime`, `JSON`, `Money` and `UnitPrice`. Fields of own objects take no arguments: give the whole object, the
//!   host leaves out what was not asked for.
//! - **Names** are taken once: the platform's come first, and the second plugin with the same name is refused. Begin the names of
//!   your types and operations with a word of your own.
//!
//! # What added fields promise
//!
//! - Every declared field is answered; what a caller can mend stands in the answer.
//! - An answer is of the declared type, whatever was asked for.
//! - A field has a value for each parent, in the order of the parents.
//! - The value for a parent does not depend on who else is in the call.
//! - A field that is not declared is answered with an error.
//!
//! # A complete plugin
//!
//! ```
//! # macro_rules! export_plugin { ($($tokens:tt)*) => {}; }
//! use vectis_plugin_api::fields::{Arguments, Fields, FieldsCtx, Parent};
//! use vectis_plugin_api::schemars::{self, JsonSchema};
//! use vectis_plugin_api::serde::Deserialize;
//! use vectis_plugin_api::serde_json::{Value, json};
//! use vectis_plugin_api::{Error, Host, testing};
//!
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
//! struct Config {
//!     months: u32,
//! }
//!
//! struct Warranty(Config);
//!
//! impl Fields for Warranty {
//!     type Config = Config;
//!
//!     fn new(config: Config, _host: Host) -> Result<Self, Error> {
//!         Ok(Self(config))
//!     }
//!
//!     fn resolve(&self, ctx: &FieldsCtx, field: &str, parents: &[Parent], _: &Arguments) -> Result<Vec<Value>, Error> {
//!         match field {
//!             "Product.warrantyMonths" => Ok(parents.iter().map(|_| json!(self.0.months)).collect()),
//!             _ => Err(ctx.unknown(field)),
//!         }
//!     }
//! }
//!
//! export_plugin! {
//!     manifest: "../plugin.toml",
//!     fields: { "acme-warranty" => Warranty }, graphql: "../fields.graphql",
//! }
//!
//! let warranty = testing::fields::<Warranty>(r#"{ "months": 24 }"#)?;
//! assert_eq!(warranty.resolve("Product.warrantyMonths", &testing::parents(3), json!({}))?, [24, 24, 24]);
//! # Ok::<(), Error>(())
//! ```
//!
//! Since 1.1.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::abi::id::Id;
use crate::deadline::Deadline;
use crate::error::{Error, ErrorCode};
use crate::host::Host;

/// Answers the fields a plugin adds to the GraphQL API.
///
/// One instance serves many requests at once; there is one per channel it is activated in.
pub trait Fields: Sized + Send + Sync + 'static {
    /// What an operator sets. Use `deny_unknown_fields`, so that a typing error is an error.
    type Config: DeserializeOwned + JsonSchema;

    /// Builds it for one channel; runs at start, after a change of the configuration, and after a panic.
    ///
    /// # Errors
    /// [`Error::config`] with the JSON pointer of the value that is wrong; the plugin is then refused with that sentence.
    fn new(config: Self::Config, host: Host) -> Result<Self, Error>;

    /// A field on a type of the platform, `Product.warrantyMonths`: a value per parent, in their order.
    ///
    /// The call carries all parents of the field in a request, each once, 1 to 10,000 of them; a request that asks for the field
    /// with different arguments makes one call for each.
    ///
    /// # Errors
    /// The field is null wherever it was asked for (or what holds it, where it is declared `!`), and the caller gets an error
    /// that names the plugin.
    fn resolve(
        &self,
        ctx: &FieldsCtx,
        field: &str,
        parents: &[Parent],
        arguments: &Arguments,
    ) -> Result<Vec<Value>, Error> {
        let _ = (parents, arguments);
        Err(ctx.unknown(field))
    }

    /// A query by its name, `warrantyTerms`. It changes nothing.
    ///
    /// # Errors
    /// As with [`Self::resolve`].
    fn query(&self, ctx: &FieldsCtx, query: &str, arguments: &Arguments) -> Result<Value, Error> {
        let _ = arguments;
        Err(ctx.unknown(query))
    }

    /// A mutation by its name, `warrantyRegister`. No transaction of the platform is open, and what the mutation does is not
    /// undone when the rest of the request fails. Say in the answer what a caller can mend; errors are for what broke.
    ///
    /// A caller that sends an `Idempotency-Key` gets the stored answer when it asks again; the mutation is not called twice.
    ///
    /// # Errors
    /// As with [`Self::resolve`]. Nothing is stored under the caller's key then.
    fn mutate(&self, ctx: &FieldsCtx, mutation: &str, arguments: &Arguments) -> Result<Value, Error> {
        let _ = arguments;
        Err(ctx.unknown(mutation))
    }
}

/// Who asks, where and when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct FieldsCtx {
    /// The channel the request came through, if any.
    pub channel_id: Option<Id>,
    /// The company that asks, if one does.
    pub account_id: Option<Id>,
    /// The person signed in, if one is.
    pub login_id: Option<Id>,
    /// Whether that person is the merchant's staff.
    pub is_staff: bool,
    /// The instant of the request, milliseconds since 1970.
    pub now_ms: i64,
    /// What the caller sent to have a mutation done once.
    pub idempotency_key: Option<String>,
    #[serde(skip)]
    pub(crate) deadline: Deadline,
}

impl FieldsCtx {
    /// Fails once the time budget of the call is used up; see [`Deadline::check`].
    ///
    /// # Errors
    /// [`ErrorCode::DEADLINE`], to be passed on with `?`.
    pub fn check(&self) -> Result<(), Error> {
        self.deadline.check()
    }

    /// The error for a field that the SDL declares and the code does not know.
    pub fn unknown(&self, field: &str) -> Error {
        Error::new(ErrorCode::UNSUPPORTED, format!("the plugin's code does not answer {field}"))
    }
}

/// A thing of the platform that a field is asked of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Parent {
    /// Its id.
    pub id: Id,
    /// What the field `@needs` of it, by name.
    #[serde(default)]
    pub facts: Map<String, Value>,
}

impl Parent {
    /// A parent with these facts.
    pub fn new<N: Into<String>>(id: Id, facts: impl IntoIterator<Item = (N, Value)>) -> Self {
        Self { id, facts: facts.into_iter().map(|(name, value)| (name.into(), value)).collect() }
    }

    /// A fact that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.facts.get(name)?.as_str()
    }
}

/// The arguments of a field, checked against their declared types; those left out have their default or are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Arguments(pub Map<String, Value>);

impl Arguments {
    /// An argument, `None` when it was left out.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// An argument that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// One argument as a type of the plugin's own, an input object for instance.
    ///
    /// # Errors
    /// [`ErrorCode::INPUT`] with the path of what does not fit.
    pub fn read<T: DeserializeOwned>(&self, name: &str) -> Result<T, Error> {
        let value = self.get(name).cloned().unwrap_or_default();
        serde_path_to_error::deserialize(value).map_err(|error| {
            let path = error.path().to_string();
            // The whole argument is written as a dot.
            let place = if path == "." { name.to_owned() } else { format!("{name}.{path}") };
            Error::input(format!("{place}: {}", error.inner()))
        })
    }
}
