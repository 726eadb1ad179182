//! The wiring list: which part gets what. The only place where modules, plugins and the API meet.

use std::any::Any;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use vectis_contracts::accounts::Accounts;
use vectis_contracts::audit::Audit;
use vectis_contracts::channels::Channels;
use vectis_contracts::extensions::Extensions;
use vectis_contracts::identity::Identity;
use vectis_contracts::inventory::Inventory;
use vectis_contracts::once::Once;
use vectis_contracts::plugin_schedules::PluginSchedules;
use vectis_contracts::plugin_tables::PluginTables;
use vectis_contracts::points::Strategies;
use vectis_contracts::ports::event_handler::EventHandler;
use vectis_contracts::priced_cart::CartPricer;
use vectis_contracts::pricing::Pricing;
use vectis_contracts::products::Products;
use vectis_contracts::search::{ProductSearch, SearchIndexing};
use vectis_contracts::tax::Tax;
use vectis_contracts::webhooks::{WebhookQueue, Webhooks};
use vectis_db::{Db, EmbeddedOptions, EmbeddedPostgres, ModuleMigrations, PoolSettings};
use vectis_events::desk::Desk;
use vectis_graphql::{Api, Services};
use vectis_identity::SigningKeys;
use vectis_kernel::{Ctx, Permission};
use vectis_outbound::SystemResolver;
use vectis_plugin_runtime::{PluginRuntime, RuntimeOptions};
use vectis_plugin_services::{ReadModels, Services as PluginServices};
use vectis_webhook_sender::{Intake, Sender, Settings as TargetSettings, Target};

use crate::config::{Config, Database};
use crate::events::{self, Events, Fed};
use crate::schedules::Scheduler;
use crate::search;
use crate::tasks::Tasks;
use crate::workflows::{self, Rounds, Workflows};

/// All schemas, in the order they are migrated; `events` always comes first.
pub static MIGRATIONS: &[&ModuleMigrations] = &[
    &vectis_audit::MIGRATIONS,
    &vectis_identity::MIGRATIONS,
    &vectis_channels::MIGRATIONS,
    &vectis_plugins::MIGRATIONS,
    &vectis_accounts::MIGRATIONS,
    &vectis_products::MIGRATIONS,
    &vectis_pricing::MIGRATIONS,
    &vectis_inventory::MIGRATIONS,
    &vectis_tax::MIGRATIONS,
    &vectis_carts::MIGRATIONS,
    &vectis_approvals::MIGRATIONS,
    &vectis_orders::MIGRATIONS,
    &vectis_extensions::MIGRATIONS,
    &vectis_search::MIGRATIONS,
    &vectis_search_index::MIGRATIONS,
    &vectis_webhooks::MIGRATIONS,
    &vectis_workflows::MIGRATIONS,
];

/// Whether the host brings the database up to date before it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migrations {
    /// It does.
    Apply,
    /// `vectis migrate` did.
    Assume,
    /// The same, by somebody who only looks in: a private cluster that a shop runs is used with it.
    LookIn,
}

/// A host put together.
pub struct Host {
    /// The API with the services behind it.
    pub api: Arc<Api>,
    /// The database.
    pub db: Db,
    /// The plugins.
    pub plugins: Arc<PluginRuntime>,
    /// The configuration in force.
    pub config: Config,
    /// Background work.
    pub tasks: Tasks,
    /// The event boundary.
    pub events: Events,
    /// Those who take events in.
    pub handlers: Vec<Arc<dyn EventHandler>>,
    /// Subscriptions and dead letters, for staff and operators.
    pub desk: Arc<Desk>,
    /// Tells webhooks.
    webhooks: Arc<Sender>,
    /// What keeps the search indexes.
    pub indexing: Arc<dyn SearchIndexing>,
    /// What outlasts requests.
    pub workflows: Workflows,
    /// The private cluster, which ends with the host.
    postgres: Option<EmbeddedPostgres>,
}

impl Host {
    /// The plugin set a request begins with and keeps.
    pub fn plugin_set(&self) -> Arc<dyn Any + Send + Sync> {
        self.plugins.snapshot()
    }

    /// Starts what the server does about events: it tells other processes of what it commits and, unless they do that for it,
    /// relays and consumes.
    pub fn start_events(&self) {
        self.events.start_knocking(&self.tasks);
        if self.config.events.run_in_server {
            self.events.start_listening(&self.tasks);
            self.events.start_relay(&self.tasks);
            self.start_consumers();
            self.start_event_housekeeping();
        }
    }

    /// Starts running the plugins' tasks when they are due, unless other processes do.
    pub fn start_schedules(&self) {
        let config = &self.config.plugins.schedules;
        if config.run_in_server {
            let schedules = self.api.services().plugin_schedules.clone();
            Scheduler::start(&self.tasks, config, schedules, self.plugins.clone());
        }
    }

