//! The root module of a plugin: one constructor per extension point.

#![expect(unsafe_code, reason = "what derive(StableAbi) generates for fields behind the prefix")]

use abi_stable::StableAbi;
use abi_stable::library::{
    __call_root_module_loader, CheckTypeLayout, LibHeader, RootModule, RootModuleResult,
};
use abi_stable::package_version_strings;
use abi_stable::prefix_type::PrefixTypeTrait;
use abi_stable::sabi_types::VersionStrings;
use abi_stable::std_types::{RResult, RStr};
use serde::de::DeserializeOwned;

use crate::abi::approval::ApprovalObj;
use crate::abi::contain::{contain, remember_places};
use crate::abi::error::WireError;
use crate::abi::fields::FieldsObj;
use crate::abi::host::HostObj;
use crate::abi::observer::ObserverObj;
use crate::abi::order_process::OrderProcessObj;
use crate::abi::pricing::PricingObj;
use crate::abi::shipping_rate::ShippingRateObj;
use crate::abi::task::TaskObj;
use crate::abi::tax::TaxObj;
use crate::error::{Error, ErrorCode};
use crate::host::Host;

/// A constructor takes the name of an entry point as in the manifest, its configuration as a JSON object, and the host.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = PluginModRef)))]
pub struct PluginMod {
    /// The manifest, byte for byte as in the section `.vectis.manifest`.
    pub manifest: extern "C" fn() -> RStr<'static>,
    pub new_pricing: extern "C" fn(RStr<'_>, RStr<'_>, HostObj) -> RResult<PricingObj, WireError>,
    pub new_tax: extern "C" fn(RStr<'_>, RStr<'_>, HostObj) -> RResult<TaxObj, WireError>,
    pub new_order_process: extern "C" fn(RStr<'_>, RStr<'_>, HostObj) -> RResult<OrderProcessObj, WireError>,
    #[sabi(last_prefix_field)]
    pub new_approval: extern "C" fn(RStr<'_>, RStr<'_>, HostObj) -> RResult<ApprovalObj, WireError>,
    /// Since 1.1; absent from plugins built before.
    pub new_fields: extern "C" fn(RStr<'_>, RStr<'_>, HostObj) -> RResult<FieldsObj, WireError>,
    pub new_shipping_rate: extern "C" fn(RStr<'_>, RStr<'_>, HostObj) -> RResult<ShippingRateObj, WireError>,
    /// Since 1.2; absent from plugins built before.
    pub new_task: extern "C" fn(RStr<'_>, RStr<'_>, HostObj) -> RResult<TaskObj, WireError>,
    pub new_observer: extern "C" fn(RStr<'_>, RStr<'_>, HostObj) -> RResult<ObserverObj, WireError>,
}

impl RootModule for PluginModRef {
    abi_stable::declare_root_module_statics! {PluginModRef}
    const BASE_NAME: &'static str = "vectis_plugin";
    const NAME: &'static str = "vectis_plugin";
    const VERSION_STRINGS: VersionStrings = package_version_strings!();
}

/// One entry point: its name and what builds its strategy.
pub type EntryPoint<O> = (&'static str, fn(&str, Host) -> Result<O, Error>);

/// A plugin as `export_plugin!` writes it down.
pub trait Plugin: 'static {
    const MANIFEST: &'static str;
    const PRICING: &'static [EntryPoint<PricingObj>];
    const TAX: &'static [EntryPoint<TaxObj>];
    const ORDER_PROCESS: &'static [EntryPoint<OrderProcessObj>];
    const APPROVAL: &'static [EntryPoint<ApprovalObj>];
    const FIELDS: &'static [EntryPoint<FieldsObj>];
    const SHIPPING_RATE: &'static [EntryPoint<ShippingRateObj>];
    const TASK: &'static [EntryPoint<TaskObj>];
    const OBSERVER: &'static [EntryPoint<ObserverObj>];
}

