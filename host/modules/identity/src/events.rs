//! Facts about logins and staff. No names, no e-mails, no secrets.

use std::collections::BTreeSet;

use serde::Serialize;
use vectis_contracts::identity::LoginKind;
use vectis_kernel::ids::{LoginId, SessionId, StaffRoleId};
use vectis_kernel::{Event, Permission};

use crate::store::kind_text;

const LOGIN: &str = "login";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LoginCreated {
    login_id: LoginId,
    kind: &'static str,
}

pub(crate) fn login_created(login_id: LoginId, kind: LoginKind) -> Event {
    let payload = LoginCreated { login_id, kind: kind_text(kind) };
    Event::new("vectis.identity.login_created.v1", LOGIN, login_id.0, payload)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LoginActivated {
    login_id: LoginId,
    is_active: bool,
}

pub(crate) fn login_activated(login_id: LoginId, is_active: bool) -> Event {
    let payload = LoginActivated { login_id, is_active };
    Event::new("vectis.identity.login_activated.v1", LOGIN, login_id.0, payload)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PasswordChanged {
    login_id: LoginId,
}

pub(crate) fn password_changed(login_id: LoginId) -> Event {
    Event::new("vectis.identity.password_changed.v1", LOGIN, login_id.0, PasswordChanged { login_id })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RefreshTokenReused {
    login_id: LoginId,
    session_id: SessionId,
}

pub(crate) fn refresh_token_reused(login_id: LoginId, session_id: SessionId) -> Event {
    let payload = RefreshTokenReused { login_id, session_id };
    Event::new("vectis.identity.refresh_token_reused.v1", LOGIN, login_id.0, payload)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StaffRolesSet<'a> {
    login_id: LoginId,
    role_ids: &'a [StaffRoleId],
}

pub(crate) fn staff_roles_set(login_id: LoginId, role_ids: &[StaffRoleId]) -> Event {
    let payload = StaffRolesSet { login_id, role_ids };
    Event::new("vectis.identity.staff_roles_set.v1", LOGIN, login_id.0, payload)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StaffRoleChanged<'a> {
    role_id: StaffRoleId,
    name: &'a str,
    permissions: &'a BTreeSet<Permission>,
}

pub(crate) fn staff_role_changed(id: StaffRoleId, name: &str, permissions: &BTreeSet<Permission>) -> Event {
    let payload = StaffRoleChanged { role_id: id, name, permissions };
    Event::new("vectis.identity.staff_role_changed.v1", "staffrole", id.0, payload)
}
