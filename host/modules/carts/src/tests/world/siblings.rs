//! The siblings' contracts, answered from [`super::Answers`]. What carts have no business with is unreachable.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::accounts::{
    Account, AccountCode, AccountFilter, Accounts, Address, AddressUse, CreateAccount, CreateEmployee,
    CreateLocation, CreditCode, CustomerGroup, Employee, Location, Membership, PostalAddress, Role,
    UpdateAccount, UpdateEmployee,
};
use vectis_contracts::audit::{Audit, AuditCode, AuditEntry, AuditFilter, AuditRecord};
use vectis_contracts::channels::{Channel, ChannelCode, ChannelSettings, Channels, StrategyBinding};
use vectis_contracts::pricing::{
    ExchangeRate, ManagedPrice, PriceCode, PriceList, PriceQuery, PriceQueryLine, PriceTier, Pricing,
    QuoteCode, QuotedPrice, SetManagedPrice, SetPriceEntry, UpsertPriceList,
};
use vectis_contracts::products::{
    Category, Product, ProductActivity, ProductCode, ProductFacts, ProductFilter, Products, UpsertProduct,
    Variant,
};
use vectis_kernel::ids::{
    AccountId, AddressId, CategoryId, ChannelId, CustomerGroupId, EmployeeId, LocationId, LoginId,
    PriceListId, ProductId, RoleId, VariantId,
};
use vectis_kernel::{Ctx, Currency, Failure, Money, Page, PageRequest, Permission, Quantity, UnitPrice};

use super::{Answers, Siblings};

impl Siblings {
    fn ask(&self) {
        self.calls.fetch_add(1, Ordering::SeqCst);
    }
}

/// The price of the highest tier the quantity reaches; none below the first.
fn quoted(answers: &Answers, line: &PriceQueryLine, currency: Currency) -> Option<QuotedPrice> {
    let mut tiers = answers.prices.get(&line.sku)?.iter();
    let (from, micros) = tiers.rfind(|(from, _)| line.quantity.milli() >= *from * 1000)?;
    Some(QuotedPrice {
        unit_price: UnitPrice::from_micros(*micros, currency),
        level: None,
        price_list_id: None,
        min_quantity: Quantity::from_milli(*from * 1000),
    })
}

#[async_trait]
impl Channels for Siblings {
    async fn find_by_slug(&self, _ctx: &Ctx, _slug: &str) -> Result<Option<Channel>, Failure<ChannelCode>> {
        unreachable!("carts never ask this")
    }

    async fn get_many(&self, _ctx: &Ctx, ids: &[ChannelId]) -> Result<Vec<Channel>, Failure<ChannelCode>> {
        self.ask();
        let answers = self.answers.lock().unwrap();
        Ok(answers.channels.iter().filter(|channel| ids.contains(&channel.id)).cloned().collect())
    }

    async fn list(&self, _ctx: &Ctx) -> Result<Vec<Channel>, Failure<ChannelCode>> {
        unreachable!("carts never ask this")
    }

    async fn create(
        &self,
        _ctx: &Ctx,
        _settings: ChannelSettings,
    ) -> Result<ChannelId, Failure<ChannelCode>> {
        unreachable!("carts never ask this")
    }

    async fn update(
        &self,
        _ctx: &Ctx,
        _id: ChannelId,
        _version: i64,
        _settings: ChannelSettings,
    ) -> Result<(), Failure<ChannelCode>> {
        unreachable!("carts never ask this")
    }

    async fn bindings(&self) -> Result<(i64, Vec<StrategyBinding>), Failure<ChannelCode>> {
        unreachable!("carts never ask this")
    }

    async fn bindings_revision(&self) -> Result<i64, Failure<ChannelCode>> {
        unreachable!("carts never ask this")
    }

    async fn strategy_activate(
        &self,
        _ctx: &Ctx,
        _binding: StrategyBinding,
        _asks_all: bool,
    ) -> Result<(), Failure<ChannelCode>> {
        unreachable!("carts never ask this")
    }