    /// Starts taking events in, keeping the search indexes up with them, telling plugins, and telling webhooks.
    pub fn start_consumers(&self) {
        self.events.start_consumers(&self.tasks, &self.handlers);
        self.events.start_subscribers(&self.tasks, self.plugins.clone());
        search::start_keeping_up(&self.tasks, self.indexing.clone());
        let (webhooks, stop) = (self.webhooks.clone(), self.tasks.stopping());
        self.tasks.spawn(async move { webhooks.run(stop).await });
    }

    /// Works for workflows, unless other processes do that for the server.
    pub fn start_workflows(&self) {
        if self.config.workflows.run_in_server {
            self.workflows.start(&self.tasks);
        }
    }

    /// Starts cleaning up after events, and measuring.
    pub fn start_event_housekeeping(&self) {
        let consumers: Vec<&'static str> = self.handlers.iter().map(|handler| handler.consumer()).collect();
        self.events.start_housekeeping(&self.tasks, &consumers);
    }

    /// Stops background work, closes the pool and ends the private cluster.
    pub async fn stop(self) {
        self.tasks.stop(Duration::from_secs(10)).await;
        self.plugins.retire().await;
        self.db.pool().close().await;
        if let Some(postgres) = self.postgres {
            postgres.stop().await;
        }
    }
}

fn pool_settings(config: &Database) -> PoolSettings {
    PoolSettings {
        max_connections: config.max_connections,
        acquire_timeout: config.acquire_timeout,
        statement_timeout: config.statement_timeout,
        ..PoolSettings::default()
    }
}

/// The same database as a shop that runs on this machine, with it; otherwise as [`open_database`]. For commands that look, and
/// end before the shop does.
pub async fn look_into_database(config: &Database) -> anyhow::Result<(Db, Option<EmbeddedPostgres>)> {
    if config.url.is_empty()
        && let Some(options) = EmbeddedPostgres::running(&config.data_dir).await
    {
        let pool = vectis_db::connect(options, &pool_settings(config)).await;
        return Ok((
            Db::new(pool.context("cannot connect to the private cluster of the running shop")?),
            None,
        ));
    }
    open_database(config).await
}

/// The database that the configuration names: by URL, or a private cluster.
pub async fn open_database(config: &Database) -> anyhow::Result<(Db, Option<EmbeddedPostgres>)> {
    let settings = pool_settings(config);
    if !config.url.is_empty() {
        let pool = vectis_db::connect_url(config.url.expose(), &settings).await;
        return Ok((Db::new(pool.context("cannot connect to database.url")?), None));
    }
    let mut options = EmbeddedOptions::new(&config.data_dir);
    options.bin_dir.clone_from(&config.bin_dir);
    let postgres = EmbeddedPostgres::start(options).await?;
    let pool = vectis_db::connect(postgres.connect_options(vectis_db::embedded::DATABASE), &settings).await;
    Ok((Db::new(pool.context("cannot connect to the private cluster")?), Some(postgres)))
}

/// Puts the host together.
pub async fn compose(config: Config, migrations: Migrations) -> anyhow::Result<Host> {
    let (db, postgres) = match migrations {
        Migrations::LookIn => look_into_database(&config.database).await?,
        Migrations::Apply | Migrations::Assume => open_database(&config.database).await?,
    };
    // A private cluster belongs to this very program; there is no other release to wait for.
    if migrations == Migrations::Apply || postgres.is_some() {
        vectis_db::migrate(db.pool(), MIGRATIONS).await.context("cannot migrate the database")?;
    }
    vectis_db::outbox::register_schemas(vectis_contracts::events::SCHEMAS)?;

    let audit = vectis_audit::build(vectis_audit::Deps { db: db.clone() }).audit;
    let channels =
        vectis_channels::build(vectis_channels::Deps { db: db.clone(), audit: audit.clone() }).channels;
    let releases =
        vectis_plugins::build(vectis_plugins::Deps { db: db.clone(), audit: audit.clone() }).releases;
    let vectis_extensions::Built { extensions, tables, schedules } =
        vectis_extensions::build(vectis_extensions::Deps {
            db: db.clone(),
            audit: audit.clone(),
            schedules: config.plugins.schedules.terms(),
        });
    let plugin_services = build_plugin_services(&config, extensions.clone(), tables.clone())?;
    let options = RuntimeOptions {
        services: plugin_services.clone(),
        tables: Some(tables),
        ..config.plugins.runtime_options()
    };
    let plugins = PluginRuntime::start(options, channels.clone(), releases).await?;
    let events = Events::new(&db, &config.events)?;
    let (webhooks, sender) = build_webhooks(&config, &db, audit.clone()).await?;
    let intake = Arc::new(Intake { queue: sender.queue.clone() });
    let foundation = Foundation {
        db: db.clone(),
        audit,
        channels,
        extensions,
        plugins: plugins.clone(),
        schedules,
        webhooks,
        intake,
    };
    let Built { services, handlers, desk, indexing, workflows, signing_keys } =
        build_services(&config, foundation, &events).await?;
    plugin_services
        .provide(ReadModels { products: services.products.clone(), orders: services.orders.clone() });
    let api = Arc::new(Api::new(services, config.graphql.clone()));
    let (tasks, webhooks) = (Tasks::default(), Arc::new(sender));
    let host = Host {
        api,
        db,
        plugins,
        config,
        tasks,
        events,
        handlers,
        desk,
        webhooks,
        indexing,
        workflows,
        postgres,
    };
    start_background_work(&host, signing_keys);
    Ok(host)
}

