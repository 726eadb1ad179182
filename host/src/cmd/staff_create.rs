//! `vectis staff`: the first member of staff of a new shop, who can make all others through the API.

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::anyhow;
use vectis_contracts::identity::{CreateLogin, LoginCode, LoginKind};
use vectis_graphql::Services;
use vectis_kernel::ids::LoginId;
use vectis_kernel::{Ctx, Failure, Permission, permission};

use super::say;
use crate::cli::StaffArgs;
use crate::compose::{Migrations, compose};
use crate::config::Config;
use crate::telemetry;

/// Makes the login in the shop's database. A private cluster must not be in use by a running shop.
pub async fn run(config: Config, args: StaffArgs) -> anyhow::Result<ExitCode> {
    telemetry::start_logs(&config.log)?;
    let host = compose(config, Migrations::Apply).await?;
    let login = CreateLogin {
        email: args.email,
        name: args.name,
        password: Some(args.password),
        kind: LoginKind::Staff,
    };
    let made = create_administrator(&Ctx::system("staff"), host.api.services(), login).await;
    host.stop().await;
    match made {
        Ok(_) => say("made; sign in with signIn"),
        Err(Failure::Refused(refusals)) => {
            let why: Vec<String> = refusals.into_iter().map(|refusal| refusal.message).collect();
            return Err(anyhow!("{}", why.join("; ")));
        }
        Err(Failure::Internal(error)) => return Err(anyhow!(error.0)),
    }
    Ok(ExitCode::SUCCESS)
}

/// A login with the role Administrator, which holds every permission of staff.
pub(crate) async fn create_administrator(
    ctx: &Ctx,
    services: &Services,
    login: CreateLogin,
) -> Result<LoginId, Failure<LoginCode>> {
    let all: BTreeSet<Permission> = permission::staff::ALL.iter().cloned().collect();
    let role = services.identity.staff_role_upsert(ctx, "Administrator", all).await?;
    services.identity.staff_create(ctx, login, vec![role]).await
}
