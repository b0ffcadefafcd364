//! One exhaustive search on several threads.
//!
//! # How
//! The upper part of the tree, from the root down, is **shared**: a node is shared once somebody gave away what was
//! still to be tried there. Below a shared node each thread explores a branch of its own, as a search alone would; a
//! branch that is being explored sleeps for its siblings, as an explored one does. What a reversal adds to a shared
//! node goes to that node, under the lock. The search
//! is finished when nothing is to be tried at any shared node and no thread explores.
//!
//! A branch that is explored by itself wakes all that slept at its root, because the sequence that asked for it does;
//! so sharing adds no redundant runs where a search alone has none.

use crate::exhaustive::{Asleep, Exhaustive, Node, Why};
use crate::tree::{Forest, Id, NIL};
use ringzero_trace::{Event, Label};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
struct Shared {
    parent: Option<usize>,
    depth: usize,
    /// The step that leads here from the parent.
    by: Option<Label>,
    sleep: Vec<Asleep>,
    todo: Id,
    arrivals: Vec<Event>,
    offers: Vec<Event>,
}

#[derive(Default, Debug)]
struct Pool {
    nodes: Vec<Shared>,
    forest: Forest,
    working: usize,
    waiting: usize,
}

/// What the threads of one search have in common.
#[derive(Default, Debug)]
pub struct Common {
    pool: Mutex<Pool>,
    changed: Condvar,
    hungry: AtomicUsize,
    stopped: AtomicBool,
    seen: Mutex<HashSet<u64>>,
}

/// One thread's part.
#[derive(Clone, Debug)]
pub struct Share {
    common: Arc<Common>,
    node: Option<usize>,
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Common {
    /// One thread begins at the root. Called before any thread starts, so that none thinks that all is done.
    pub fn begin(&self) {
        lock(&self.pool).working = 1;
    }

    /// Nobody is to go on.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        let _pool = lock(&self.pool);
        self.changed.notify_all();
    }

    /// Whether somebody stopped it.
    #[must_use]
    pub fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

impl Pool {
    fn at_depth(&self, mut node: usize, depth: usize) -> Option<usize> {
        while self.nodes[node].depth > depth {
            node = self.nodes[node].parent?;
        }
        (self.nodes[node].depth == depth).then_some(node)
    }
}

impl Share {
    /// Whether somebody waits for work.
    pub(crate) fn wanted(&self) -> bool {
        self.common.hungry.load(Ordering::Relaxed) > 0
    }

    pub(crate) fn new_class(&self, class: u64) -> bool {
        lock(&self.common.seen).insert(class)
    }

    pub(crate) fn insert(&self, search: &Exhaustive, all: &[Event], at: usize, seq: &mut Vec<u32>) {
        let mut pool = lock(&self.common.pool);
        let Some(n) = self.node.and_then(|n| pool.at_depth(n, at)) else { return };
        let (mut todo, mut forest) = (pool.nodes[n].todo, std::mem::take(&mut pool.forest));
        search.insert_into(all, at, seq, &pool.nodes[n].sleep, &mut todo, &mut forest);
        pool.forest = forest;
        pool.nodes[n].todo = todo;
        if pool.waiting > 0 {
            self.common.changed.notify_one();
        }
    }

    pub(crate) fn add_arrivals(&self, at: usize, came: &HashSet<u16>, placed: &mut HashSet<Label>) {
        let mut pool = lock(&self.common.pool);
        let Some(n) = self.node.and_then(|n| pool.at_depth(n, at)) else { return };
        for k in 0..pool.nodes[n].arrivals.len() {
            let a = pool.nodes[n].arrivals[k];
            let asleep = pool.nodes[n].sleep.iter().any(|s| s.step.label == a.label);
            if came.contains(&a.label.proc) || !placed.insert(a.label) || asleep {
                continue;
            }
            let mut at = pool.nodes[n].todo;
            let mut planned = false;
            while at != NIL {
                planned |= pool.forest.label(at).0 == a.label;
                at = pool.forest.next(at);
            }
            if !planned {
                let head = pool.nodes[n].todo;
                pool.nodes[n].todo = pool.forest.append(head, std::iter::once((a.label, a.idx)));
            }
        }
        if pool.waiting > 0 {
            self.common.changed.notify_one();
        }
    }
}

/// Copies a list of trees into another pool.
fn copy(from: &mut Forest, head: Id, to: &mut Forest) -> Id {
    let (mut first, mut at) = (NIL, head);
    while at != NIL {
        let (label, idx, child, next) = from.shift(at);
        let child = copy(from, child, to);
        let one = to.append(NIL, std::iter::once((label, idx)));
        to.set_child(one, child);
        first = to.push(first, one);
        at = next;
    }
    first
}

impl Node {
    /// Whether it is known what was possible at the node, and what is being explored from there.
    fn can_be_shared(&self) -> bool {
        self.chosen.is_some_and(|c| self.offers.iter().any(|e| e.label == c))
    }
}

impl Exhaustive {
    /// A search that begins at the root and shares it with others.
    #[must_use]
    pub fn first_of(common: &Arc<Common>) -> Self {
        let mut search = Self::another_of(common);
        search.exhausted = false;
        search.busy = true;
        search
    }