/// What plugins may ask of the host.
fn build_plugin_services(
    config: &Config,
    extensions: Arc<dyn Extensions>,
    tables: Arc<dyn PluginTables>,
) -> anyhow::Result<Arc<PluginServices>> {
    vectis_plugin_services::check_grants(&config.plugins.grants).map_err(anyhow::Error::msg)?;
    let secrets = &config.plugins.secrets;
    let services = PluginServices::new(vectis_plugin_services::Deps {
        extensions,
        tables,
        secrets: secrets.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())).collect(),
        limits: config.plugins.service_limits(),
        resolver: Arc::new(SystemResolver),
    });
    Ok(Arc::new(services.context("the HTTP client of the plugins cannot be made")?))
}

/// Webhooks as staff see them, and who tells them.
async fn build_webhooks(
    config: &Config,
    db: &Db,
    audit: Arc<dyn Audit>,
) -> anyhow::Result<(Arc<dyn Webhooks>, Sender)> {
    let settings = TargetSettings {
        allow_http: config.webhooks.allow_http,
        addresses: config.webhooks.addresses.clone(),
        timeout: config.webhooks.timeout,
    };
    let target = Arc::new(Target::new(settings, Arc::new(SystemResolver)).map_err(anyhow::Error::msg)?);
    let deps = vectis_webhooks::Deps { db: db.clone(), audit, judge: target.clone() };
    let vectis_webhooks::Built { webhooks, queue } =
        vectis_webhooks::build(deps, config.webhooks.clone()).await?;
    Ok((webhooks, Sender { queue, target }))
}

/// What every module stands on.
struct Foundation {
    db: Db,
    audit: Arc<dyn Audit>,
    channels: Arc<dyn Channels>,
    extensions: Arc<dyn Extensions>,
    plugins: Arc<PluginRuntime>,
    schedules: Arc<dyn PluginSchedules>,
    webhooks: Arc<dyn Webhooks>,
    intake: Arc<Intake>,
}

/// What stands on the foundation.
struct Built {
    services: Services,
    handlers: Vec<Arc<dyn EventHandler>>,
    desk: Arc<Desk>,
    indexing: Arc<dyn SearchIndexing>,
    workflows: Workflows,
    signing_keys: SigningKeys,
}

/// People first, then goods, then what people do with goods.
async fn build_services(config: &Config, foundation: Foundation, events: &Events) -> anyhow::Result<Built> {
    let Foundation { db, audit, channels, extensions, plugins, schedules, webhooks, intake } = foundation;
    let (identity, accounts, signing_keys) = build_people(config, &db, &audit, plugins.clone()).await?;
    let Goods { fed, products, inventory, pricing, search, indexing, tax } =
        build_goods(config, &db, &audit, plugins.clone())?;
    let cart_pricer = CartPricer { products: products.clone(), pricing: pricing.clone(), tax: tax.clone() };
    let carts = vectis_carts::build(vectis_carts::Deps {
        db: db.clone(),
        audit: audit.clone(),
        channels: channels.clone(),
        accounts: accounts.clone(),
        products: products.clone(),
        pricing: pricing.clone(),
    })
    .carts;
    let approvals =
        vectis_approvals::build(vectis_approvals::Deps { db: db.clone(), audit: audit.clone() }).approvals;
    let vectis_orders::Built { orders, approval_process } = vectis_orders::build(vectis_orders::Deps {
        db: db.clone(),
        pricer: cart_pricer.clone(),
        accounts: accounts.clone(),
        approvals: approvals.clone(),
        audit: audit.clone(),
        carts: carts.clone(),
        channels: channels.clone(),
        inventory: inventory.clone(),
        products: products.clone(),
        tax: tax.clone(),
        strategies: plugins.clone(),
        config: config.orders.clone(),
    });
    let rounds = Rounds { inventory: inventory.clone(), extensions, db: db.clone() };
    let processes = workflows::processes(vec![approval_process], rounds);
    let (workflows, signals, at_work) = workflows::build(&db, &audit, processes, &config.workflows);
    let mut handlers = events::handlers(fed);
    handlers.extend([intake as Arc<dyn EventHandler>, signals]);
    let desk = Arc::new(events.desk(handlers.clone(), plugins.clone(), audit.clone()));
    let services = Services {
        accounts,
        approvals,
        audit,
        cart_pricer,
        carts,
        channels,
        event_desk: desk.clone(),
        identity,
        inventory,
        once: Once::new(db),
        orders,
        plugin_fields: plugins.clone(),
        plugin_schedules: schedules,
        plugins: plugins.clone(),
        pricing,
        products,
        scheduled_tasks: plugins.clone(),
        search,
        shipping: plugins,
        tax,
        webhooks,
        workflows,
    };
    Ok(Built { services, handlers, desk, indexing, workflows: at_work, signing_keys })
}

