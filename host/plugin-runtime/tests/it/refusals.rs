//! Files that are no plugin for this server: one sentence each, and the others keep working.

use serde_json::json;
use vectis_contracts::points::PointError;

use crate::libraries::{fault_plugin, golden, replaced, template, with, with_once};
use crate::questions::cart;
use crate::shop::{Folder, SHOP, Shop, binding, loaded, refusals};

/// Starts a shop with a good plugin and this file beside it; returns the one sentence about the file.
async fn refusal_of(bytes: &[u8]) -> String {
    let folder = Folder::new(&[("bad.so", bytes), ("template.so", template())]);
    folder.channels.bind(binding(
        SHOP,
        "vectis.pricing",
        ("plugin-template", "plugin-template"),
        json!({ "percent": 10 }),
    ));
    let shop = folder.start().await;
    assert_eq!(shop.pricing().unwrap().price(&cart("A-1", 2)).unwrap().len(), 2);
    let list = shop.list().await;
    assert_eq!(loaded(&list), ["plugin-template 0.1.0"]);
    let [sentence] = refusals(&list)[..] else { panic!("not one refusal: {list:#?}") };
    assert!(!sentence.contains('\n'), "{sentence}");
    sentence.to_owned()
}

#[track_caller]
pub(crate) fn assert_says(sentence: &str, parts: &[&str]) {
    let missing: Vec<_> = parts.iter().filter(|part| !sentence.contains(*part)).collect();
    assert!(missing.is_empty(), "{missing:?} missing in: {sentence}");
}

#[tokio::test]
async fn a_text_file_is_not_a_library() {
    let sentence = refusal_of(b"#!/bin/sh\necho hello\n").await;

    assert_eq!(
        sentence,
        "bad.so refused at step elf: it is not an ELF library; put a plugin's .so in its place"
    );
}

#[tokio::test]
async fn an_empty_file_is_refused() {
    assert_eq!(refusal_of(b"").await, "bad.so refused at step elf: the file is empty; copy it again");
}

#[tokio::test]
async fn a_file_cut_anywhere_is_refused() {
    let whole = fault_plugin();
    for length in [5, 6, 63, 4_096, whole.len() / 2, whole.len() - 2_048, whole.len() - 1] {
        let sentence = refusal_of(&whole[..length]).await;
        assert_says(&sentence, &["bad.so refused at step elf", "cut", "copy it again"]);
    }
}

#[tokio::test]
async fn a_half_copied_file_of_full_length_is_refused() {
    let whole = fault_plugin();
    for copied in [1_000_usize, whole.len() / 2, whole.len() - 10_000] {
        let mut half = whole.to_vec();
        half[copied..].fill(0);
        let sentence = refusal_of(&half).await;
        assert_says(&sentence, &["bad.so refused at step elf", "copy it again"]);
    }
}

#[tokio::test]
async fn a_section_that_points_behind_the_end_is_refused() {
    let bytes = fault_plugin();
    let headers = usize::try_from(u64::from_le_bytes(bytes[0x28..0x30].try_into().unwrap())).unwrap();
    let mut damaged = bytes.to_vec();
    // The size of the third section, in its header of 64 bytes.
    damaged[headers + 2 * 64 + 0x20..][..8].copy_from_slice(&(1_u64 << 40).to_le_bytes());

    assert_says(&refusal_of(&damaged).await, &["bad.so refused at step elf", "copy it again"]);
}

#[tokio::test]
async fn another_library_is_no_plugin() {
    let places = ["/lib/x86_64-linux-gnu/libm.so.6", "/lib64/libm.so.6", "/lib/aarch64-linux-gnu/libm.so.6"];
    let libm = places.iter().find_map(|path| std::fs::read(path).ok()).expect("every glibc system has libm");

    assert_eq!(
        refusal_of(&libm).await,
        "bad.so refused at step elf: it is no Vectis plugin: it has no section .vectis.manifest; build it with \
         export_plugin!"
    );
}

#[tokio::test]
async fn another_machine_is_refused() {
    let mut bytes = fault_plugin().to_vec();
    bytes[18] = 0x28;

    let sentence = refusal_of(&bytes).await;

    let machine = std::env::consts::ARCH;
    assert_says(
        &sentence,
        &[&format!(
            "built for ELF machine 40, this server runs {machine}; use the plugin's build for {machine}"
        )],
    );
}

