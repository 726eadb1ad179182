//! `metric`: numbers of a plugin's own beside those of the server. Names are those of the manifest, so there are only so many.

use vectis_contracts::plugin_services::{ServiceCaller, ServiceError};
use vectis_plugin_api::abi::services::{MetricKind, MetricQuestion};

use crate::capability;

pub(crate) fn write(caller: &ServiceCaller, question: &MetricQuestion) -> Result<(), ServiceError> {
    let MetricQuestion { name, kind, value } = question;
    capability::require(caller, "metric", name)?;
    let labels = [("plugin", caller.plugin.clone()), ("name", name.clone())];
    match kind {
        MetricKind::Count => metrics::counter!("vectis_plugin_count", &labels).increment(*value),
        // The library's histograms take floats; a plugin's values are whole.
        #[expect(clippy::cast_precision_loss, reason = "a measurement, never money")]
        MetricKind::Observe => metrics::histogram!("vectis_plugin_observed", &labels).record(*value as f64),
    }
    Ok(())
}