/// The static that the plugin exports under the name `abi_stable` looks for.
pub const fn header<P: Plugin>() -> LibHeader {
    #[expect(
        unsafe_code,
        reason = "what abi_stable's own export macro does; that macro needs a direct dependency"
    )]
    // SAFETY: `exported` is `__call_root_module_loader` of a function that returns a `PluginModRef`.
    unsafe {
        LibHeader::from_constructor::<PluginModRef>(exported::<P>, CheckTypeLayout::Yes)
    }
}

extern "C" fn exported<P: Plugin>() -> RootModuleResult {
    __call_root_module_loader(root_module::<P>)
}

fn root_module<P: Plugin>() -> PluginModRef {
    let module = PluginMod {
        manifest: manifest::<P>,
        new_pricing: new_pricing::<P>,
        new_tax: new_tax::<P>,
        new_order_process: new_order_process::<P>,
        new_approval: new_approval::<P>,
        new_fields: new_fields::<P>,
        new_shipping_rate: new_shipping_rate::<P>,
        new_task: new_task::<P>,
        new_observer: new_observer::<P>,
    };
    module.leak_into_prefix()
}

extern "C" fn manifest<P: Plugin>() -> RStr<'static> {
    P::MANIFEST.into()
}

extern "C" fn new_pricing<P: Plugin>(
    name: RStr<'_>,
    config: RStr<'_>,
    host: HostObj,
) -> RResult<PricingObj, WireError> {
    construct(P::PRICING, name, config, host)
}

extern "C" fn new_tax<P: Plugin>(
    name: RStr<'_>,
    config: RStr<'_>,
    host: HostObj,
) -> RResult<TaxObj, WireError> {
    construct(P::TAX, name, config, host)
}

extern "C" fn new_order_process<P: Plugin>(
    name: RStr<'_>,
    config: RStr<'_>,
    host: HostObj,
) -> RResult<OrderProcessObj, WireError> {
    construct(P::ORDER_PROCESS, name, config, host)
}

extern "C" fn new_approval<P: Plugin>(
    name: RStr<'_>,
    config: RStr<'_>,
    host: HostObj,
) -> RResult<ApprovalObj, WireError> {
    construct(P::APPROVAL, name, config, host)
}

extern "C" fn new_fields<P: Plugin>(
    name: RStr<'_>,
    config: RStr<'_>,
    host: HostObj,
) -> RResult<FieldsObj, WireError> {
    construct(P::FIELDS, name, config, host)
}

extern "C" fn new_shipping_rate<P: Plugin>(
    name: RStr<'_>,
    config: RStr<'_>,
    host: HostObj,
) -> RResult<ShippingRateObj, WireError> {
    construct(P::SHIPPING_RATE, name, config, host)
}

extern "C" fn new_task<P: Plugin>(
    name: RStr<'_>,
    config: RStr<'_>,
    host: HostObj,
) -> RResult<TaskObj, WireError> {
    construct(P::TASK, name, config, host)
}

extern "C" fn new_observer<P: Plugin>(
    name: RStr<'_>,
    config: RStr<'_>,
    host: HostObj,
) -> RResult<ObserverObj, WireError> {
    construct(P::OBSERVER, name, config, host)
}

fn construct<O>(
    entry_points: &[EntryPoint<O>],
    name: RStr<'_>,
    config: RStr<'_>,
    host: HostObj,
) -> RResult<O, WireError> {
    remember_places();
    contain(|| {
        let found = entry_points.iter().find(|(candidate, _)| *candidate == name.as_str());
        let (_, build) = found.ok_or_else(|| {
            let message = format!("the plugin's code has no entry point {name}; export_plugin! must list it");
            Error::new(ErrorCode::UNSUPPORTED, message)
        })?;
        build(config.as_str(), Host::new(host))
    })
}

/// Reads a strategy's configuration; the error names the JSON pointer of what is wrong.
pub(crate) fn read_config<C: DeserializeOwned>(text: &str) -> Result<C, Error> {
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|error| Error::config("", format!("not JSON: {error}")))?;
    serde_path_to_error::deserialize(value).map_err(|error| {
        let pointer = json_pointer(error.path());
        Error::config(&pointer, error.into_inner())
    })
}

fn json_pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => {
                pointer.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1")))
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}