    async fn strategy_deactivate(
        &self,
        _ctx: &Ctx,
        _channel_id: ChannelId,
        _point: &str,
        _plugin: &str,
    ) -> Result<(), Failure<ChannelCode>> {
        unreachable!("carts never ask this")
    }
}

#[async_trait]
impl Accounts for Siblings {
    async fn find_membership(&self, _login_id: LoginId) -> Result<Option<Membership>, Failure<AccountCode>> {
        unreachable!("carts never ask this")
    }

    async fn memberships(&self, ids: &[EmployeeId]) -> Result<Vec<Membership>, Failure<AccountCode>> {
        self.ask();
        let answers = self.answers.lock().unwrap();
        Ok(answers.memberships.iter().filter(|found| ids.contains(&found.employee.id)).cloned().collect())
    }

    async fn get_many(&self, _ctx: &Ctx, _ids: &[AccountId]) -> Result<Vec<Account>, Failure<AccountCode>> {
        unreachable!("carts never ask this")
    }

    async fn list(
        &self,
        _ctx: &Ctx,
        _filter: &AccountFilter,
        _page: PageRequest,
    ) -> Result<Page<Account>, Failure<AccountCode>> {
        unreachable!("carts never ask this")
    }

    async fn locations(
        &self,
        _ctx: &Ctx,
        _account_ids: &[AccountId],
    ) -> Result<Vec<Location>, Failure<AccountCode>> {
        unreachable!("carts never ask this")
    }

    async fn locations_by_id(
        &self,
        _ctx: &Ctx,
        _ids: &[LocationId],
    ) -> Result<Vec<Location>, Failure<AccountCode>> {
        unreachable!("carts never ask this")
    }

    async fn addresses(
        &self,
        _ctx: &Ctx,
        _location_ids: &[LocationId],
    ) -> Result<Vec<Address>, Failure<AccountCode>> {
        unreachable!("carts never ask this")
    }

    async fn find_address(&self, _ctx: &Ctx, id: AddressId) -> Result<Option<Address>, Failure<AccountCode>> {
        self.ask();
        let answers = self.answers.lock().unwrap();
        Ok(answers.addresses.iter().find(|address| address.id == id).cloned())
    }

    async fn employees_by_id(
        &self,
        _ctx: &Ctx,
        _ids: &[EmployeeId],
    ) -> Result<Vec<Employee>, Failure<AccountCode>> {
        unreachable!("carts never ask this")
    }

    async fn employees_of(
        &self,
        _ctx: &Ctx,
        _account_ids: &[AccountId],
    ) -> Result<Vec<Employee>, Failure<AccountCode>> {
        unreachable!("carts never ask this")
    }

    async fn roles(&self, _ctx: &Ctx) -> Result<Vec<Role>, Failure<AccountCode>> {
        unreachable!("carts never ask this")
    }

    async fn groups(&self, _ctx: &Ctx) -> Result<Vec<CustomerGroup>, Failure<AccountCode>> {
        unreachable!("carts never ask this")
    }

    async fn accounts_create(
        &self,
        _ctx: &Ctx,
        _accounts: Vec<CreateAccount>,
    ) -> Result<Vec<AccountId>, Failure<AccountCode>> {
        unreachable!("carts never ask this")
    }

    async fn account_update(
        &self,
        _ctx: &Ctx,
        _id: AccountId,
        _version: i64,
        _changes: UpdateAccount,
    ) -> Result<(), Failure<AccountCode>> {
        unreachable!("carts never ask this")
    }

    async fn location_create(
        &self,
        _ctx: &Ctx,
        _account_id: AccountId,
        _location: CreateLocation,
    ) -> Result<LocationId, Failure<AccountCode>> {
        unreachable!("carts never ask this")
    }

    async fn address_create(
        &self,
        _ctx: &Ctx,
        _location_id: LocationId,
        _postal: PostalAddress,
        _as_default: AddressUse,
    ) -> Result<AddressId, Failure<AccountCode>> {
        unreachable!("carts never ask this")
    }

