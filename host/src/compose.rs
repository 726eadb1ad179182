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
use vectis_contracts::once::Once;
use vectis_contracts::plugin_tables::PluginTables;
use vectis_contracts::points::Strategies;
use vectis_contracts::ports::event_handler::EventHandler;
use vectis_contracts::priced_cart::CartPricer;
use vectis_db::{Db, EmbeddedOptions, EmbeddedPostgres, ModuleMigrations, PoolSettings};
use vectis_graphql::{Api, Services};
use vectis_identity::SigningKeys;
use vectis_kernel::Permission;
use vectis_plugin_runtime::{PluginRuntime, RuntimeOptions};
use vectis_plugin_services::{ReadModels, Services as PluginServices, SystemResolver};

use crate::config::{Config, Database};
use crate::events::{self, Events, Fed};
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
    &vectis_workflows::MIGRATIONS,
];

/// Whether the host brings the database up to date before it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migrations {
    /// It does.
    Apply,
    /// `vectis migrate` did.
    Assume,
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
            self.events.start_consumers(&self.tasks, &self.handlers);
            self.start_event_housekeeping();
        }
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

/// The database that the configuration names: by URL, or a private cluster.
pub async fn open_database(config: &Database) -> anyhow::Result<(Db, Option<EmbeddedPostgres>)> {
    let settings = PoolSettings {
        max_connections: config.max_connections,
        acquire_timeout: config.acquire_timeout,
        statement_timeout: config.statement_timeout,
        ..PoolSettings::default()
    };
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
    let (db, postgres) = open_database(&config.database).await?;
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
    let vectis_extensions::Built { extensions, tables } =
        vectis_extensions::build(vectis_extensions::Deps { db: db.clone() });
    let plugin_services = build_plugin_services(&config, extensions.clone(), tables.clone())?;
    let options = RuntimeOptions {
        services: plugin_services.clone(),
        tables: Some(tables),
        ..config.plugins.runtime_options()
    };
    let plugins = PluginRuntime::start(options, channels.clone(), releases).await?;
    let foundation = Foundation { db: db.clone(), audit, channels, extensions, plugins: plugins.clone() };
    let (services, parts) = build_services(&config, foundation).await?;
    let Parts { handlers, workflows, signing_keys } = parts;
    plugin_services
        .provide(ReadModels { products: services.products.clone(), orders: services.orders.clone() });
    let events = Events::new(&db, &config.events)?;
    let api = Arc::new(Api::new(services, config.graphql.clone()));
    let host =
        Host { api, db, plugins, config, tasks: Tasks::default(), events, handlers, workflows, postgres };
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

/// What every module stands on.
struct Foundation {
    db: Db,
    audit: Arc<dyn Audit>,
    channels: Arc<dyn Channels>,
    extensions: Arc<dyn Extensions>,
    plugins: Arc<PluginRuntime>,
}

/// What comes with the services and is not for the API.
struct Parts {
    handlers: Vec<Arc<dyn EventHandler>>,
    workflows: Workflows,
    signing_keys: SigningKeys,
}

/// People first, then goods, then what people do with goods.
async fn build_services(config: &Config, foundation: Foundation) -> anyhow::Result<(Services, Parts)> {
    let Foundation { db, audit, channels, extensions, plugins } = foundation;
    let strategies: Arc<dyn Strategies> = plugins.clone();
    let (identity, accounts, signing_keys) = build_people(config, &db, &audit, plugins.clone()).await?;
    let products =
        vectis_products::build(vectis_products::Deps { db: db.clone(), audit: audit.clone() }).products;
    let vectis_inventory::Built { inventory, stock_feed: stock } =
        vectis_inventory::build(vectis_inventory::Deps { db: db.clone(), audit: audit.clone() });
    let (priced, assessed) = (
        vectis_pricing::Deps { db: db.clone(), audit: audit.clone(), strategies: strategies.clone() },
        vectis_tax::Deps { db: db.clone(), audit: audit.clone(), strategies: strategies.clone() },
    );
    let vectis_pricing::Built { pricing, price_feed: prices } = vectis_pricing::build(priced);
    let fed = Fed { products: products.clone(), inventory: inventory.clone(), stock, prices };
    let tax = vectis_tax::build(assessed).tax;
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
        strategies,
        config: config.orders.clone(),
    });
    let rounds = Rounds { inventory: inventory.clone(), extensions, db: db.clone() };
    let processes = workflows::processes(vec![approval_process], rounds);
    let built = workflows::build(&db, &audit, processes, &config.workflows);
    let (workflows, intake, at_work) = built;
    let handlers = events::handlers(fed).into_iter().chain([intake]).collect();
    let services = Services {
        accounts,
        approvals,
        audit,
        cart_pricer,
        carts,
        channels,
        identity,
        inventory,
        once: Once::new(db),
        orders,
        plugin_fields: plugins.clone(),
        plugins: plugins.clone(),
        pricing,
        products,
        shipping: plugins,
        tax,
        workflows,
    };
    Ok((services, Parts { handlers, workflows: at_work, signing_keys }))
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
