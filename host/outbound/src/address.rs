//! Where a request may go: the public internet, and what the operator names beside it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// What is not the public internet, although its addresses look like it.
const NOT_PUBLIC_V4: [Ipv4Net; 14] = [
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    // Link-local; the metadata services of clouds are here.
    v4([169, 254, 0, 0], 16),
    v4([172, 16, 0, 0], 12),
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([192, 168, 0, 0], 16),
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    // Multicast, reserved and broadcast.
    v4([224, 0, 0, 0], 3),
];

/// Only this part of the address space is public …
const PUBLIC_V6: Ipv6Net = v6([0x2000, 0], 3);

/// … but for protocols that carry other addresses within (Teredo, 6to4) and documentation.
const NOT_PUBLIC_V6: [Ipv6Net; 4] =
    [v6([0x2001, 0], 23), v6([0x2001, 0xdb8], 32), v6([0x2002, 0], 16), v6([0x3fff, 0], 20)];

const fn v4(address: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(address[0], address[1], address[2], address[3]), prefix)
}

const fn v6(start: [u16; 2], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(start[0], start[1], 0, 0, 0, 0, 0, 0), prefix)
}

/// Whether an address is of the public internet.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => !NOT_PUBLIC_V4.iter().any(|net| net.contains(&address)),
        IpAddr::V6(address) => {
            PUBLIC_V6.contains(&address) && !NOT_PUBLIC_V6.iter().any(|net| net.contains(&address))
        }
    }
}

/// Networks that requests may reach beside the public internet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reachable(Vec<IpNet>);

impl Reachable {
    /// As the operator names them: `10.1.2.3`, `10.1.2.0/24`.
    pub fn parse(names: &[String]) -> Result<Self, String> {
        let parse = |name: &String| {
            let net = name.parse::<IpNet>().or_else(|_| name.parse::<IpAddr>().map(IpNet::from));
            net.map_err(|_| format!("{name:?} is neither an address nor a network like 10.1.2.0/24"))
        };
        names.iter().map(parse).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a request may go there.
    pub fn holds(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public(address) || self.0.iter().any(|net| net.contains(&address))
    }
}