/// What is sold, and what it costs.
struct Goods {
    fed: Fed,
    products: Arc<dyn Products>,
    inventory: Arc<dyn Inventory>,
    pricing: Arc<dyn Pricing>,
    search: Arc<dyn ProductSearch>,
    indexing: Arc<dyn SearchIndexing>,
    tax: Arc<dyn Tax>,
}

fn build_goods(
    config: &Config,
    db: &Db,
    audit: &Arc<dyn Audit>,
    strategies: Arc<dyn Strategies>,
) -> anyhow::Result<Goods> {
    let (db, audit) = (db.clone(), audit.clone());
    let products =
        vectis_products::build(vectis_products::Deps { db: db.clone(), audit: audit.clone() }).products;
    let vectis_inventory::Built { inventory, stock_feed: stock } =
        vectis_inventory::build(vectis_inventory::Deps { db: db.clone(), audit: audit.clone() });
    let vectis_pricing::Built { pricing, price_feed: prices } = vectis_pricing::build(vectis_pricing::Deps {
        db: db.clone(),
        audit: audit.clone(),
        strategies: strategies.clone(),
    });
    let vectis_search::Built { search, indexing, handler } = search::build(config, &db, products.clone())?;
    let fed =
        Fed { products: products.clone(), inventory: inventory.clone(), stock, prices, search: handler };
    let tax = vectis_tax::build(vectis_tax::Deps { db, audit, strategies }).tax;
    Ok(Goods { fed, products, inventory, pricing, search, indexing, tax })
}

/// Who signs in, and for whom they act.
async fn build_people(
    config: &Config,
    db: &Db,
    audit: &Arc<dyn Audit>,
    plugins: Arc<PluginRuntime>,
) -> anyhow::Result<(Arc<dyn Identity>, Arc<dyn Accounts>, SigningKeys)> {
    // Beside the platform's own, roles may hold what the plugins of the moment declare.
    let declared_permissions: Arc<dyn Fn() -> BTreeSet<Permission> + Send + Sync> =
        Arc::new(move || plugins.declared_permissions());
    let identity_deps = vectis_identity::Deps {
        db: db.clone(),
        audit: audit.clone(),
        declared_permissions: declared_permissions.clone(),
    };
    let vectis_identity::Built { identity, signing_keys } =
        vectis_identity::build(identity_deps, config.identity.clone()).await?;
    let accounts = vectis_accounts::build(vectis_accounts::Deps {
        db: db.clone(),
        audit: audit.clone(),
        identity: identity.clone(),
        declared_permissions,
    })
    .accounts;
    Ok((identity, accounts, signing_keys))
}

fn start_background_work(host: &Host, signing_keys: SigningKeys) {
    let queue: Arc<dyn WebhookQueue> = host.webhooks.queue.clone();
    host.tasks.every("webhooks.sweep", Duration::from_secs(600), move || {
        let queue = queue.clone();
        async move {
            let swept = queue.sweep(&Ctx::system("sweep")).await;
            swept.map(drop).map_err(|failure| anyhow::anyhow!("{failure:?}"))
        }
    });
    let plugins = host.plugins.clone();
    host.tasks.every("plugins.refresh", host.config.plugins.refresh_interval, move || {
        let plugins = plugins.clone();
        async move { Ok(plugins.refresh().await?) }
    });
    if host.config.plugins.watch {
        let plugins = host.plugins.clone();
        host.tasks.every("plugins.watch", host.config.plugins.refresh_interval, move || {
            let plugins = plugins.clone();
            async move { Ok(plugins.watch().await.map(drop)?) }
        });
    }
    let signing_keys = Arc::new(signing_keys);
    host.tasks.every("identity.reload_keys", Duration::from_secs(60), move || {
        let signing_keys = signing_keys.clone();
        async move { Ok(signing_keys.reload().await?) }
    });
}
