//! Carts on the module's own tables only; its siblings are one small world of fakes.

mod accepting;
mod adding;
mod answers;
mod bulk;
mod details;
mod life;
mod merging;
mod overriding;
mod owners;
mod planning;
mod races;
mod replays;
mod updating;
mod world;
