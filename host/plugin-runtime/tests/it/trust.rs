//! Which files the operator lets run: lock file, signatures, and what happens to all others.

use std::path::PathBuf;

use vectis_contracts::plugins::Isolation;
use vectis_contracts::points::PointError;
use vectis_plugin_runtime::{
    Grant, Lock, LockStanding, Revoked, RuntimeOptions, SignatureState, Standing, TrustOptions, Unsigned,
    inspect, lock_file_beside, pin, revoke, trust,
};

use crate::libraries::{fault_plugin, with};
use crate::refusals::assert_says;
use crate::shop::{Folder, Shop, loaded, refusals};
use crate::signing::{Signer, beside};

fn fault_1_1() -> Vec<u8> {
    with(fault_plugin(), "version = \"1.0.0\"", "version = \"1.1.0\"")
}

/// One that asks for something.
fn asking() -> Vec<u8> {
    let from = "[config.fault-pricing]\ntype = \"object\"\nadditionalProperties = false";
    let to = format!("{:<1$}", "[capabilities]\nhttp = [\"https://erp.example/*\"]\n", from.len());
    with(fault_plugin(), from, &to)
}

struct Place {
    folder: Folder,
    options: RuntimeOptions,
}

impl Place {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let folder = Folder::new(files);
        let options = folder.options();
        Self { folder, options }
    }

    /// The path of a file, for the operator's commands.
    fn file(&self, name: &str) -> String {
        self.folder.path(name).display().to_string()
    }

    fn trust(&self, target: &str) {
        trust(&self.options.trust, &self.options.folder, target, &Grant::default()).unwrap();
    }

    fn pin(&self, target: &str) {
        pin(&self.options.trust, &self.options.folder, target, &Grant::default()).unwrap();
    }

    fn revoke(&self, target: &str) {
        revoke(&self.options.trust, &self.options.folder, target).unwrap();
    }

    async fn start(self) -> Shop {
        self.folder.start_with(self.options).await.ok().unwrap()
    }

    /// The one sentence about the one file.
    async fn refusal(self) -> String {
        let shop = self.start().await;
        let list = shop.list().await;
        assert!(matches!(shop.pricing(), Err(PointError::Missing { .. })), "nothing of it answers");
        let [sentence] = refusals(&list)[..] else { panic!("{list:#?}") };
        sentence.to_owned()
    }
}

async fn standing(shop: &Shop) -> &'static str {
    shop.list().await[0].standing
}

#[tokio::test]
async fn a_file_nobody_vouches_for_runs_when_the_operator_allows_it_and_is_called_unsigned() {
    let shop = Place::new(&[("fault.so", fault_plugin())]).start().await;

    assert_eq!(standing(&shop).await, "unsigned");
}

#[tokio::test]
async fn a_file_nobody_vouches_for_is_refused_when_the_operator_says_so() {
    let mut place = Place::new(&[("fault.so", fault_plugin())]);
    place.options.trust.unsigned = Unsigned::Refuse;

    assert_says(
        &place.refusal().await,
        &[
            "fault 1.0.0 (fault.so) refused at step trust: it is unsigned and not in plugins.lock, and plugins.unsigned is \
             \"refuse\"; look at it with vectis plugins inspect, then run vectis plugins trust on it",
        ],
    );
}

#[tokio::test]
async fn a_trusted_file_runs_by_its_path_or_its_name() {
    for by_name in [false, true] {
        let mut place = Place::new(&[("fault.so", fault_plugin())]);
        place.options.trust.unsigned = Unsigned::Refuse;
        place.trust(&if by_name { "fault".to_owned() } else { place.file("fault.so") });

        assert_eq!(standing(&place.start().await).await, "trusted");
    }
}

#[tokio::test]
async fn another_content_of_a_trusted_plugin_is_refused_with_both_hashes() {
    let place = Place::new(&[("fault.so", fault_plugin())]);
    place.trust("fault");
    let known = Lock::read(&place.options.trust.lock_file).unwrap().entries()[0].sha256.clone();
    place.folder.put("fault.so", &fault_1_1());

    assert_says(
        &place.refusal().await,
        &[
            "fault 1.1.0 (fault.so) refused at step trust: its SHA-256 is ",
            &format!("plugins.lock trusts fault with {known}; put a trusted file back"),
        ],
    );
}

