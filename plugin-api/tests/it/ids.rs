use vectis_plugin_api::{Id, NotAnId, serde_json};

const TEXT: &str = "0198c2a4-7d3e-7c1a-9b5f-0d2e4f6a8b1c";

#[test]
fn an_id_reads_what_it_prints() {
    let id: Id = TEXT.parse().unwrap();

    assert_eq!(id.to_string(), TEXT);
    assert_eq!(id.0[0], 0x01);
    assert_eq!(id.0[15], 0x1c);
    assert_eq!(TEXT.to_uppercase().parse(), Ok(id));
}

#[test]
fn an_id_is_text_in_json() {
    let id: Id = serde_json::from_str(&format!("\"{TEXT}\"")).unwrap();

    assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{TEXT}\""));
}

#[test]
fn text_of_another_form_is_no_id() {
    for text in ["", "me", "0198c2a47d3e7c1a9b5f0d2e4f6a8b1c", "0198c2a4-7d3e-7c1a-9b5f-0d2e4f6a8b1g"] {
        assert_eq!(text.parse::<Id>(), Err(NotAnId), "{text}");
    }
    assert_eq!(format!("{}-", &TEXT[..35]).parse::<Id>(), Err(NotAnId));
}

#[test]
fn the_nil_id_stands_for_none() {
    assert_eq!(Id::NIL.known(), None);
    assert_eq!(Id([1; 16]).known(), Some(Id([1; 16])));
}
