use sqlx::PgPool;
use vectis_contracts::carts::{Cart, CartCode, CartStatus, OnDuplicate};
use vectis_kernel::Failure;
use vectis_kernel::ids::{ApprovalRequestId, OrderId};

use super::world::{World, code, line, this};

impl World {
    pub(super) async fn submit(&self, cart: &Cart, id: ApprovalRequestId) -> Result<(), Failure<CartCode>> {
        let mut tx = self.db.begin().await.unwrap();
        self.carts.submit(&mut tx, &self.buyer, cart, id).await?;
        Ok(tx.commit().await?)
    }

    pub(super) async fn place(&self, cart: &Cart, id: OrderId) -> Result<(), Failure<CartCode>> {
        let mut tx = self.db.begin().await.unwrap();
        self.carts.mark_placed(&mut tx, &self.buyer, cart, id).await?;
        Ok(tx.commit().await?)
    }

    async fn block(&self, cart: &Cart) -> Result<(), Failure<CartCode>> {
        let mut tx = self.db.begin().await.unwrap();
        self.carts.mark_blocked(&mut tx, &self.buyer, cart).await?;
        Ok(tx.commit().await?)
    }

    async fn reopen(&self, cart: &Cart) -> Result<(), Failure<CartCode>> {
        let mut tx = self.db.begin().await.unwrap();
        self.carts.reopen(&mut tx, &self.buyer, cart.id).await?;
        Ok(tx.commit().await?)
    }

    async fn filled(&self) -> Cart {
        let cart_id = self.add(vec![line("MUG", 1)]).await.unwrap().cart_id;
        self.cart(cart_id).await
    }
}

#[sqlx::test(migrations = false)]
async fn a_cart_is_submitted_blocked_submitted_again_and_placed_at_one_version(pool: PgPool) {
    let world = World::new(pool).await;
    let open = world.filled().await;
    let (first, second, order_id) = (world.new_id(), world.new_id(), world.new_id());

    world.submit(&open, first).await.unwrap();
    let submitted = world.cart(open.id).await;
    world.block(&submitted).await.unwrap();
    let blocked = world.cart(open.id).await;
    world.submit(&blocked, second).await.unwrap();
    let again = world.cart(open.id).await;
    world.place(&again, order_id).await.unwrap();
    let placed = world.cart(open.id).await;

    assert_eq!((submitted.status, submitted.approval_request_id), (CartStatus::Submitted, Some(first)));
    assert_eq!((blocked.status, blocked.approval_request_id), (CartStatus::Blocked, Some(first)));
    assert_eq!((again.status, again.approval_request_id), (CartStatus::Submitted, Some(second)));
    assert_eq!((placed.status, placed.order_id), (CartStatus::Placed, Some(order_id)));
    assert_eq!(placed.version, open.version);
    let told: Vec<_> = world.told.lock().unwrap().iter().map(|event| event.event_type).collect();
    assert_eq!(told, ["vectis.carts.cart_blocked.v1"]);
}

#[sqlx::test(migrations = false)]
async fn only_the_next_steps_of_a_status_are_taken(pool: PgPool) {
    let world = World::new(pool).await;
    let open = world.filled().await;

    assert_eq!(code(world.block(&open).await), CartCode::CartNotOpen);
    assert_eq!(code(world.reopen(&open).await), CartCode::CartNotOpen);
    world.submit(&open, world.new_id()).await.unwrap();
    let submitted = world.cart(open.id).await;
    assert_eq!(code(world.submit(&submitted, world.new_id()).await), CartCode::CartNotOpen);
    assert_eq!(code(world.submit(&open, world.new_id()).await), CartCode::CartNotOpen);
    assert_eq!(code(world.place(&open, world.new_id()).await), CartCode::CartNotOpen);
    world.place(&submitted, world.new_id()).await.unwrap();
    let placed = world.cart(open.id).await;
    assert_eq!(code(world.place(&placed, world.new_id()).await), CartCode::CartNotOpen);
    assert_eq!(code(world.submit(&placed, world.new_id()).await), CartCode::CartNotOpen);
    assert_eq!(code(world.reopen(&placed).await), CartCode::CartNotOpen);
    assert_eq!(world.cart(open.id).await.order_id, placed.order_id);
}

#[sqlx::test(migrations = false)]
async fn a_cart_that_changed_is_neither_submitted_nor_placed(pool: PgPool) {
    let world = World::new(pool).await;
    let seen = world.filled().await;
    world.add(vec![line("BOWL", 1)]).await.unwrap();
    let unknown = Cart { id: world.new_id(), ..seen.clone() };

    assert_eq!(code(world.submit(&seen, world.new_id()).await), CartCode::StaleVersion);
    assert_eq!(code(world.place(&seen, world.new_id()).await), CartCode::StaleVersion);
    assert_eq!(code(world.place(&unknown, world.new_id()).await), CartCode::CartNotFound);
    assert_eq!(code(world.reopen(&unknown).await), CartCode::CartNotFound);
    let cart = world.mine().await;
    assert_eq!((cart.status, cart.order_id), (CartStatus::Open, None));
}

#[sqlx::test(migrations = false)]
async fn a_frozen_cart_takes_no_lines(pool: PgPool) {
    let world = World::new(pool).await;
    let open = world.filled().await;
    world.submit(&open, world.new_id()).await.unwrap();
    let lines = || vec![line("MUG", 1)];

    let refused = world.carts.lines_add(&world.buyer, this(open.id), lines(), OnDuplicate::Merge).await;

    assert_eq!(code(refused), CartCode::CartNotOpen);
    assert_eq!(world.cart(open.id).await.lines, open.lines);
}

#[sqlx::test(migrations = false)]
async fn a_reopened_cart_rises_in_version_and_stands_beside_the_one_begun_meanwhile(pool: PgPool) {
    let world = World::new(pool).await;
    let rejected = world.filled().await;
    world.submit(&rejected, world.new_id()).await.unwrap();
    let begun = world.filled().await;
    assert_ne!(begun.id, rejected.id);

    world.reopen(&rejected).await.unwrap();

    let reopened = world.cart(rejected.id).await;
    assert_eq!((reopened.status, reopened.version), (CartStatus::Open, rejected.version + 1));
    assert_eq!(world.mine().await.id, begun.id);
    let lines = vec![line("MUG", 1)];
    world.carts.lines_add(&world.buyer, this(rejected.id), lines, OnDuplicate::Merge).await.unwrap();
}
