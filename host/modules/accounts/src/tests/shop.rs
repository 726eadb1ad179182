//! An accounts module over a database of its own, with an identity that remembers e-mails and nothing else.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sqlx::PgPool;
use vectis_contracts::Tx;
use vectis_contracts::accounts::{
    Account, AccountStatus, Accounts, CreateAccount, CreateEmployee, CreateLocation, Employee, PostalAddress,
};
use vectis_contracts::audit::{Audit, AuditCode, AuditEntry, AuditFilter, AuditRecord};
use vectis_contracts::identity::{
    AccessClaims, AuthCode, CreateLogin, Identity, InvalidToken, LoginCode, LoginKind, Principal,
    StaffMember, StaffRole, Tokens,
};
use vectis_db::{Db, statements};
use vectis_kernel::ids::{AccountId, LocationId, LoginId, StaffRoleId};
use vectis_kernel::{
    Actor, BuyerActor, Ctx, Failure, IdempotencyKey, Page, PageRequest, Permission, Refusal, RefusalCode,
    StaffActor,
};

use crate::{Deps, MIGRATIONS, build};

/// Remembers what it was told.
#[derive(Default)]
pub(super) struct RememberingAudit(Mutex<Vec<AuditRecord>>);

impl RememberingAudit {
    pub(super) fn records(&self) -> Vec<AuditRecord> {
        self.0.lock().unwrap().clone()
    }

    pub(super) fn actions(&self) -> Vec<&'static str> {
        self.records().iter().map(|record| record.action).collect()
    }
}

#[async_trait]
impl Audit for RememberingAudit {
    async fn record(&self, _: &mut Tx, _: &Ctx, records: &[AuditRecord]) -> Result<(), Failure<AuditCode>> {
        self.0.lock().unwrap().extend_from_slice(records);
        Ok(())
    }

    async fn list(
        &self,
        _: &Ctx,
        _: &AuditFilter,
        _: PageRequest,
    ) -> Result<Page<AuditEntry>, Failure<AuditCode>> {
        Ok(Page { items: Vec::new(), has_next: false })
    }
}

/// Makes logins; does nothing else.
#[derive(Default)]
pub(super) struct MakingLogins(Mutex<HashSet<String>>);

#[async_trait]
impl Identity for MakingLogins {
    async fn logins_create(
        &self,
        _: &mut Tx,
        ctx: &Ctx,
        logins: &[CreateLogin],
    ) -> Result<Vec<LoginId>, Failure<LoginCode>> {
        assert!(logins.iter().all(|login| login.kind == LoginKind::Buyer));
        let mut emails = self.0.lock().unwrap();
        let mut refusals = Vec::new();
        for (at, login) in logins.iter().enumerate() {
            let mut refuse = |code, field: &str| {
                refusals.push(Refusal::at(code, &format!("logins.{at}.{field}"), "no"));
            };
            if !login.email.contains('@') {
                refuse(LoginCode::InvalidEmail, "email");
            } else if emails.contains(&login.email) {
                refuse(LoginCode::EmailTaken, "email");
            }
            if login.name.is_empty() {
                refuse(LoginCode::InvalidInput, "name");
            }
            if login.password.as_ref().is_some_and(|password| password.len() < 8) {
                refuse(LoginCode::WeakPassword, "password");
            }
        }
        if logins.len() == 77 {
            let field = vec!["logins".to_owned()];
            refusals.push(Refusal { code: LoginCode::InvalidInput, field, message: "no".to_owned() });
        }
        vectis_kernel::failure::refuse_if_any(refusals)?;
        emails.extend(logins.iter().map(|login| login.email.clone()));
        Ok(logins.iter().map(|_| ctx.new_id()).collect())
    }

    async fn sign_in(&self, _: &Ctx, _: &str, _: &str) -> Result<Tokens, Failure<AuthCode>> {
        panic!("accounts sign nobody in")
    }

    async fn refresh(&self, _: &Ctx, _: &str) -> Result<Tokens, Failure<AuthCode>> {
        panic!("accounts know no tokens")
    }

    async fn sign_out(&self, _: &Ctx, _: &str) -> Result<(), Failure<AuthCode>> {
        panic!("accounts know no tokens")
    }

