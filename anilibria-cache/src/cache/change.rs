//! How values are set and invalidated: on every level, and told to every instance.

use std::sync::Arc;

use async_trait::async_trait;

use super::Inner;
use crate::{
    invalidation::{Invalidation, Scope},
    level::{Copies, Level, Write},
    loaded::Loaded,
    policy::Policy,
};

impl Inner {
    /// Puts `loaded` under `key`.
    pub(super) async fn set(self: Arc<Self>, policy: Policy, key: Arc<str>, loaded: Loaded) {
        self.listen();
        let turn = self.turns.of(&key).await;
        // First the loads: one that ends afterwards knows not to put the old value back.
        self.flights.supersede(&key);
        let (now, luck) = (self.now(), fastrand::f64());
        let entry = self.levels.nearest_entry(&loaded, &policy, now, luck);
        // Furthest first: what the nearest level shows, the others have.
        self.levels.set_further(&key, (&loaded, &entry), &policy, now, luck, Write::Replaces).await;
        self.levels.set_nearest(&key, entry, now, Write::Replaces).await;
        // And again: one that began meanwhile may have found the old value on a level that was still to come.
        self.flights.supersede(&key);
        drop(turn);
        self.publish(&Invalidation::expire(Scope::Key(key))).await;
    }

    /// Does what `invalidation` says; returns how many entries it was about.
    pub(super) async fn invalidate(self: Arc<Self>, invalidation: Invalidation) -> u64 {
        self.listen();
        // The loads first, so that one that ends meanwhile does not put the old value back; and again afterwards, for
        // one that began meanwhile may have found the old value on a level that was still to come.
        let under_way = self.flights.begin_invalidation(&invalidation);
        let count = self.levels.invalidate(&invalidation, self.now()).await;
        self.flights.outdate(&invalidation);
        // One that was writing just then takes it back; until it has, the old value may show.
        self.turns.settle(&invalidation.scope).await;
        drop(under_way);
        self.publish(&invalidation).await;
        count
    }

    pub(super) async fn publish(&self, invalidation: &Invalidation) {
        if let Some(outbox) = &self.outbox {
            outbox.publish(invalidation).await;
        }
    }
}

#[async_trait]
impl Copies for Inner {
    async fn invalidate_copies(&self, invalidation: &Invalidation, level: &Level) {
        let under_way = self.flights.begin_invalidation(invalidation);
        self.levels.invalidate_before(level, invalidation, self.now()).await;
        self.flights.outdate(invalidation);
        self.turns.settle(&invalidation.scope).await;
        drop(under_way);
        self.publish(invalidation).await;
    }
}
