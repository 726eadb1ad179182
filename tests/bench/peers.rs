//! What the leading open-source platforms take for the same things on a machine of this kind. Where two were measured, the
//! faster one counts: Vendure 3.7.3 but for adding lines, which Medusa 2.21.2 does faster.

use std::time::Duration;

/// 1,000 lines into a cart, one request (Medusa).
pub(crate) const ADD_1000: Duration = Duration::from_millis(4_293);
/// One line changed in a cart of 1,000 (Vendure).
pub(crate) const CHANGE_OF_1000: Duration = Duration::from_millis(799);
/// A cart of 1,000 lines read with prices and taxes (Vendure).
pub(crate) const READ_1000: Duration = Duration::from_millis(184);
/// A cart of 1,000 lines placed (Vendure).
pub(crate) const PLACE_1000: Duration = Duration::from_millis(6_707);
/// 100 variants of a collection with prices (Vendure).
pub(crate) const LIST_100: Duration = Duration::from_millis(47);
/// Orders of three lines per second at 1, 8 and 32 clients, in tenths (Vendure).
pub(crate) const ORDERS_PER_SECOND_TENTHS: [u128; 3] = [48, 93, 85];
