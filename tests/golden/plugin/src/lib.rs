//! The golden plugin: one small strategy for each extension point, built once per released minor version of the plugin API
//! and then frozen as `golden-<minor>.so`.

use vectis_plugin_api::approval::{Approval, ApprovalFacts, ApprovalStep, Approver, DecisionFacts};
#[cfg(feature = "api-1-1")]
use vectis_plugin_api::fields::{Arguments, Fields, FieldsCtx, Parent};
use vectis_plugin_api::order_process::{Effect, OrderFacts, OrderProcess, State, Step, Transition};
use vectis_plugin_api::pricing::{Ctx, Line, Priced, Pricing};
use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
#[cfg(feature = "api-1-1")]
use vectis_plugin_api::serde_json::{Value, json};
#[cfg(feature = "api-1-2")]
use vectis_plugin_api::task::{Task, TaskCtx, TaskReport, TaskRun};
use vectis_plugin_api::tax::{STAGE_VAT, Tax, TaxCtx, TaxLine, TaxOut};
use vectis_plugin_api::{Error, Host, export_plugin, units};

/// Adds a surcharge to a line's first candidate.
struct GoldenPrice {
    config: PriceConfig,
    host: Host,
}

#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
struct PriceConfig {
    surcharge_micros: i64,
}

impl Pricing for GoldenPrice {
    type Config = PriceConfig;

    fn new(config: PriceConfig, host: Host) -> Result<Self, Error> {
        host.info("golden price ready");
        Ok(Self { config, host })
    }

    fn price(&self, ctx: &Ctx<'_>, lines: &[Line<'_>], out: &mut [Priced]) -> Result<(), Error> {
        self.host.debug(format!("{} lines in {} at {}", lines.len(), ctx.currency(), self.host.now_ms()));
        for (line, priced) in lines.iter().zip(out) {
            assert!(line.quantity_milli > 0, "no quantity of {}", line.sku());
            if let Some(candidate) = ctx.candidates(line).first() {
                *priced =
                    Priced::at(candidate.unit_price_micros + self.config.surcharge_micros).from_candidate(0);
            }
        }
        Ok(())
    }

    #[cfg(feature = "api-1-3")]
    fn explain(&self) -> String {
        format!("surcharge of {}", self.config.surcharge_micros)
    }
}

/// Nothing to configure.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
struct NoConfig {}

/// 20 % VAT of the country the goods go to.
struct GoldenTax;

impl Tax for GoldenTax {
    type Config = NoConfig;

    fn new(_config: NoConfig, _host: Host) -> Result<Self, Error> {
        Ok(Self)
    }

    fn stage(&self) -> u32 {
        STAGE_VAT
    }

    fn tax(&self, ctx: &TaxCtx<'_>, lines: &[TaxLine<'_>], out: &mut TaxOut) -> Result<(), Error> {
        let vat = out.kind("VAT", ctx.country(), 200_000);
        for (index, line) in lines.iter().enumerate().filter(|(_, line)| !line.is_exempt()) {
            let amount = units::share(line.amount_minor, 200_000, units::PPM);
            out.add(index, vat, amount.ok_or_else(|| Error::input(line.category()))?);
        }
        Ok(())
    }
}

/// Two states and the way between them.
struct GoldenProcess;

impl OrderProcess for GoldenProcess {
    type Config = NoConfig;

    fn new(_config: NoConfig, _host: Host) -> Result<Self, Error> {
        Ok(Self)
    }

    fn states(&self) -> Vec<State> {
        vec![State::new("Open", "Open").editable(), State::new("Closed", "Closed").last()]
    }

    fn transitions(&self) -> Vec<Transition> {
        vec![Transition::new("close", "Open", "Closed").for_buyers()]
    }

    fn place(&self, _facts: &OrderFacts<'_>) -> Result<Step, Error> {
        Ok(Step::go("Open", [Effect::RESERVE_STOCK]))
    }

    fn step(&self, facts: &OrderFacts<'_>, to: &str) -> Result<Step, Error> {
        if facts.paid_minor < facts.grand_total_minor {
            return Ok(Step::refuse("not paid yet"));
        }
        Ok(Step::go(to, [Effect::SHIP_STOCK, Effect::CAPTURE_PAYMENT]))
    }
}

