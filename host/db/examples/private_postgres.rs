//! Starts a private PostgreSQL in the folder given, prints `ready` and stays until it is killed:
//! `cargo run -p vectis-db --example private_postgres -- /tmp/somewhere`.

use std::io::Write;

use vectis_db::{EmbeddedOptions, EmbeddedPostgres};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Some(folder) = std::env::args().nth(1) else { anyhow::bail!("give a folder") };
    let _postgres = EmbeddedPostgres::start(EmbeddedOptions::new(folder)).await?;
    writeln!(std::io::stdout(), "ready")?;
    std::future::pending().await
}
