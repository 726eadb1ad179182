//! Which document may be started next. Documents start in order; how far they may overtake each other is bounded, because
//! opening stock is computed for that bound.

/// Documents under way.
#[derive(Debug)]
pub(crate) struct Window {
    answered: Vec<bool>,
    /// The first that has not been answered.
    oldest: usize,
    /// The first that has not been started.
    next: usize,
    under_way: usize,
    concurrency: usize,
    reach: usize,
}

impl Window {
    /// Nothing started yet. A document is only started when every document `reach` or more before it has been answered.
    pub(crate) fn new(documents: usize, concurrency: usize, reach: usize) -> Self {
        Self {
            answered: vec![false; documents],
            oldest: 0,
            next: 0,
            under_way: 0,
            concurrency: concurrency.max(1),
            reach: reach.max(1),
        }
    }

    /// Starts the next document, if it may start now. `waits_for` names an earlier one it needs the answer of.
    pub(crate) fn start(&mut self, waits_for: impl FnOnce(usize) -> Option<usize>) -> Option<usize> {
        let next = self.next;
        let has_room = next < self.answered.len()
            && self.under_way < self.concurrency
            && next < self.oldest + self.reach;
        if !has_room || waits_for(next).is_some_and(|earlier| !self.answered[earlier]) {
            return None;
        }
        self.next += 1;
        self.under_way += 1;
        Some(next)
    }

    /// A started document has been answered.
    pub(crate) fn end(&mut self, document: usize) {
        self.answered[document] = true;
        self.under_way -= 1;
        while self.answered.get(self.oldest) == Some(&true) {
            self.oldest += 1;
        }
    }
}