    async fn password_change(&self, _: &Ctx, _: &str, _: &str) -> Result<(), Failure<AuthCode>> {
        panic!("accounts change no passwords")
    }

    fn verify(&self, _: &Ctx, _: &str) -> Result<AccessClaims, InvalidToken> {
        panic!("accounts know no tokens")
    }

    async fn find_principal(&self, _: AccessClaims) -> Result<Option<Principal>, Failure<AuthCode>> {
        panic!("accounts ask for no principal")
    }

    async fn customer_register(&self, _: &Ctx, _: CreateLogin) -> Result<LoginId, Failure<LoginCode>> {
        panic!("accounts register no customers")
    }

    async fn login_activate(&self, _: &Ctx, _: LoginId, _: bool) -> Result<(), Failure<LoginCode>> {
        panic!("accounts leave logins as they are")
    }

    async fn logins_by_id(&self, _: &Ctx, _: &[LoginId]) -> Result<Vec<Principal>, Failure<LoginCode>> {
        panic!("accounts have their own copy")
    }

    async fn staff_create(
        &self,
        _: &Ctx,
        _: CreateLogin,
        _: Vec<StaffRoleId>,
    ) -> Result<LoginId, Failure<LoginCode>> {
        panic!("accounts know no staff")
    }

    async fn staff_roles_set(
        &self,
        _: &Ctx,
        _: LoginId,
        _: Vec<StaffRoleId>,
    ) -> Result<(), Failure<LoginCode>> {
        panic!("accounts know no staff")
    }

    async fn staff_list(&self, _: &Ctx, _: PageRequest) -> Result<Page<StaffMember>, Failure<LoginCode>> {
        panic!("accounts know no staff")
    }

    async fn staff_role_upsert(
        &self,
        _: &Ctx,
        _: &str,
        _: BTreeSet<Permission>,
    ) -> Result<StaffRoleId, Failure<LoginCode>> {
        panic!("accounts know no staff")
    }

    async fn staff_roles(&self, _: &Ctx) -> Result<Vec<StaffRole>, Failure<LoginCode>> {
        panic!("accounts know no staff")
    }
}

pub(super) struct Shop {
    pub(super) db: Db,
    pub(super) accounts: Arc<dyn Accounts>,
    pub(super) audit: Arc<RememberingAudit>,
    identity: Arc<MakingLogins>,
    events: Arc<Mutex<Vec<&'static str>>>,
    /// The platform itself.
    pub(super) system: Ctx,
}

pub(super) async fn shop(pool: PgPool) -> Shop {
    let db = vectis_db::testing::db(pool, &[&MIGRATIONS]).await;
    let audit = Arc::new(RememberingAudit::default());
    let identity = Arc::new(MakingLogins::default());
    let deps = Deps {
        db: db.clone(),
        audit: Arc::clone(&audit) as Arc<dyn Audit>,
        identity: Arc::clone(&identity) as Arc<dyn Identity>,
        declared_permissions: Arc::new(|| Permission::parse("wishlists.read").into_iter().collect()),
    };
    let events = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&events);
    db.bus().observe("test", 0, move |event| told.lock().unwrap().push(event.event_type));
    Shop { db, accounts: build(deps).accounts, audit, identity, events, system: Ctx::system("test") }
}

/// A company with a site, an address and three people: `buyer@`, `approver@` and `admin@` its name.
pub(super) fn company(name: &str) -> CreateAccount {
    CreateAccount {
        name: name.to_owned(),
        legal_name: format!("{name} Ltd"),
        external_reference: None,
        status: AccountStatus::Active,
        payment_terms: "Net30".to_owned(),
        credit_limit: None,
        group_ids: Vec::new(),
        locations: vec![site(name)],
    }
}

pub(super) fn site(name: &str) -> CreateLocation {
    let employees = ["Buyer", "Approver", "Admin"].map(|role| {
        let email = format!("{}@{}.example.com", role.to_lowercase(), name.to_lowercase());
        person(&email, role)
    });
    CreateLocation { name: "Main site".to_owned(), address: Some(postal()), employees: employees.into() }
}

pub(super) fn person(email: &str, role: &str) -> CreateEmployee {
    CreateEmployee {
        email: email.to_owned(),
        name: role.to_owned(),
        password: None,
        role: role.to_owned(),
        order_limit: None,
    }
}

