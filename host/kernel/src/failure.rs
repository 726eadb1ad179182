//! How a use case fails: it *refuses*, with codes a caller can act on and the place in the input that is meant, or it
//! breaks inside. A refusal of a bulk command names every bad line at once. Nothing has been written in either case.

use std::error::Error;
use std::fmt;

/// How a caller should take an error; becomes an HTTP status or a GraphQL code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// The input is wrong; sending it again will fail again.
    Invalid,
    /// A thing named in the input does not exist, or the caller may not know it does.
    NotFound,
    /// The thing has moved on; read it again.
    Conflict,
    /// The caller may not do this.
    Forbidden,
    /// A rule or a missing plugin stands against it.
    Refused,
    /// Try again later.
    Unavailable,
}

/// A use case's own list of reasons to refuse.
pub trait RefusalCode: Copy + fmt::Debug + Eq + Send + Sync + 'static {
    /// `SCREAMING_SNAKE_CASE`, stable, part of the API.
    fn code(self) -> &'static str;
    /// How a caller should take it.
    fn class(self) -> ErrorClass;
}

/// One reason to refuse, pointing at the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal<C> {
    /// Why.
    pub code: C,
    /// Path into the input: `["lines", "17", "quantity"]`; empty when it is about the whole.
    pub field: Vec<String>,
    /// A sentence for a person.
    pub message: String,
}

/// Something broke that no caller can mend. The source chain is logged where it is handled.
#[derive(Debug)]
pub struct InternalError(pub Box<dyn Error + Send + Sync>);

impl InternalError {
    /// The first error of this type in the source chain, the outermost included.
    pub fn find<E: Error + 'static>(&self) -> Option<&E> {
        let mut next: Option<&(dyn Error + 'static)> = Some(&*self.0);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref() {
                return Some(found);
            }
            next = error.source();
        }
        None
    }
}

impl fmt::Display for InternalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A failed use case. `C` is its code enum. Deliberately not a `std::error::Error`, so that `?` turns any such error
/// into `Internal`.
#[derive(Debug)]
pub enum Failure<C> {
    /// Refused, with at least one reason; nothing was written.
    Refused(Vec<Refusal<C>>),
    /// Broke inside; nothing was written.
    Internal(InternalError),
}

impl<C> Failure<C> {
    /// Refusal about the whole input.
    pub fn refused(code: C, message: impl Into<String>) -> Self {
        Self::Refused(vec![Refusal { code, field: Vec::new(), message: message.into() }])
    }

    /// Refusal about one field (a path with dots: `lines.17.quantity`).
    pub fn at(code: C, field: &str, message: impl Into<String>) -> Self {
        Self::Refused(vec![Refusal::at(code, field, message)])
    }

    /// The same failure with another code enum, for a use case that calls another.
    pub fn map_code<D>(self, mut f: impl FnMut(C) -> D) -> Failure<D> {
        match self {
            Self::Refused(refusals) => Failure::Refused(
                refusals
                    .into_iter()
                    .map(|r| Refusal { code: f(r.code), field: r.field, message: r.message })
                    .collect(),
            ),
            Self::Internal(error) => Failure::Internal(error),
        }
    }

    /// An internal failure from a sentence, for broken invariants.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::Internal(InternalError(message.into().into()))
    }

    /// The refusals, empty when internal.
    pub fn refusals(&self) -> &[Refusal<C>] {
        match self {
            Self::Refused(refusals) => refusals,
            Self::Internal(_) => &[],
        }
    }
}

impl<C> Refusal<C> {
    /// Refusal about one field (a path with dots: `lines.17.quantity`).
    pub fn at(code: C, field: &str, message: impl Into<String>) -> Self {
        Self { code, field: field.split('.').map(str::to_owned).collect(), message: message.into() }
    }
}

/// `Ok` when nothing was collected, otherwise all refusals at once.
pub fn refuse_if_any<C>(refusals: Vec<Refusal<C>>) -> Result<(), Failure<C>> {
    if refusals.is_empty() { Ok(()) } else { Err(Failure::Refused(refusals)) }
}

impl<C, E: Error + Send + Sync + 'static> From<E> for Failure<C> {
    fn from(error: E) -> Self {
        Self::Internal(InternalError(Box::new(error)))
    }
}

/// Declares a use case's refusal codes: the enum, its stable code text and its class.
///
/// A macro because each of forty use cases needs the same three-column table and nothing else.
#[macro_export]
macro_rules! refusal_codes {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal : $class:ident,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $crate::RefusalCode for $name {
            fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }
            fn class(self) -> $crate::ErrorClass {
                match self { $(Self::$variant => $crate::ErrorClass::$class,)* }
            }
        }
    )*};
}

/// The same idempotency key came with other parameters. Travels inside [`InternalError`] and is found by downcast where
/// answers are made; a caller's mistake, never logged as a fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("idempotency key {key:?} was already used with other parameters")]
pub struct IdempotencyMismatch {
    /// The key as sent.
    pub key: String,
}
