use std::path::Path;

use serde_json::{Value, json};
use vectis_contracts::plugin_services::Grants;

use super::GrantBook;
use crate::trust::{Trust, TrustOptions};

const CONTENT: &str = "aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11";

fn lock(folder: &Path, standing: &str, version: &str) -> Trust {
    let file = folder.join("plugins.lock");
    let text = format!(
        "schema = 1\n[[plugin]]\nname = \"acme\"\nversion = \"{version}\"\nsha256 = \"{CONTENT}\"\nstanding = \"{standing}\"\n\
         [plugin.capabilities]\nkv = [\"read\", \"write\"]\nsecret = [\"token\"]\n"
    );
    std::fs::write(&file, text).unwrap();
    Trust::read(&TrustOptions { lock_file: file, ..TrustOptions::default() }).unwrap()
}

fn by_name() -> Grants {
    serde_json::from_value(json!({ "acme": { "kv": ["read"], "http": ["https://acme.example/*"] } })).unwrap()
}

fn granted(book: &GrantBook, plugin: &str, sha256: &str) -> Value {
    json!(book.of(plugin, sha256))
}

#[test]
fn the_lock_file_grants_to_its_content_and_the_configuration_to_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let book = GrantBook::new(by_name());
    let configured = json!({ "kv": ["read"], "http": ["https://acme.example/*"] });
    assert_eq!(granted(&book, "acme", CONTENT), configured);

    book.follow(&lock(folder.path(), "trusted", "1.0.0"));

    let both = json!({ "kv": ["read", "write"], "http": ["https://acme.example/*"], "secret": ["token"] });
    assert_eq!(granted(&book, "acme", CONTENT), both);
    assert_eq!(granted(&book, "acme", "bb22"), configured, "another content under the same name");
    assert_eq!(granted(&book, "other", "bb22"), json!({}));
}

#[test]
fn what_is_revoked_in_the_lock_file_is_granted_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let book = GrantBook::new(Grants::default());
    book.follow(&lock(folder.path(), "pinned", "1.0.0"));
    assert_eq!(granted(&book, "acme", CONTENT)["secret"], json!(["token"]));

    book.follow(&lock(folder.path(), "revoked", "1.0.0"));

    assert_eq!(granted(&book, "acme", CONTENT), json!({}));
}
