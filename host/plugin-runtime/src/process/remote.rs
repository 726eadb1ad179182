//! The extension points answered by another process: each question flat, to one of the plugin's processes and back.

use vectis_plugin_api::Error;
use vectis_plugin_api::abi::approval::{ApprovalFactsRecord, DecisionFactsRecord};
use vectis_plugin_api::abi::observer::RemoteObserver;
use vectis_plugin_api::abi::order_process::OrderFactsRecord;
use vectis_plugin_api::abi::pricing::PricingCall;
use vectis_plugin_api::abi::remote::{
    RemoteApproval, RemoteFields, RemoteOrderProcess, RemotePricing, RemoteTax,
};
use vectis_plugin_api::abi::shipping_rate::RemoteShippingRate;
use vectis_plugin_api::abi::task::RemoteTask;
use vectis_plugin_api::abi::tax::{TaxAnswer, TaxCall};
use vectis_plugin_api::approval::ApprovalStep;
use vectis_plugin_api::order_process::{State, Step, Transition};
use vectis_plugin_api::pricing::{Line, Priced};
use vectis_plugin_api::tax::TaxLine;

use crate::process::bytes::Reader;
use crate::process::codec::{approval, fields, order_process, pricing, tax};
use crate::process::fleet::Remote;
use crate::process::protocol::Verb;

impl RemotePricing for Remote {
    fn price(&self, call: &PricingCall<'_>, lines: &[Line<'_>], out: &mut [Priced]) -> Result<(), Error> {
        self.ask(
            Verb::Price,
            |writer| pricing::write_question(writer, call, lines),
            |bytes| pricing::read_answer(bytes, out),
        )
    }
}

impl RemoteTax for Remote {
    fn stage(&self) -> Result<u32, Error> {
        self.ask(Verb::Stage, |_| (), |bytes| Reader::new(bytes).u32())
    }

    fn tax(&self, call: &TaxCall<'_>, lines: &[TaxLine<'_>]) -> Result<TaxAnswer, Error> {
        self.ask(Verb::Tax, |writer| tax::write_question(writer, call, lines), tax::read_answer)
    }
}

impl RemoteOrderProcess for Remote {
    fn states(&self) -> Result<Vec<State>, Error> {
        self.ask(Verb::States, |_| (), order_process::read_states)
    }

    fn transitions(&self) -> Result<Vec<Transition>, Error> {
        self.ask(Verb::Transitions, |_| (), order_process::read_transitions)
    }

    fn place(&self, facts: &OrderFactsRecord<'_>) -> Result<Step, Error> {
        self.ask(Verb::Place, |writer| order_process::write_facts(writer, facts), order_process::read_step)
    }

    fn step(&self, facts: &OrderFactsRecord<'_>, to: &str) -> Result<Step, Error> {
        self.ask(
            Verb::Step,
            |writer| {
                order_process::write_facts(writer, facts);
                writer.text(to);
            },
            order_process::read_step,
        )
    }
}

impl RemoteApproval for Remote {
    fn plan(&self, facts: &ApprovalFactsRecord<'_>) -> Result<Vec<ApprovalStep>, Error> {
        self.ask(Verb::Plan, |writer| approval::write_facts(writer, facts), approval::read_plan)
    }

    fn may_decide(&self, facts: &DecisionFactsRecord<'_>) -> Result<Option<String>, Error> {
        self.ask(Verb::MayDecide, |writer| approval::write_decision(writer, facts), approval::read_objection)
    }
}

impl RemoteFields for Remote {
    fn answer(&self, budget_ns: u64, question_json: &str) -> Result<String, Error> {
        self.ask(
            Verb::Fields,
            |writer| fields::write_question(writer, budget_ns, question_json),
            fields::read_answers,
        )
    }
}

impl RemoteShippingRate for Remote {
    fn rates(&self, budget_ns: u64, question_json: &str) -> Result<String, Error> {
        self.ask(
            Verb::Rates,
            |writer| fields::write_question(writer, budget_ns, question_json),
            fields::read_answers,
        )
    }
}

impl RemoteTask for Remote {
    fn run(&self, budget_ns: u64, question_json: &str) -> Result<String, Error> {
        self.ask(
            Verb::Run,
            |writer| fields::write_question(writer, budget_ns, question_json),
            fields::read_answers,
        )
    }
}

impl RemoteObserver for Remote {
    fn observe(&self, budget_ns: u64, question_json: &str) -> Result<String, Error> {
        self.ask(
            Verb::Observe,
            |writer| fields::write_question(writer, budget_ns, question_json),
            fields::read_answers,
        )
    }
}