pub(super) fn postal() -> PostalAddress {
    PostalAddress {
        name: "Goods in".to_owned(),
        street: "1 High Street\nGate 4".to_owned(),
        city: "London".to_owned(),
        region: String::new(),
        postal_code: "N1 7AA".to_owned(),
        country: "GB".to_owned(),
    }
}

/// A company as it was stored.
pub(super) struct Company {
    pub(super) account: Account,
    pub(super) location_id: LocationId,
    pub(super) buyer: Employee,
    pub(super) approver: Employee,
    pub(super) admin: Employee,
}

impl Shop {
    pub(super) async fn create(&self, given: CreateAccount) -> AccountId {
        self.accounts.accounts_create(&self.system, vec![given]).await.unwrap()[0]
    }

    pub(super) async fn company(&self, name: &str) -> Company {
        let id = self.create(company(name)).await;
        let mut employees = self.accounts.employees_of(&self.system, &[id]).await.unwrap().into_iter();
        let [admin, approver, buyer] = std::array::from_fn(|_| employees.next().unwrap());
        let account = self.account(id).await;
        Company { account, location_id: buyer.location_id, buyer, approver, admin }
    }

    pub(super) async fn account(&self, id: AccountId) -> Account {
        self.accounts.get_many(&self.system, &[id]).await.unwrap().remove(0)
    }

    /// The employee acting, with the rights it has now.
    pub(super) async fn acting(&self, employee: &Employee) -> Ctx {
        let membership = self.accounts.find_membership(employee.login_id).await.unwrap().unwrap();
        let actor = Actor::Buyer(BuyerActor {
            login_id: employee.login_id,
            employee_id: employee.id,
            account_id: employee.account_id,
            location_id: employee.location_id,
            permissions: membership.permissions,
        });
        Ctx { actor, ..self.system.clone() }
    }

    pub(super) fn staff(&self, permissions: &[Permission]) -> Ctx {
        let permissions = Arc::new(permissions.iter().cloned().collect());
        let actor = Actor::Staff(StaffActor { login_id: self.system.new_id(), permissions });
        Ctx { actor, ..self.system.clone() }
    }

    pub(super) fn anonymous(&self) -> Ctx {
        Ctx { actor: Actor::Anonymous { guest: None }, ..self.system.clone() }
    }

    pub(super) fn customer(&self) -> Ctx {
        Ctx { actor: Actor::Customer { login_id: self.system.new_id() }, ..self.system.clone() }
    }

    pub(super) fn keyed(&self, key: &str) -> Ctx {
        let idempotency = Some(IdempotencyKey { key: key.to_owned(), parameters_hash: [7; 32] });
        Ctx { idempotency, ..self.system.clone() }
    }

    pub(super) fn forget_emails(&self) {
        self.identity.0.lock().unwrap().clear();
    }

    /// Of the facts that were committed, in their order.
    pub(super) fn event_types(&self) -> Vec<&'static str> {
        self.events.lock().unwrap().clone()
    }

    pub(super) async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(self.db.pool()).await.unwrap()
    }

    pub(super) async fn statements(&self) -> statements::Statements {
        statements::counted(self.db.pool()).await.unwrap().expect("the server counts statements")
    }
}

/// The codes of a refusal, with the field each is about.
pub(super) fn refused<T, C: RefusalCode>(answer: Result<T, Failure<C>>) -> Vec<(String, C)> {
    match answer {
        Ok(_) => panic!("not refused"),
        Err(Failure::Internal(error)) => panic!("broke inside: {error}"),
        Err(Failure::Refused(refusals)) => {
            refusals.into_iter().map(|refusal| (refusal.field.join("."), refusal.code)).collect()
        }
    }
}

/// The one code of a refusal.
pub(super) fn code<T, C: RefusalCode>(answer: Result<T, Failure<C>>) -> C {
    let refusals = refused(answer);
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    refusals[0].1
}

/// Pairs as [`refused`] gives them.
pub(super) fn at<C: RefusalCode, const N: usize>(pairs: [(&str, C); N]) -> Vec<(String, C)> {
    pairs.into_iter().map(|(field, code)| (field.to_owned(), code)).collect()
}
