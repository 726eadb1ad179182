//! `vectis schema`: the GraphQL schema definition, with what the plugins of the folder add. None of their code runs.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::Value;
use vectis_contracts::plugin_fields::AddedSdl;
use vectis_graphql::{judge_additions, sdl, sdl_with};

use super::staff::Staff;
use super::{say, say_error};
use crate::cli::{ConfigArgs, SchemaArgs, ServerArgs};
use crate::config::{Plugins, load};

/// Prints the schema definition, or compares it with a file.
pub async fn run(config: &ConfigArgs, args: &SchemaArgs) -> anyhow::Result<ExitCode> {
    let sdl = match &args.url {
        Some(url) => of_shop(url, args).await?,
        None if args.core => sdl(),
        None => sdl_with(additions(&load(config)?.plugins)?),
    };
    let Some(file) = &args.check else {
        std::io::stdout().write_all(sdl.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    };
    let committed =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    if committed != sdl {
        let (file, core) = (file.display(), if args.core { " --core" } else { "" });
        bail!("{file} is not what the code says; run `vectis schema{core} > {file}`");
    }
    say("the schema is what the file says");
    Ok(ExitCode::SUCCESS)
}

/// As a running shop has it.
async fn of_shop(url: &str, args: &SchemaArgs) -> anyhow::Result<String> {
    let server =
        ServerArgs { url: url.to_owned(), email: args.email.clone(), password: args.password.clone() };
    let data = Staff::sign_in(&server).await?.send("{ schemaDefinition }", Value::Null).await?;
    let sdl = data["schemaDefinition"].as_str().context("the shop prints no schema")?;
    Ok(sdl.to_owned())
}

/// What the plugins of a folder add, each beside those before it. Those that cannot be merged are named and left out, as a
/// start would.
fn additions(config: &Plugins) -> anyhow::Result<Vec<AddedSdl>> {
    let (folder, trust) = (&config.folder, config.trust_options());
    let mut added: Vec<AddedSdl> = Vec::new();
    let files =
        vectis_plugin_runtime::files(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for file in files {
        let found = match vectis_plugin_runtime::inspect(&file, &trust)? {
            Ok(found) => found,
            Err(refusal) => {
                say_error(&refusal.to_string());
                continue;
            }
        };
        if let Err(refusal) = &found.verdict {
            say_error(refusal);
            continue;
        }
        let Some(sdl) = found.graphql else { continue };
        let (plugin, permissions) = (found.manifest.plugin.name, found.manifest.permissions.add);
        let candidate = AddedSdl { plugin, sdl, permissions };
        match judge_additions(&added, &candidate) {
            Ok(()) => added.push(candidate),
            Err(why) => say_error(&format!("{} left out: {why}", candidate.plugin)),
        }
    }
    Ok(added)
}