    async fn employee_create(
        &self,
        _ctx: &Ctx,
        _location_id: LocationId,
        _employee: CreateEmployee,
    ) -> Result<EmployeeId, Failure<AccountCode>> {
        unreachable!("carts never ask this")
    }

    async fn employee_update(
        &self,
        _ctx: &Ctx,
        _id: EmployeeId,
        _changes: UpdateEmployee,
    ) -> Result<(), Failure<AccountCode>> {
        unreachable!("carts never ask this")
    }

    async fn role_upsert(
        &self,
        _ctx: &Ctx,
        _name: &str,
        _permissions: BTreeSet<Permission>,
    ) -> Result<RoleId, Failure<AccountCode>> {
        unreachable!("carts never ask this")
    }

    async fn group_upsert(&self, _ctx: &Ctx, _name: &str) -> Result<CustomerGroupId, Failure<AccountCode>> {
        unreachable!("carts never ask this")
    }

    async fn credit_hold(
        &self,
        _tx: &mut Tx,
        _ctx: &Ctx,
        _account_id: AccountId,
        _owner: Uuid,
        _amount: Money,
    ) -> Result<(), Failure<CreditCode>> {
        unreachable!("carts never ask this")
    }

    async fn credit_release(
        &self,
        _tx: &mut Tx,
        _ctx: &Ctx,
        _account_id: AccountId,
        _owner: Uuid,
    ) -> Result<(), Failure<CreditCode>> {
        unreachable!("carts never ask this")
    }

    async fn credit_available(
        &self,
        _account_id: AccountId,
        _currency: Currency,
    ) -> Result<Option<Money>, Failure<CreditCode>> {
        unreachable!("carts never ask this")
    }
}

#[async_trait]
impl Products for Siblings {
    async fn variants_by_id(
        &self,
        _ctx: &Ctx,
        ids: &[VariantId],
    ) -> Result<Vec<Variant>, Failure<ProductCode>> {
        self.ask();
        let ids: HashSet<_> = ids.iter().copied().collect();
        let answers = self.answers.lock().unwrap();
        Ok(answers.variants.values().filter(|variant| ids.contains(&variant.id)).cloned().collect())
    }

    async fn variants_by_sku(
        &self,
        _ctx: &Ctx,
        skus: &[String],
    ) -> Result<Vec<Variant>, Failure<ProductCode>> {
        self.ask();
        let answers = self.answers.lock().unwrap();
        Ok(skus.iter().filter_map(|sku| answers.variants.get(sku)).cloned().collect())
    }

    async fn variants_of(
        &self,
        _ctx: &Ctx,
        _product_ids: &[ProductId],
    ) -> Result<Vec<Variant>, Failure<ProductCode>> {
        unreachable!("carts never ask this")
    }

    async fn products_by_id(
        &self,
        _ctx: &Ctx,
        _ids: &[ProductId],
    ) -> Result<Vec<Product>, Failure<ProductCode>> {
        unreachable!("carts never ask this")
    }

    async fn find_by_slug(&self, _ctx: &Ctx, _slug: &str) -> Result<Option<Product>, Failure<ProductCode>> {
        unreachable!("carts never ask this")
    }

    async fn facts_by_id(
        &self,
        _ctx: &Ctx,
        _ids: &[ProductId],
    ) -> Result<Vec<ProductFacts>, Failure<ProductCode>> {
        unreachable!("carts never ask this")
    }

    async fn active_after(
        &self,
        _ctx: &Ctx,
        _after: Option<ProductId>,
        _most: u32,
    ) -> Result<Vec<ProductId>, Failure<ProductCode>> {
        unreachable!("carts never ask this")
    }

    async fn list(
        &self,
        _ctx: &Ctx,
        _filter: &ProductFilter,
        _page: PageRequest,
    ) -> Result<Page<Product>, Failure<ProductCode>> {
        unreachable!("carts never ask this")
    }

    async fn categories(&self, _ctx: &Ctx) -> Result<Vec<Category>, Failure<ProductCode>> {
        unreachable!("carts never ask this")
    }

