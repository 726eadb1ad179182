//! What a plugin may declare, and what async-graphql must keep doing for added fields to work.

mod declaring;
mod engine;

use vectis_contracts::plugin_fields::AddedSdl;

use crate::judge_additions;

fn plugin(name: &str, sdl: &str) -> AddedSdl {
    let permissions = vec!["acme.read".to_owned()];
    AddedSdl { plugin: name.to_owned(), sdl: sdl.to_owned(), permissions }
}

/// Why the definitions are refused, or nothing.
fn refusal(sdl: &str) -> String {
    refusal_beside(&[], sdl)
}

fn refusal_beside(others: &[AddedSdl], sdl: &str) -> String {
    judge_additions(others, &plugin("acme", sdl)).err().unwrap_or_default()
}
