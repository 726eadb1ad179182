//! `vectis replay`: the invoices, as orders of their buyers.
