//! `vectis plugins new`: a plugin from the template, which is part of the program.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

/// What the template says where a plugin says its own name.
const NAME: &str = "plugin-template";
const TYPE: &str = "PluginTemplate";
const API_PATH: &str = "../vectis/plugin-api";

const CARGO: &str = include_str!("../../../examples/plugin-template/Cargo.standalone.toml");

struct Template {
    point: &'static str,
    manifest: &'static str,
    /// What the plugin adds to the API, if anything.
    graphql: Option<&'static str>,
    lib: &'static str,
    tests: &'static str,
}

macro_rules! template {
    ($point:literal, $folder:literal) => {
        template!($point, $folder, None)
    };
    ($point:literal, $folder:literal, $graphql:expr) => {
        Template {
            point: $point,
            manifest: include_str!(concat!("../../../examples/plugin-template/", $folder, "plugin.toml")),
            graphql: $graphql,
            lib: include_str!(concat!("../../../examples/plugin-template/", $folder, "src/lib.rs")),
            tests: include_str!(concat!("../../../examples/plugin-template/", $folder, "src/tests.rs")),
        }
    };
}

const FIELDS: &str = include_str!("../../../examples/plugin-template/points/fields/fields.graphql");

const TEMPLATES: [Template; 8] = [
    template!("pricing", ""),
    template!("tax", "points/tax/"),
    template!("order_process", "points/order_process/"),
    template!("approval", "points/approval/"),
    template!("fields", "points/fields/", Some(FIELDS)),
    template!("shipping_rate", "points/shipping_rate/"),
    template!("task", "points/task/"),
    template!("observer", "points/observer/"),
];

/// Makes the folder `into/name`; refuses to touch one that is there.
pub(crate) fn create(name: &str, point: &str, into: &Path) -> anyhow::Result<PathBuf> {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let starts_well = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    if !starts_well || !name.bytes().all(is_word) || name.ends_with('-') || name.len() > 60 {
        bail!("{name:?} is not a plugin name: lower-case letters, digits and -, starting with a letter");
    }
    let point = point.strip_prefix("vectis.").unwrap_or(point);
    let Some(template) = TEMPLATES.iter().find(|template| template.point == point) else {
        let known: Vec<&str> = TEMPLATES.iter().map(|template| template.point).collect();
        bail!("there is no template for {point:?}; there are {}", known.join(", "));
    };
    let folder = into.join(name);
    if folder.exists() {
        bail!("{} is already there", folder.display());
    }
    let write = |file: &str, text: &str| {
        let path = folder.join(file);
        fs::write(&path, named(text, name)).with_context(|| format!("cannot write {}", path.display()))
    };
    fs::create_dir_all(folder.join("src")).with_context(|| format!("cannot make {}", folder.display()))?;
    write("Cargo.toml", &CARGO.replace(API_PATH, &api_path()))?;
    write("plugin.toml", template.manifest)?;
    if let Some(graphql) = template.graphql {
        write("fields.graphql", graphql)?;
    }
    write("src/lib.rs", template.lib)?;
    write("src/tests.rs", template.tests)?;
    Ok(folder)
}

fn named(text: &str, name: &str) -> String {
    let camel: String = name
        .split('-')
        .filter(|part| !part.is_empty())
        .map(|part| part[..1].to_uppercase() + &part[1..])
        .collect();
    text.replace(NAME, name).replace(TYPE, &camel)
}

/// Where plugin-api is: in the checkout at hand, when the command is run inside of one.
fn api_path() -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let checkout = here.ancestors().find(|folder| folder.join("plugin-api/Cargo.toml").is_file());
    checkout.map_or_else(|| API_PATH.to_owned(), |folder| folder.join("plugin-api").display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_takes_its_new_name_everywhere() {
        for template in &TEMPLATES {
            let folder =
                std::env::temp_dir().join(format!("vectis-new-{}-{}", template.point, std::process::id()));
            let made = create("acme-two-words", template.point, &folder).unwrap();

            for file in ["Cargo.toml", "plugin.toml", "src/lib.rs", "src/tests.rs"] {
                let text = fs::read_to_string(made.join(file)).unwrap();
                assert!(!text.contains(NAME) && !text.contains(TYPE), "{file} of {}", template.point);
            }
            assert!(fs::read_to_string(made.join("src/lib.rs")).unwrap().contains("AcmeTwoWords"));
            fs::remove_dir_all(folder).unwrap();
        }
    }

    #[test]
    fn a_bad_name_or_point_or_a_folder_that_exists_is_refused_and_nothing_is_made() {
        let folder = std::env::temp_dir().join(format!("vectis-new-bad-{}", std::process::id()));

        assert!(create("Acme", "pricing", &folder).is_err());
        assert!(create("../acme", "pricing", &folder).is_err());
        assert!(create("acme", "magic", &folder).unwrap_err().to_string().contains("order_process"));
        assert!(!folder.exists());
        create("acme", "pricing", &folder).unwrap();
        assert!(create("acme", "pricing", &folder).unwrap_err().to_string().contains("already there"));
        fs::remove_dir_all(folder).unwrap();
    }
}
