//! What a plugin may declare, and what async-graphql must keep doing for it to work.