    async fn products_upsert(
        &self,
        _ctx: &Ctx,
        _products: Vec<UpsertProduct>,
    ) -> Result<Vec<ProductId>, Failure<ProductCode>> {
        unreachable!("carts never ask this")
    }

    async fn product_activate(
        &self,
        _ctx: &Ctx,
        _id: ProductId,
        _version: i64,
        _activity: ProductActivity,
    ) -> Result<(), Failure<ProductCode>> {
        unreachable!("carts never ask this")
    }

    async fn category_upsert(
        &self,
        _ctx: &Ctx,
        _slug: &str,
        _name: &str,
        _parent_slug: Option<&str>,
        _position: i32,
    ) -> Result<CategoryId, Failure<ProductCode>> {
        unreachable!("carts never ask this")
    }
}

#[async_trait]
impl Pricing for Siblings {
    async fn quote(
        &self,
        _ctx: &Ctx,
        query: &PriceQuery,
    ) -> Result<Vec<Option<QuotedPrice>>, Failure<QuoteCode>> {
        self.ask();
        let answers = self.answers.lock().unwrap();
        if answers.strategy_fails {
            return Err(Failure::refused(QuoteCode::StrategyFailed, "no plugin answers vectis.pricing"));
        }
        Ok(query.lines.iter().map(|line| quoted(&answers, line, query.currency)).collect())
    }

    async fn ladders(
        &self,
        _ctx: &Ctx,
        _query: &PriceQuery,
    ) -> Result<Vec<Vec<PriceTier>>, Failure<QuoteCode>> {
        unreachable!("carts never ask this")
    }

    async fn price_lists(
        &self,
        _ctx: &Ctx,
        _page: PageRequest,
    ) -> Result<Page<PriceList>, Failure<PriceCode>> {
        unreachable!("carts never ask this")
    }

    async fn price_entries(
        &self,
        _ctx: &Ctx,
        _list: PriceListId,
        _variant_ids: &[VariantId],
    ) -> Result<Vec<(VariantId, PriceTier)>, Failure<PriceCode>> {
        unreachable!("carts never ask this")
    }

    async fn price_list_upsert(
        &self,
        _ctx: &Ctx,
        _list: UpsertPriceList,
    ) -> Result<PriceListId, Failure<PriceCode>> {
        unreachable!("carts never ask this")
    }

    async fn price_entries_set(
        &self,
        _ctx: &Ctx,
        _list: PriceListId,
        _entries: Vec<SetPriceEntry>,
    ) -> Result<(), Failure<PriceCode>> {
        unreachable!("carts never ask this")
    }

    async fn managed_prices_set(
        &self,
        _ctx: &Ctx,
        _prices: Vec<SetManagedPrice>,
    ) -> Result<(), Failure<PriceCode>> {
        unreachable!("carts never ask this")
    }

    async fn managed_prices(
        &self,
        _ctx: &Ctx,
        _variant_ids: &[VariantId],
    ) -> Result<Vec<ManagedPrice>, Failure<PriceCode>> {
        unreachable!("carts never ask this")
    }

    async fn exchange_rates_set(
        &self,
        _ctx: &Ctx,
        _rates: Vec<ExchangeRate>,
    ) -> Result<(), Failure<PriceCode>> {
        unreachable!("carts never ask this")
    }

    async fn exchange_rates(&self, _ctx: &Ctx) -> Result<Vec<ExchangeRate>, Failure<PriceCode>> {
        unreachable!("carts never ask this")
    }
}

#[async_trait]
impl Audit for Siblings {
    async fn record(
        &self,
        _tx: &mut Tx,
        _ctx: &Ctx,
        records: &[AuditRecord],
    ) -> Result<(), Failure<AuditCode>> {
        self.ask();
        self.answers.lock().unwrap().audited.extend_from_slice(records);
        Ok(())
    }

    async fn list(
        &self,
        _ctx: &Ctx,
        _filter: &AuditFilter,
        _page: PageRequest,
    ) -> Result<Page<AuditEntry>, Failure<AuditCode>> {
        unreachable!("carts never ask this")
    }
}