#[tokio::test]
async fn a_32_bit_library_is_refused() {
    let mut bytes = fault_plugin().to_vec();
    bytes[4] = 1;

    assert_says(&refusal_of(&bytes).await, &["step elf", "built for another kind of machine"]);
}

#[tokio::test]
async fn another_target_is_refused() {
    let bytes = with(fault_plugin(), "-linux-gnu\"\npanic", "-linux-gnx\"\npanic");

    let sentence = refusal_of(&bytes).await;

    assert_says(
        &sentence,
        &["fault 1.0.0 (bad.so) refused at step target: it is built for ", "-linux-gnx, this server"],
    );
}

#[tokio::test]
async fn a_library_that_aborts_on_panic_is_refused() {
    let bytes = with(fault_plugin(), "panic = \"unwind\"", "panic = \"abort\" ");

    assert_eq!(
        refusal_of(&bytes).await,
        "fault 1.0.0 (bad.so) refused at step target: it is built with panic = \"abort\", which would end the server; \
         build it with panic = \"unwind\""
    );
}

#[tokio::test]
async fn a_range_of_newer_api_versions_is_refused() {
    let bytes = with(fault_plugin(), "api = \"^1.0\"", "api = \"^1.5\"");

    assert_eq!(
        refusal_of(&bytes).await,
        "fault 1.0.0 (bad.so) refused at step api: needs ^1.5, this server offers 1.2; update the server or use an \
         older plugin"
    );
}

#[tokio::test]
async fn a_plugin_frozen_with_a_newer_api_is_refused() {
    assert_eq!(
        refusal_of(&golden("golden-1.3.so")).await,
        "golden 1.3.0 (bad.so) refused at step api: needs ^1.3, this server offers 1.2; update the server or use an \
         older plugin"
    );
}

#[tokio::test]
async fn a_plugin_built_with_a_newer_api_than_it_says_is_refused() {
    let bytes = with(fault_plugin(), "api = \"1.2.0\"", "api = \"1.4.0\"");

    assert_says(
        &refusal_of(&bytes).await,
        &["refused at step api: is built with 1.4, this server offers 1.2; update"],
    );
}

#[tokio::test]
async fn a_plugin_of_an_older_major_api_is_told_to_be_built_anew() {
    let bytes = with(fault_plugin(), "api = \"1.2.0\"", "api = \"0.9.0\"");
    let bytes = with(&bytes, "api = \"^1.0\"", "api = \"^0.9\"");

    assert_says(
        &refusal_of(&bytes).await,
        &["refused at step api: needs ^0.9, this server offers 1.2; use a newer build of the plugin"],
    );
}

#[tokio::test]
async fn an_api_range_that_is_none_is_refused() {
    let bytes = with(fault_plugin(), "api = \"^1.0\"", "api = \"soon\"");

    assert_says(
        &refusal_of(&bytes).await,
        &["step manifest: plugin.toml: the API range \"soon\" is none", "write it as"],
    );
}

#[tokio::test]
async fn an_unknown_key_of_the_manifest_is_refused() {
    let bytes = with(fault_plugin(), "license = \"MIT\"", "licence = \"MIT\"");

    assert_says(
        &refusal_of(&bytes).await,
        &["bad.so refused at step manifest: plugin.toml: line 8: unknown field `licence`", "mend it"],
    );
}

#[tokio::test]
async fn a_version_that_is_none_is_refused() {
    let bytes = with(fault_plugin(), "version = \"1.0.0\"", "version = \"1.0,0\"");

    assert_says(
        &refusal_of(&bytes).await,
        &["step manifest", "the version \"1.0,0\" is not semantic", "write it as 1.4.0"],
    );
}

#[tokio::test]
async fn a_manifest_that_is_no_text_is_refused() {
    let bytes = replaced(fault_plugin(), b"Does everything wrong", b"Does everything wron\xff", usize::MAX);

    assert_says(
        &refusal_of(&bytes).await,
        &["bad.so refused at step manifest: the embedded manifest is not text"],
    );
}

#[tokio::test]
async fn a_manifest_section_of_another_name_is_no_manifest() {
    let bytes = with(fault_plugin(), ".vectis.manifest", ".vectis.manifesx");

    assert_says(
        &refusal_of(&bytes).await,
        &["step elf: it is no Vectis plugin: it has no section .vectis.manifest"],
    );
}

#[tokio::test]
async fn a_library_without_the_root_symbol_is_refused() {
    let bytes = with(
        fault_plugin(),
        "_1as_0lib_1header_0root_bmodule_bloader",
        "_1as_0lib_1header_0root_bmodule_bloadex",
    );

    assert_says(
        &refusal_of(&bytes).await,
        &["refused at step elf: it exports no plugin; build it with export_plugin!"],
    );
}