#[tokio::test]
async fn a_pinned_plugin_runs_as_pinned_and_in_no_other_content_even_a_trusted_or_signed_one() {
    let signer = Signer::new();
    let mut place = Place::new(&[("fault.so", &fault_1_1())]);
    place.options.trust.keys = vec![signer.key()];
    place.trust("fault");
    std::fs::write(beside(&place.folder.path("fault.so")), signer.sign(&fault_1_1())).unwrap();
    place.folder.put("other.so", fault_plugin());
    let pinned = place.file("other.so");
    place.pin(&pinned);
    let sha256 = Lock::read(&place.options.trust.lock_file).unwrap();
    let pin = sha256.entries().iter().find(|entry| entry.standing == LockStanding::Pinned).unwrap();
    let pin = pin.sha256.clone();

    let shop = place.start().await;

    let list = shop.list().await;
    assert_eq!(loaded(&list), ["fault 1.0.0"]);
    assert_says(
        refusals(&list)[0],
        &["fault 1.1.0 (fault.so) refused at step trust", &format!("pins fault to {pin}")],
    );
    assert_eq!(list.iter().find(|plugin| plugin.version == "1.0.0").unwrap().standing, "pinned");
}

#[tokio::test]
async fn a_revoked_content_is_refused_and_another_version_runs() {
    let place = Place::new(&[("fault.so", fault_plugin())]);
    place.revoke(&place.file("fault.so"));
    place.folder.put("newer.so", &fault_1_1());

    let shop = place.start().await;

    let list = shop.list().await;
    assert_eq!(loaded(&list), ["fault 1.1.0"]);
    assert_says(
        refusals(&list)[0],
        &["fault 1.0.0 (fault.so) refused at step trust: plugins.lock revokes it; use another version"],
    );
}

#[tokio::test]
async fn a_revoked_plugin_is_refused_in_every_version_until_one_is_trusted_again() {
    let place = Place::new(&[("fault.so", &fault_1_1())]);
    place.revoke("fault");
    let options = place.folder.options();
    assert_says(
        &place.refusal().await,
        &["fault 1.1.0 (fault.so) refused at step trust: plugins.lock revokes every version of fault"],
    );

    let place = Place::new(&[("fault.so", &fault_1_1())]);
    place.revoke("fault");
    place.trust("fault");
    assert_eq!(standing(&place.start().await).await, "trusted");
    drop(options);
}

#[tokio::test]
async fn what_is_revoked_while_it_runs_stops_answering_with_the_next_look() {
    let place = Place::new(&[("fault.so", fault_plugin())]);
    place.trust("fault");
    let options = place.folder.options();
    let shop = place.start().await;

    revoke(&options.trust, &options.folder, "fault").unwrap();
    let list = shop.reload().await;

    assert_eq!(loaded(&list), [""; 0]);
    assert_says(refusals(&list)[0], &["refused at step trust: plugins.lock revokes it"]);
    assert!(matches!(shop.pricing(), Err(PointError::Missing { .. })));
}

#[tokio::test]
async fn a_file_put_in_the_place_of_a_trusted_one_leaves_the_trusted_one_answering() {
    let place = Place::new(&[("fault.so", fault_plugin())]);
    place.trust("fault");
    let shop = place.start().await;

    shop.folder.put("fault.so", &fault_1_1());
    let list = shop.reload().await;

    assert_eq!(loaded(&list), ["fault 1.0.0"]);
    assert_says(refusals(&list)[0], &["refused at step trust", "; fault 1.0.0 keeps answering"]);
    assert_eq!(
        shop.list().await.iter().find(|plugin| plugin.version == "1.0.0").unwrap().standing,
        "trusted"
    );
}

#[tokio::test]
async fn a_file_signed_by_a_configured_key_runs_and_says_by_whom() {
    let signer = Signer::new();
    let mut place = Place::new(&[("fault.so", fault_plugin())]);
    place.options.trust =
        TrustOptions { keys: vec![signer.key()], unsigned: Unsigned::Refuse, ..place.options.trust };
    std::fs::write(beside(&place.folder.path("fault.so")), signer.sign(fault_plugin())).unwrap();

    let list = place.start().await.list().await;

    assert_eq!((list[0].standing, list[0].signer.clone()), ("signed", Some(signer.key_id())));
}

#[tokio::test]
async fn a_signed_update_of_a_trusted_plugin_runs() {
    let signer = Signer::new();
    let mut place = Place::new(&[("fault.so", fault_plugin())]);
    place.options.trust.keys = vec![signer.key()];
    place.trust("fault");
    place.folder.put("fault.so", &fault_1_1());
    std::fs::write(beside(&place.folder.path("fault.so")), signer.sign(&fault_1_1())).unwrap();

    assert_eq!(standing(&place.start().await).await, "signed");
}

