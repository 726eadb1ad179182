//! A plugin that adds to the GraphQL API: a field of products and a mutation. What it adds stands in `fields.graphql`.

use vectis_plugin_api::fields::{Arguments, Fields, FieldsCtx, Parent};
use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
use vectis_plugin_api::serde_json::{Value, json};
use vectis_plugin_api::{Error, Host, export_plugin};

/// What an operator sets.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
pub struct Config {
    /// How everybody is greeted.
    #[serde(default = "hello")]
    greeting: String,
}

fn hello() -> String {
    "Hello".to_owned()
}

/// Answers the fields.
pub struct PluginTemplate {
    config: Config,
    host: Host,
}

impl PluginTemplate {
    fn greet(&self, name: &str) -> Value {
        json!(format!("{} {name}", self.config.greeting))
    }
}

impl Fields for PluginTemplate {
    type Config = Config;

    fn new(config: Config, host: Host) -> Result<Self, Error> {
        if config.greeting.is_empty() {
            return Err(Error::config("/greeting", "must say something"));
        }
        Ok(Self { config, host })
    }

    fn resolve(
        &self,
        ctx: &FieldsCtx,
        field: &str,
        parents: &[Parent],
        _: &Arguments,
    ) -> Result<Vec<Value>, Error> {
        match field {
            "Product.greeting" => {
                let greet = |parent: &Parent| self.greet(parent.text("name").unwrap_or_default());
                Ok(parents.iter().map(greet).collect())
            }
            _ => Err(ctx.unknown(field)),
        }
    }

    fn mutate(&self, ctx: &FieldsCtx, mutation: &str, arguments: &Arguments) -> Result<Value, Error> {
        match mutation {
            "greetingSend" => {
                self.host.info("greeted somebody");
                Ok(self.greet(arguments.text("to").unwrap_or_default()))
            }
            _ => Err(ctx.unknown(mutation)),
        }
    }
}

export_plugin! {
    manifest: "../plugin.toml",
    fields: { "plugin-template" => PluginTemplate }, graphql: "../fields.graphql",
}

#[cfg(test)]
mod tests;
