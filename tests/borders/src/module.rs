//! The rule as a Wasm module under wasmtime: question and answer as flat records in linear memory. One instance for all calls,
//! compiled before the first, and no limit on its time: the least that the border costs.

use std::path::Path;

use anyhow::{Context, Result};
use vectis_borders_guest::records::{ANSWER_BYTES, CANDIDATE_BYTES, HEAD_BYTES, LINE_BYTES, long, word};
use vectis_plugin_api::abi::pricing::PricingCall;
use vectis_plugin_api::pricing::{Line, Priced};
use wasmtime::{Engine, Instance, Memory, Store, TypedFunc};

pub struct Module {
    store: Store<()>,
    memory: Memory,
    room: TypedFunc<u32, u32>,
    price: TypedFunc<(), u32>,
    question: Vec<u8>,
}

impl Module {
    /// The module that was built beside this program.
    pub fn load() -> Result<Self> {
        let program = std::env::current_exe()?;
        let folder =
            program.parent().and_then(Path::parent).context("the program lies in a target folder")?;
        let file = folder.join("wasm32-unknown-unknown/release/vectis_borders_guest.wasm");
        let bytes = std::fs::read(&file).with_context(|| file.display().to_string())?;
        let engine = Engine::default();
        let module = wasmtime::Module::new(&engine, bytes)?;
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[])?;
        let memory = instance.get_memory(&mut store, "memory").context("the module has a memory")?;
        let room = instance.get_typed_func(&mut store, "room")?;
        let price = instance.get_typed_func(&mut store, "price")?;
        Ok(Self { store, memory, room, price, question: Vec::new() })
    }

    pub fn price(&mut self, call: &PricingCall<'_>, lines: &[Line<'_>]) -> Result<Vec<Priced>> {
        write(&mut self.question, call, lines)?;
        let at = self.room.call(&mut self.store, u32::try_from(self.question.len())?)?;
        self.memory.write(&mut self.store, at as usize, &self.question)?;
        let at = self.price.call(&mut self.store, ())? as usize;
        let answer = self.memory.data(&self.store).get(at..at + lines.len() * ANSWER_BYTES);
        Ok(answer.context("the answer lies in the memory")?.chunks_exact(ANSWER_BYTES).map(priced).collect())
    }
}

fn write(bytes: &mut Vec<u8>, call: &PricingCall<'_>, lines: &[Line<'_>]) -> Result<()> {
    let skus: usize = lines.iter().map(|line| line.sku().len()).sum();
    bytes.clear();
    bytes.reserve(HEAD_BYTES + call.candidates.len() * CANDIDATE_BYTES + lines.len() * LINE_BYTES + skus);
    bytes.extend(call.now_ms.to_le_bytes());
    bytes.extend(u32::try_from(lines.len())?.to_le_bytes());
    bytes.extend(u32::try_from(call.candidates.len())?.to_le_bytes());
    for candidate in call.candidates {
        let mut record = [0; CANDIDATE_BYTES];
        record[..4].copy_from_slice(&candidate.level.0.to_le_bytes());
        record[4..8].copy_from_slice(&candidate.priority.to_le_bytes());
        record[8..24].copy_from_slice(&candidate.price_list_id.0);
        record[24..32].copy_from_slice(&candidate.min_quantity_milli.to_le_bytes());
        record[32..40].copy_from_slice(&candidate.unit_price_micros.to_le_bytes());
        record[40..48].copy_from_slice(&candidate.valid_from_ms.to_le_bytes());
        record[48..56].copy_from_slice(&candidate.valid_to_ms.to_le_bytes());
        record[56..60].copy_from_slice(&u32::from(candidate.is_converted()).to_le_bytes());
        bytes.extend_from_slice(&record);
    }
    for line in lines {
        let mut record = [0; LINE_BYTES];
        record[..16].copy_from_slice(&line.variant_id.0);
        record[16..24].copy_from_slice(&line.quantity_milli.to_le_bytes());
        record[24..28].copy_from_slice(&line.first_candidate.to_le_bytes());
        record[28..32].copy_from_slice(&line.candidate_count.to_le_bytes());
        record[32..].copy_from_slice(&u32::try_from(line.sku().len())?.to_le_bytes());
        bytes.extend_from_slice(&record);
    }
    lines.iter().for_each(|line| bytes.extend_from_slice(line.sku().as_bytes()));
    Ok(())
}

fn priced(record: &[u8]) -> Priced {
    match word(record, 12) {
        0 => Priced::none(),
        _ => Priced::at(long(record, 0)).from_candidate(word(record, 8) as usize),
    }
}