#[tokio::test]
async fn a_signature_of_another_content_is_refused_although_the_file_is_trusted() {
    let signer = Signer::new();
    let mut place = Place::new(&[("fault.so", fault_plugin())]);
    place.trust("fault");
    place.options.trust.keys = vec![signer.key()];
    std::fs::write(beside(&place.folder.path("fault.so")), signer.sign(b"something else")).unwrap();

    assert_says(
        &place.refusal().await,
        &[&format!(
            "fault.so refused at step signature: its signature names the key {} but does not fit its content",
            signer.key_id()
        )],
    );
}

#[tokio::test]
async fn a_signature_by_a_stranger_counts_for_nothing() {
    let (signer, stranger) = (Signer::new(), Signer::new());
    let mut place = Place::new(&[("fault.so", fault_plugin())]);
    place.options.trust =
        TrustOptions { keys: vec![signer.key()], unsigned: Unsigned::Refuse, ..place.options.trust };
    std::fs::write(beside(&place.folder.path("fault.so")), stranger.sign(fault_plugin())).unwrap();

    let sentence = place.refusal().await;

    let by = format!(
        "it is signed by {}, which is not in plugins.keys and not in plugins.lock",
        stranger.key_id()
    );
    assert_says(&sentence, &["refused at step trust", &by]);
}

#[tokio::test]
async fn a_signature_file_that_is_none_is_refused() {
    let place = Place::new(&[("fault.so", fault_plugin())]);
    std::fs::write(beside(&place.folder.path("fault.so")), "hello").unwrap();

    assert_says(
        &place.refusal().await,
        &["refused at step signature: its signature file (.minisig) is none"],
    );
}

#[tokio::test]
async fn a_lock_file_that_was_tampered_with_stops_the_start() {
    let good = |place: &Place| std::fs::read_to_string(&place.options.trust.lock_file).unwrap();
    type Tamper = fn(&str) -> String;
    let cases: [(&str, Tamper); 6] = [
        ("half of it", |text| text[..text.len() - 20].to_owned()),
        ("line 8: unknown field `trusted`", |text| text.replace("standing", "trusted")),
        ("not 64 lower-case hex digits", |text| text.replace("sha256 = \"", "sha256 = \"x")),
        ("stands there twice", |text| format!("{text}\n{}", &text[text.find("[[plugin]]").unwrap()..])),
        ("its schema is 9, this version reads 1", |text| text.replace("schema = 1", "schema = 9")),
        ("unknown variant `always`", |text| text.replace("trusted", "always")),
    ];
    for (why, tamper) in cases {
        let place = Place::new(&[("fault.so", fault_plugin())]);
        place.trust("fault");
        std::fs::write(&place.options.trust.lock_file, tamper(&good(&place))).unwrap();

        let (_, error) = place.folder.start_with(place.options).await.err().unwrap();

        let error = error.to_string();
        assert!(
            error.starts_with("the lock file ") && error.ends_with("put a backup in its place"),
            "{error}"
        );
        assert!(why == "half of it" || error.contains(why), "{why}: {error}");
    }
}

#[tokio::test]
async fn a_hash_moved_to_another_plugin_is_refused() {
    let place = Place::new(&[("fault.so", fault_plugin())]);
    place.trust("fault");
    let lock = &place.options.trust.lock_file;
    let text = std::fs::read_to_string(lock).unwrap();
    std::fs::write(lock, text.replace("name = \"fault\"", "name = \"tiered-pricing\"")).unwrap();

    assert_says(
        &place.refusal().await,
        &["refused at step trust: plugins.lock has its SHA-256 under tiered-pricing 1.0.0, which it is not"],
    );
}

#[tokio::test]
async fn a_lock_file_damaged_under_a_running_shop_leaves_the_set_in_force() {
    let place = Place::new(&[("fault.so", fault_plugin())]);
    place.trust("fault");
    let lock = place.options.trust.lock_file.clone();
    let shop = place.start().await;

    std::fs::write(&lock, "schema = ").unwrap();
    let outcome = vectis_contracts::plugins::Plugins::reload(&*shop.runtime, &crate::shop::ctx()).await;

    assert!(outcome.is_err());
    assert!(shop.pricing().is_ok());
}

