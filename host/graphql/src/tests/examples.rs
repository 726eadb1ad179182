//! The documents of `examples/requests` are what a newcomer pastes first: each is valid against the schema with its
//! variables, and may be asked by whom it says.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute};
use async_graphql::{EmptySubscription, Request, Response, Schema, Variables};
use uuid::Uuid;
use vectis_kernel::ids::{AccountId, EmployeeId, LocationId, LoginId};
use vectis_kernel::permission::{buyer, staff};
use vectis_kernel::{Actor, BuyerActor, Ctx, Permission, StaffActor};

use crate::mixing::Added;
use crate::shape::{POLICY, Shaped};
use crate::{Caller, DocumentCheck, Limits, Mutation, Query};

/// Lets the schema validate a request and stops it there: nothing is resolved, so no service is needed.
struct OnlyValidate;

impl ExtensionFactory for OnlyValidate {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_graphql::async_trait::async_trait]
impl Extension for OnlyValidate {
    async fn execute(&self, _: &ExtensionContext<'_>, _: Option<&str>, _: NextExecute<'_>) -> Response {
        Response::default()
    }
}

struct Example {
    name: String,
    text: String,
}

impl Example {
    /// What follows `# <key>: ` in the comments.
    fn header(&self, key: &str) -> Option<&str> {
        self.text.lines().find_map(|line| line.strip_prefix("# ")?.strip_prefix(key)?.strip_prefix(": "))
    }

    fn variables(&self) -> Variables {
        let json = self.header("Variables").unwrap_or("{}");
        Variables::from_json(
            serde_json::from_str(json).unwrap_or_else(|error| panic!("{}: {error}", self.name)),
        )
    }

    fn request(&self) -> Request {
        Request::new(&self.text).variables(self.variables())
    }
}

fn examples() -> Vec<Example> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/requests");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "graphql"));
    files.sort();
    assert!(!files.is_empty(), "the examples have moved");
    let read = |file: PathBuf| Example {
        name: file.file_name().unwrap().to_string_lossy().into_owned(),
        text: fs::read_to_string(&file).unwrap(),
    };
    files.into_iter().map(read).collect()
}

fn permissions(keys: &[Permission]) -> Arc<BTreeSet<Permission>> {
    Arc::new(keys.iter().cloned().collect())
}

fn employee(keys: &[Permission]) -> Actor {
    Actor::Buyer(BuyerActor {
        login_id: LoginId(Uuid::nil()),
        employee_id: EmployeeId(Uuid::nil()),
        account_id: AccountId(Uuid::nil()),
        location_id: LocationId(Uuid::nil()),
        permissions: permissions(keys),
    })
}

/// The people of the demo shop, with the permissions of the roles that come with the accounts.
fn actor(who: &str) -> Option<Actor> {
    Some(match who {
        "anybody" => Actor::Anonymous { guest: None },
        "buyer" => employee(&[buyer::BROWSE, buyer::ORDER]),
        "approver" => employee(&[buyer::BROWSE, buyer::ORDER, buyer::APPROVE, buyer::ORDERS_READ_ALL]),
        "staff" => {
            Actor::Staff(StaffActor { login_id: LoginId(Uuid::nil()), permissions: permissions(staff::ALL) })
        }
        _ => return None,
    })
}

fn caller(actor: Actor) -> Caller {
    Caller {
        ctx: Ctx { actor, ..Ctx::system("test") },
        channel: None,
        currency: None,
        principal: None,
        membership: None,
        idempotency_header: None,
        has_commanded: AtomicBool::new(false),
    }
}

/// What the schema has against a request.
async fn complaints(request: Request) -> Vec<String> {
    let schema = Schema::build(Shaped(Query::default()), Shaped(Mutation::default()), EmptySubscription)
        .extension(OnlyValidate)
        .finish();
    schema.execute(request).await.errors.into_iter().map(|error| error.message).collect()
}

#[tokio::test]
async fn every_example_is_valid_with_its_variables() {
    let mut wrong = Vec::new();
    for example in examples() {
        let found = complaints(example.request()).await;
        wrong.extend(found.into_iter().map(|complaint| format!("{}: {complaint}", example.name)));
    }

    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test]
async fn an_unknown_field_and_a_variable_of_the_wrong_kind_are_found() {
    let submit = "mutation($v: Int!) { cartSubmit(input: { cartId: \"cart:0\", cartVersion: $v, idempotencyKey: \"k\" }) \
                  { order { number } } }";
    let text = Variables::from_json(serde_json::json!({ "v": "one" }));

    assert_eq!(complaints(Request::new("{ me { shoeSize } }")).await.len(), 1);
    assert_eq!(complaints(Request::new(submit).variables(text)).await.len(), 1);
}

#[test]
fn every_example_may_be_asked_by_whom_it_says() {
    let (types, limits) = (super::field_types(), Limits::default());
    let mut wrong = Vec::new();
    for example in examples() {
        let who = example.header("As").unwrap_or_default();
        let Some(actor) = actor(who) else {
            wrong.push(format!("{}: says {who:?} of who asks", example.name));
            continue;
        };
        let caller = caller(actor);
        let check = DocumentCheck {
            limits: &limits,
            policy: &POLICY,
            added: &Added::default(),
            types: &types,
            caller: &caller,
        };
        let mut request = example.request();
        if let Err(error) = check.run(request.parsed_query().unwrap(), None, &example.variables()) {
            wrong.push(format!("{}: {}", example.name, error.message));
        }
    }

    assert_eq!(wrong, Vec::<String>::new());
}
