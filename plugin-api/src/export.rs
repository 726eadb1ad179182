//! `export_plugin!`.

/// Makes a library a plugin: embeds the manifest and exports the strategies behind its entry points.
///
/// ```text
/// vectis_plugin_api::export_plugin! {
///     manifest: "../plugin.toml",
///     pricing: { "tiered" => Tiered, "flat" => Flat },
///     tax: { "table" => Table },
///     fields: { "warranty" => Warranty }, graphql: "../fields.graphql",
///     shipping_rate: { "carrier" => Carrier },
///     task: { "end-due" => EndDue },
///     observer: { "notify" => Notifier },
///     tables: "../tables.sql",
/// }
/// ```
///
/// Paths are relative to the file the macro stands in. Groups that the plugin does not offer are left out; the others come
/// in the order `pricing`, `tax`, `order_process`, `approval`, `fields`, `shipping_rate`, `task`, `observer`; `fields` with the SDL of what it
/// adds to the API. `tables` stands last: the SQL of its [own tables](crate::tables). Every name must stand in the manifest under `[entry-points."vectis.<group>"]`. The crate must be a `cdylib` and unwind on panic.
///
/// Every plugin exports the same symbol, so a program can link one plugin as an `rlib` (for its tests or a benchmark), not two.
#[macro_export]
macro_rules! export_plugin {
    (
        manifest: $manifest:literal
        $(, pricing: { $($pricing:literal => $pricing_type:ty),+ $(,)? })?
        $(, tax: { $($tax:literal => $tax_type:ty),+ $(,)? })?
        $(, order_process: { $($order_process:literal => $order_process_type:ty),+ $(,)? })?
        $(, approval: { $($approval:literal => $approval_type:ty),+ $(,)? })?
        $(, fields: { $($fields:literal => $fields_type:ty),+ $(,)? }, graphql: $graphql:literal)?
        $(, shipping_rate: { $($shipping_rate:literal => $shipping_rate_type:ty),+ $(,)? })?
        $(, task: { $($task:literal => $task_type:ty),+ $(,)? })?
        $(, observer: { $($observer:literal => $observer_type:ty),+ $(,)? })?
        $(, tables: $tables:literal)?
        $(,)?
    ) => {
        #[cfg(panic = "abort")]
        ::core::compile_error!("a Vectis plugin must unwind on panic: remove `panic = \"abort\"` from the profile");

        const _: () = {
            use $crate::abi::module::EntryPoint;

            const MANIFEST: &str = ::core::include_str!($manifest);
            $($(::core::assert!(
                $crate::abi::embed::mentions(MANIFEST, $pricing),
                ::core::concat!("the manifest has no entry point ", $pricing)
            );)+)?
            $($(::core::assert!(
                $crate::abi::embed::mentions(MANIFEST, $tax),
                ::core::concat!("the manifest has no entry point ", $tax)
            );)+)?
            $($(::core::assert!(
                $crate::abi::embed::mentions(MANIFEST, $order_process),
                ::core::concat!("the manifest has no entry point ", $order_process)
            );)+)?
            $($(::core::assert!(
                $crate::abi::embed::mentions(MANIFEST, $approval),
                ::core::concat!("the manifest has no entry point ", $approval)
            );)+)?
            $($(::core::assert!(
                $crate::abi::embed::mentions(MANIFEST, $fields),
                ::core::concat!("the manifest has no entry point ", $fields)
            );)+)?
            $($(::core::assert!(
                $crate::abi::embed::mentions(MANIFEST, $shipping_rate),
                ::core::concat!("the manifest has no entry point ", $shipping_rate)
            );)+)?
            $($(::core::assert!(
                $crate::abi::embed::mentions(MANIFEST, $task),
                ::core::concat!("the manifest has no entry point ", $task)
            );)+)?
            $($(::core::assert!(
                $crate::abi::embed::mentions(MANIFEST, $observer),
                ::core::concat!("the manifest has no entry point ", $observer)
            );)+)?

            struct Exported;

            impl $crate::abi::module::Plugin for Exported {
                const MANIFEST: &'static str = MANIFEST;
                const PRICING: &'static [EntryPoint<$crate::abi::pricing::PricingObj>] =
                    &[$($(($pricing, $crate::abi::pricing::build::<$pricing_type>)),+)?];
                const TAX: &'static [EntryPoint<$crate::abi::tax::TaxObj>] =
                    &[$($(($tax, $crate::abi::tax::build::<$tax_type>)),+)?];
                const ORDER_PROCESS: &'static [EntryPoint<$crate::abi::order_process::OrderProcessObj>] =
                    &[$($(($order_process, $crate::abi::order_process::build::<$order_process_type>)),+)?];
                const APPROVAL: &'static [EntryPoint<$crate::abi::approval::ApprovalObj>] =
                    &[$($(($approval, $crate::abi::approval::build::<$approval_type>)),+)?];
                const FIELDS: &'static [EntryPoint<$crate::abi::fields::FieldsObj>] =
                    &[$($(($fields, $crate::abi::fields::build::<$fields_type>)),+)?];
                const SHIPPING_RATE: &'static [EntryPoint<$crate::abi::shipping_rate::ShippingRateObj>] =
                    &[$($(($shipping_rate, $crate::abi::shipping_rate::build::<$shipping_rate_type>)),+)?];
                const TASK: &'static [EntryPoint<$crate::abi::task::TaskObj>] =
                    &[$($(($task, $crate::abi::task::build::<$task_type>)),+)?];
                const OBSERVER: &'static [EntryPoint<$crate::abi::observer::ObserverObj>] =
                    &[$($(($observer, $crate::abi::observer::build::<$observer_type>)),+)?];
            }

            #[unsafe(export_name = "_1as_0lib_1header_0root_bmodule_bloader")]
            pub static ROOT: $crate::abi::abi_stable::library::LibHeader = $crate::abi::module::header::<Exported>();

            #[used]
            #[unsafe(link_section = ".vectis.manifest")]
            static MANIFEST_SECTION: [u8; MANIFEST.len()] = $crate::abi::embed::bytes(MANIFEST);

            #[used]
            #[unsafe(link_section = ".vectis.build")]
            static BUILD_SECTION: [u8; $crate::abi::embed::BUILD.len()] =
                $crate::abi::embed::bytes($crate::abi::embed::BUILD);

            $(
                #[used]
                #[unsafe(link_section = ".vectis.graphql")]
                static GRAPHQL_SECTION: [u8; ::core::include_str!($graphql).len()] =
                    $crate::abi::embed::bytes(::core::include_str!($graphql));
            )?

            $(
                #[used]
                #[unsafe(link_section = ".vectis.tables")]
                static TABLES_SECTION: [u8; ::core::include_str!($tables).len()] =
                    $crate::abi::embed::bytes(::core::include_str!($tables));
            )?
        };
    };
}