#[tokio::test]
async fn a_key_that_is_none_stops_the_start() {
    let mut place = Place::new(&[]);
    place.options.trust.keys = vec!["RWQhello".to_owned()];

    let (_, error) = place.folder.start_with(place.options).await.err().unwrap();

    assert_says(&error.to_string(), &["plugins.keys: \"RWQhello\" is no minisign public key"]);
}

#[test]
fn a_grant_is_out_of_what_the_manifest_asks_for_and_is_written_with_the_isolation() {
    let place = Place::new(&[("fault.so", &asking())]);
    let (options, folder) = (&place.options.trust, &place.options.folder);
    let grant =
        |name: &str| Grant { isolation: Some(Isolation::Process), capabilities: vec![name.to_owned()] };

    let refused = trust(options, folder, "fault", &grant("secrets")).unwrap_err().to_string();
    trust(options, folder, "fault", &grant("http")).unwrap();

    assert_eq!(refused, "fault does not ask for the capability \"secrets\"; it asks for http");
    let found = inspect(&place.folder.path("fault.so"), options).unwrap().unwrap();
    let verdict = found.verdict.unwrap();
    assert_eq!((verdict.standing, verdict.isolation), (Standing::Trusted, Some(Isolation::Process)));
    assert_eq!(verdict.capabilities["http"], ["https://erp.example/*"]);
    let text = std::fs::read_to_string(&options.lock_file).unwrap();
    assert_says(
        &text,
        &["# Which plugin files may run.", "isolation = \"process\"", "[plugin.capabilities]"],
    );
}

#[test]
fn commands_on_what_is_not_there_say_so_and_write_nothing() {
    let place = Place::new(&[("a.so", fault_plugin()), ("b.so", &fault_1_1()), ("c.so", b"hello")]);
    let (options, folder) = (&place.options.trust, &place.options.folder);
    let refused = |target: &str| trust(options, folder, target, &Grant::default()).unwrap_err().to_string();

    assert_says(&refused("acme"), &["\"acme\" is neither a file nor the name of a plugin in "]);
    assert_says(&refused("fault"), &["fault is the name of several files (", "name the one you mean"]);
    assert_says(&refused(&place.file("c.so")), &["c.so refused at step elf: it is not an ELF library"]);
    assert_says(
        &revoke(options, folder, "No Name").unwrap_err().to_string(),
        &["\"No Name\" is neither a file nor the name of a plugin"],
    );
    assert!(!options.lock_file.exists());
}

#[test]
fn the_last_word_on_a_content_counts() {
    let place = Place::new(&[("fault.so", fault_plugin())]);
    let standings = || {
        let lock = Lock::read(&place.options.trust.lock_file).unwrap();
        lock.entries().iter().map(|entry| entry.standing).collect::<Vec<_>>()
    };

    place.trust("fault");
    place.pin("fault");
    assert_eq!(standings(), [LockStanding::Pinned]);
    place.folder.put("fault.so", &fault_1_1());
    place.pin("fault");
    assert_eq!(standings(), [LockStanding::Trusted, LockStanding::Pinned]);
    let revoked = revoke(&place.options.trust, &place.options.folder, &place.file("fault.so")).unwrap();
    assert!(matches!(revoked, Revoked::Content(entry) if entry.version == "1.1.0"));
    assert_eq!(standings(), [LockStanding::Trusted, LockStanding::Revoked]);
}

#[test]
fn an_inspection_tells_signature_and_lock_state_of_a_file_that_may_not_run() {
    let stranger = Signer::new();
    let place = Place::new(&[("fault.so", &asking())]);
    std::fs::write(beside(&place.folder.path("fault.so")), stranger.sign(&asking())).unwrap();
    place.revoke("fault");

    let found = inspect(&place.folder.path("fault.so"), &place.options.trust).unwrap().unwrap();

    assert_eq!(found.signature, Ok(SignatureState::UnknownKey { key_id: stranger.key_id() }));
    assert_eq!(found.lock_state, "not listed; every version of fault is revoked");
    assert_says(&found.verdict.unwrap_err(), &["refused at step trust: plugins.lock revokes every version"]);
    assert_eq!(found.manifest.capabilities["http"], ["https://erp.example/*"]);
}

#[test]
fn the_lock_file_stands_beside_the_folder() {
    assert_eq!(lock_file_beside(&PathBuf::from("data/plugins")), PathBuf::from("data/plugins.lock"));
}