#[tokio::test]
async fn initializers_that_are_not_declared_are_refused() {
    let bytes = with_initializers(fault_plugin(), 5);

    assert_says(
        &refusal_of(&bytes).await,
        &[
            "fault 1.0.0 (bad.so) refused at step initializers: it runs 3 static initializers of its own",
            "[capabilities]",
        ],
    );
}

/// Says in the dynamic table that there are so many initializers. Only read, never run.
pub(crate) fn with_initializers(bytes: &[u8], count: u64) -> Vec<u8> {
    let entry = |count: u64| [27_u64.to_le_bytes(), (count * 8).to_le_bytes()].concat();
    replaced(bytes, &entry(2), &entry(count), usize::MAX)
}

#[tokio::test]
async fn another_manifest_than_the_code_reports_is_refused() {
    let bytes = with_once(fault_plugin(), "Does everything wrong", "Does everything right");

    assert_eq!(
        refusal_of(&bytes).await,
        "fault 1.0.0 (bad.so) refused at step manifest: its code reports another manifest than the file embeds; use the \
         file as it was built"
    );
}

#[tokio::test]
async fn an_entry_point_without_code_is_refused() {
    let bytes = with(fault_plugin(), "fault-approval = \"", "faulz-approval = \"");

    assert_eq!(
        refusal_of(&bytes).await,
        "fault 1.0.0 (bad.so) refused at step entry points: plugin.toml names vectis.approval faulz-approval, its code \
         does not; list it in export_plugin!"
    );
}

#[tokio::test]
async fn another_layout_is_refused() {
    assert_eq!(
        refusal_of(&golden("golden-other-layout.so")).await,
        "golden 1.0.0 (bad.so) refused at step load: its type Priced differs from this host's: field candidate here, \
         status there; build it again with this server's vectis-plugin-api"
    );
}

#[tokio::test]
async fn a_library_or_function_that_this_machine_lacks_is_named() {
    let cases = [("\0libgcc_s.so.1\0", "\0libgcc_x.so.1\0"), ("\0malloc\0", "\0mallox\0")];
    for (there, missing) in cases {
        let bytes = with(fault_plugin(), there, missing);

        assert_says(
            &refusal_of(&bytes).await,
            &[
                "fault 1.0.0 (bad.so) refused at step load: the linker refuses it: ",
                missing.trim_matches('\0'),
                "; install what it needs or build it for this machine",
            ],
        );
    }
}

#[tokio::test]
async fn a_schema_that_is_none_is_refused() {
    let bytes = with(fault_plugin(), "type = \"string\"", "type = \"strinx\"");

    assert_says(
        &refusal_of(&bytes).await,
        &["refused at step manifest: plugin.toml: [config.fault-pricing] is no usable JSON schema: "],
    );
}

#[tokio::test]
async fn a_name_taken_by_an_earlier_file_is_refused() {
    let shop = Shop::with(&[("a.so", template()), ("b.so", template())]).await;

    let list = shop.list().await;

    assert_eq!(loaded(&list), ["plugin-template 0.1.0"]);
    assert_eq!(
        refusals(&list),
        [
            "plugin-template 0.1.0 (b.so) refused at step name: the plugin plugin-template is already loaded from a.so; \
          remove one of the two files"
        ]
    );
}

#[tokio::test]
async fn a_folder_and_a_pipe_named_like_plugins_are_refused() {
    let folder = Folder::new(&[]);
    std::fs::create_dir(folder.path("folder.so")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(folder.path("pipe.so")).status();
    assert!(made.unwrap().success());

    let list = folder.start().await.list().await;

    assert_eq!(
        refusals(&list),
        [
            "folder.so refused at step read: it is no regular file; put the plugin's .so in its place",
            "pipe.so refused at step read: it is no regular file; put the plugin's .so in its place",
        ]
    );
}

#[tokio::test]
async fn an_unknown_group_is_ignored_and_the_rest_answers() {
    let bytes = with(fault_plugin(), "\"vectis.approval\"", "\"vectis.oracular\"");
    let shop = Shop::with(&[("fault.so", &bytes)]).await;

    assert_eq!(refusals(&shop.list().await), [""; 0]);
    assert!(shop.pricing().is_ok());
    assert!(matches!(shop.approval(), Err(PointError::Missing { .. })));
}
