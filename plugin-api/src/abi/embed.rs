//! What a plugin file says about itself without being run: sections that `export_plugin!` fills.

/// The section with the manifest, byte for byte.
pub const MANIFEST_SECTION: &str = ".vectis.manifest";
/// The section with [`BUILD`].
pub const BUILD_SECTION: &str = ".vectis.build";

/// The section with the SDL of what the plugin adds to the GraphQL API; absent when it adds nothing. Since 1.1.
pub const GRAPHQL_SECTION: &str = ".vectis.graphql";

/// The section with the SQL of the plugin's own tables; absent when it has none. Since 1.1.
pub const TABLES_SECTION: &str = ".vectis.tables";

/// How the plugin was built, as TOML. The host refuses another target, and panic strategies other than `unwind`, before it
/// maps the file; `rustc` and `profile` are information.
pub const BUILD: &str = concat!(
    "api = \"",
    env!("CARGO_PKG_VERSION"),
    "\"\ntarget = \"",
    env!("VECTIS_TARGET"),
    "\"\npanic = \"unwind\"\nrustc = \"",
    env!("VECTIS_RUSTC"),
    "\"\nprofile = \"",
    env!("VECTIS_PROFILE"),
    "\"\n",
);

/// The bytes of a text as an array, which is what a section needs.
pub const fn bytes<const N: usize>(text: &str) -> [u8; N] {
    let source = text.as_bytes();
    let mut bytes = [0; N];
    let mut at = 0;
    while at < N {
        bytes[at] = source[at];
        at += 1;
    }
    bytes
}

/// Whether a manifest mentions an entry point, so that a typing error fails the build and not the start of a shop.
pub const fn mentions(manifest: &str, name: &str) -> bool {
    let (text, word) = (manifest.as_bytes(), name.as_bytes());
    let mut start = 0;
    while start + word.len() <= text.len() {
        let mut length = 0;
        while length < word.len() && text[start + length] == word[length] {
            length += 1;
        }
        if length == word.len() {
            return true;
        }
        start += 1;
    }
    false
}
