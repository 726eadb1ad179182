//! Which addresses are the public internet, and what is refused before anybody connects.

use std::net::IpAddr;

use url::Url;

use crate::{Reachable, is_public, require_url};

#[test]
fn private_and_special_addresses_are_not_public() {
    let special = [
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.8.8.8",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "100::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
    ];
    for address in special {
        assert!(!is_public(address.parse::<IpAddr>().unwrap()), "{address}");
    }
    for address in
        ["1.1.1.1", "8.8.8.8", "100.63.0.1", "172.32.0.1", "93.184.215.14", "2606:4700::1111", "2a00:1450::1"]
    {
        assert!(is_public(address.parse::<IpAddr>().unwrap()), "{address}");
    }
}

#[test]
fn a_url_is_judged_before_anybody_connects() {
    let inside = Reachable::parse(&["10.1.2.0/24".to_owned()]).unwrap();
    for (url, is_allowed) in [
        ("https://example.com/hook", true),
        ("https://10.1.2.3/hook", true),
        ("https://10.1.3.3/hook", false),
        ("https://2130706433/hook", false),
        ("https://[::ffff:127.0.0.1]/hook", false),
        ("https://name:word@example.com/hook", false),
    ] {
        assert_eq!(require_url(&Url::parse(url).unwrap(), &inside).is_ok(), is_allowed, "{url}");
    }
}