    /// A search that has nothing to do until it finds some (see [`Exhaustive::next_share`]).
    #[must_use]
    pub fn another_of(common: &Arc<Common>) -> Self {
        let mut search = Self::default();
        search.share = Some(Share { common: Arc::clone(common), node: None });
        search.exhausted = true;
        search
    }

    /// Gives away what is to be tried at the uppermost node of this search's own that has something: that node and
    /// those above it are shared from now on.
    pub(crate) fn give(&mut self) {
        let inner = self.floor..self.nodes.len().saturating_sub(1);
        let Some(at) = inner.into_iter().find(|&n| self.nodes[n].todo != NIL) else { return };
        if self.exhausted || self.nodes[self.floor..=at].iter().any(|n| !n.can_be_shared()) {
            return;
        }
        let Some(share) = self.share.clone() else { return };
        let mut pool = lock(&share.common.pool);
        let mut parent = share.node;
        for depth in self.floor..=at {
            let by = depth.checked_sub(1).and_then(|b| self.nodes[b].chosen);
            let node = &mut self.nodes[depth];
            let chosen = node.chosen;
            let mut sleep = node.sleep.clone();
            let step = node.offers.iter().find(|e| Some(e.label) == chosen);
            sleep.extend(step.map(|&step| Asleep { step, open_after: false }));
            let todo = std::mem::replace(&mut node.todo, NIL);
            let (arrivals, offers) = (node.arrivals.clone(), std::mem::take(&mut node.offers));
            let todo = copy(&mut self.forest, todo, &mut pool.forest);
            pool.nodes.push(Shared { parent, depth, by, sleep, todo, arrivals, offers });
            parent = Some(pool.nodes.len() - 1);
        }
        share.common.changed.notify_all();
        drop(pool);
        self.floor = at + 1;
        self.share = Some(Share { common: share.common, node: parent });
    }

    /// Takes another branch, when the own one is finished. Waits for one if need be; `false` when the whole search
    /// is finished or stopped.
    pub fn next_share(&mut self) -> bool {
        let Some(share) = self.share.clone() else { return false };
        let common = share.common;
        let mut pool = lock(&common.pool);
        if std::mem::take(&mut self.busy) {
            pool.working -= 1;
        }
        self.nodes.clear();
        self.share = Some(Share { common: Arc::clone(&common), node: None });
        loop {
            if common.stopped() {
                common.changed.notify_all();
                return false;
            }
            if let Some(n) = (0..pool.nodes.len()).rev().find(|&n| pool.nodes[n].todo != NIL) {
                if self.take(&mut pool, n) {
                    pool.working += 1;
                    self.share = Some(Share { common: Arc::clone(&common), node: Some(n) });
                    return true;
                }
                continue;
            }
            if pool.working == 0 {
                common.changed.notify_all();
                return false;
            }
            pool.waiting += 1;
            common.hungry.fetch_add(1, Ordering::Relaxed);
            pool = common.changed.wait(pool).unwrap_or_else(PoisonError::into_inner);
            common.hungry.fetch_sub(1, Ordering::Relaxed);
            pool.waiting -= 1;
        }
    }

    /// Takes the first branch of shared node `n`, unless it sleeps there.
    fn take(&mut self, pool: &mut Pool, n: usize) -> bool {
        let head = pool.nodes[n].todo;
        let (label, _, below, rest) = pool.forest.shift(head);
        pool.nodes[n].todo = rest;
        let asleep = pool.nodes[n].sleep.iter().any(|s| s.step.label == label);
        let step = pool.nodes[n].offers.iter().find(|e| e.label == label).copied();
        let (Some(step), false) = (step, asleep) else {
            pool.forest.drop_list(below);
            return false;
        };
        let below = copy(&mut pool.forest, below, &mut self.forest);
        let mut path = vec![n];
        while let Some(p) = pool.nodes[path[path.len() - 1]].parent {
            path.push(p);
        }
        path.reverse();
        self.nodes.clear();
        for (k, &s) in path.iter().enumerate() {
            let shared = &pool.nodes[s];
            let chosen = path.get(k + 1).map_or(Some(label), |&c| pool.nodes[c].by);
            self.nodes.push(Node {
                sleep: shared.sleep.clone(),
                todo: NIL,
                step: None,
                below: if s == n { below } else { NIL },
                open_after: false,
                why: Why::Planned,
                chosen,
                rivals: Vec::new(),
                arrivals: shared.arrivals.clone(),
                offers: Vec::new(),
            });
        }
        pool.nodes[n].sleep.push(Asleep { step, open_after: false });
        self.floor = path.len();
        self.exhausted = false;
        self.busy = true;
        true
    }
}
