//! The Standard Webhooks convention as a receiver implements it: HMAC (RFC 2104) written out, so that no code is shared with the
//! sender.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use vectis_tests::receiver::Told;

fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    assert!(key.len() <= 64, "longer keys are hashed first");
    let mut block = [0u8; 64];
    block[..key.len()].copy_from_slice(key);
    let pad = |byte: u8| block.map(|one| one ^ byte);
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}

/// Whether one of the signatures of a request was made with the secret.
pub(super) fn is_signed(told: &Told, secret: &str) -> bool {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let signed = format!("{}.{}.{}", told.id(), told.headers["webhook-timestamp"], told.body);
    let expected = format!("v1,{}", STANDARD.encode(hmac_sha256(&key, signed.as_bytes())));
    told.headers["webhook-signature"].split(' ').any(|one| one == expected)
}

/// Key, message and result of the example that the convention's reference implementations are tested with.
#[test]
fn the_receiver_checks_as_the_convention_says() {
    let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let message = r#"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}"#;

    assert_eq!(
        STANDARD.encode(hmac_sha256(&key, message.as_bytes())),
        "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    );
}