/// One manager above 100.00.
struct GoldenApproval;

impl Approval for GoldenApproval {
    type Config = NoConfig;

    fn new(_config: NoConfig, _host: Host) -> Result<Self, Error> {
        Ok(Self)
    }

    fn plan(&self, facts: &ApprovalFacts<'_>) -> Result<Vec<ApprovalStep>, Error> {
        let manager = Approver::Role("manager".to_owned());
        let is_large = facts.grand_total_minor > 10_000;
        Ok(if is_large { vec![ApprovalStep::new("over 100", 1, [manager])] } else { Vec::new() })
    }

    fn may_decide(&self, facts: &DecisionFacts<'_>) -> Result<Option<String>, Error> {
        Ok((facts.submitted_by == facts.decided_by).then(|| "nobody approves the own order".to_owned()))
    }
}

/// Says the parents' slugs and a mutation's argument.
#[cfg(feature = "api-1-1")]
struct GoldenFields;

#[cfg(feature = "api-1-1")]
impl Fields for GoldenFields {
    type Config = NoConfig;

    fn new(_config: NoConfig, _host: Host) -> Result<Self, Error> {
        Ok(Self)
    }

    fn resolve(
        &self,
        _ctx: &FieldsCtx,
        _field: &str,
        parents: &[Parent],
        arguments: &Arguments,
    ) -> Result<Vec<Value>, Error> {
        let prefix = arguments.text("prefix").unwrap_or_default();
        let say = |parent: &Parent| json!(format!("{prefix} {}", parent.text("slug").unwrap_or_default()));
        Ok(parents.iter().map(say).collect())
    }

    fn mutate(&self, ctx: &FieldsCtx, mutation: &str, arguments: &Arguments) -> Result<Value, Error> {
        if mutation == "goldenEcho" { arguments.read("text") } else { Err(ctx.unknown(mutation)) }
    }
}

/// Says for which time it ran.
#[cfg(feature = "api-1-2")]
struct GoldenTask;

#[cfg(feature = "api-1-2")]
impl Task for GoldenTask {
    type Config = NoConfig;

    fn new(_config: NoConfig, _host: Host) -> Result<Self, Error> {
        Ok(Self)
    }

    fn run(&self, _ctx: &TaskCtx, run: &TaskRun) -> Result<TaskReport, Error> {
        Ok(TaskReport::new(u64::from(run.attempt), format!("{} at {}", run.schedule, run.due_ms)))
    }
}

#[cfg(not(feature = "api-1-1"))]
export_plugin! {
    manifest: "../plugin-1.0.toml",
    pricing: { "golden-price" => GoldenPrice },
    tax: { "golden-tax" => GoldenTax },
    order_process: { "golden-process" => GoldenProcess },
    approval: { "golden-approval" => GoldenApproval },
}

#[cfg(all(feature = "api-1-1", not(feature = "api-1-2")))]
export_plugin! {
    manifest: "../plugin-1.1.toml",
    pricing: { "golden-price" => GoldenPrice },
    tax: { "golden-tax" => GoldenTax },
    order_process: { "golden-process" => GoldenProcess },
    approval: { "golden-approval" => GoldenApproval },
    fields: { "golden-fields" => GoldenFields }, graphql: "../fields.graphql",
}

#[cfg(all(feature = "api-1-2", not(feature = "api-1-3")))]
export_plugin! {
    manifest: "../plugin-1.2.toml",
    pricing: { "golden-price" => GoldenPrice },
    tax: { "golden-tax" => GoldenTax },
    order_process: { "golden-process" => GoldenProcess },
    approval: { "golden-approval" => GoldenApproval },
    fields: { "golden-fields" => GoldenFields }, graphql: "../fields.graphql",
    task: { "golden-task" => GoldenTask },
}

#[cfg(feature = "api-1-3")]
export_plugin! {
    manifest: "../plugin-1.3.toml",
    pricing: { "golden-price" => GoldenPrice },
    tax: { "golden-tax" => GoldenTax },
    order_process: { "golden-process" => GoldenProcess },
    approval: { "golden-approval" => GoldenApproval },
    fields: { "golden-fields" => GoldenFields }, graphql: "../fields.graphql",
    task: { "golden-task" => GoldenTask },
}
