//! Ids are UUIDv7 newtypes, one per kind of thing, so that an account id can never stand where an order id is meant.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What all id newtypes have in common.
pub trait EntityId: Copy + From<Uuid> + Into<Uuid> + Send + Sync + 'static {
    /// The word in front of the id in GraphQL: `order:01J…`.
    const KIND: &'static str;
}

/// Declares id newtypes. A macro because forty identical impls by hand would hide the one that differs.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl EntityId for $name {
            const KIND: &'static str = $kind;
        }

        impl From<Uuid> for $name {
            #[inline]
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            #[inline]
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

ids! {
    AccountId = "account";
    LocationId = "location";
    EmployeeId = "employee";
    AddressId = "address";
    CustomerGroupId = "group";
    /// A role of employees inside accounts.
    RoleId = "role";
    /// A person who can sign in, whatever they are otherwise.
    LoginId = "login";
    /// A role of the merchant's staff.
    StaffRoleId = "staffrole";
    /// One sign-in, with its chain of refresh tokens.
    SessionId = "session";
    ChannelId = "channel";
    ProductId = "product";
    VariantId = "variant";
    CategoryId = "category";
    PriceListId = "pricelist";
    ManagedPriceId = "managedprice";
    WarehouseId = "warehouse";
    ReservationId = "reservation";
    ExemptionId = "exemption";
    CartId = "cart";
    CartLineId = "cartline";
    ApprovalRequestId = "approvalrequest";
    OrderId = "order";
    OrderLineId = "orderline";
    OrderChargeId = "ordercharge";
    ReturnId = "return";
    CreditNoteId = "creditnote";
    EventId = "event";
    AuditEntryId = "auditentry";
    DeadLetterId = "deadletter";
    PluginScheduleId = "pluginschedule";
    PluginScheduleRunId = "pluginschedulerun";
    WebhookId = "webhook";
    WebhookDeliveryId = "webhookdelivery";
    WorkflowId = "workflow";
    WorkflowFaultId = "workflowfault";
}
