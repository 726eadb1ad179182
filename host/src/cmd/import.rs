//! `vectis import`: a shop mined from an invoice file.
