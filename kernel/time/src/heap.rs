//! A base's pending timers: a pairing heap of their notes, first due first, and of equal ones the one that was armed first.
//!
//! Arming takes a few instructions, however many timers are pending; taking one out takes time that grows with the
//! logarithm of their number.

use crate::jiffies::{time_after, time_before};
use crate::node::{Link, Node};
use core::cell::Cell;
use core::ptr;

/// See the module. Touched only with the base's lock held.
pub(crate) struct Heap {
    root: Cell<Link>,
    /// How many were put in: orders those that are due together.
    armed: Cell<u32>,
}

/// Whether `a` expires before `b`.
fn before(a: &Node, b: &Node) -> bool {
    let (da, db) = (a.due.get(), b.due.get());
    time_before(da, db) || (!time_after(da, db) && a.armed.get().wrapping_sub(b.armed.get()).cast_signed() < 0)
}

/// Makes one heap of two, neither of which has siblings.
fn meld(a: Link, b: Link) -> Link {
    let (Some(a), Some(b)) = (a, b) else { return a.or(b) };
    let (first, other) = if before(a, b) { (a, b) } else { (b, a) };
    let child = first.child.replace(Some(other));
    if let Some(child) = child {
        child.back.set(Some(other));
    }
    other.next.set(child);
    other.back.set(Some(first));
    Some(first)
}

/// Makes one heap of siblings, `first` and those behind it: in pairs, then one with the other.
fn meld_all(mut first: Link) -> Link {
    let mut pairs = None;
    while let Some(a) = first {
        let b = a.next.take();
        a.back.set(None);
        first = b.and_then(|b| {
            b.back.set(None);
            b.next.take()
        });
        if let Some(pair) = meld(Some(a), b) {
            pair.next.set(pairs);
            pairs = Some(pair);
        }
    }
    let mut root = None;
    while let Some(pair) = pairs {
        pairs = pair.next.take();
        root = meld(root, Some(pair));
    }
    root
}

/// The one after `node` in some order in which all come once.
fn after(node: &'static Node) -> Link {
    if let child @ Some(_) = node.child.get() {
        return child;
    }
    let mut at = node;
    loop {
        if let next @ Some(_) = at.next.get() {
            return next;
        }
        // Back to the parent: the one before the first child.
        loop {
            let back = at.back.get()?;
            let was_child = back.child.get().is_some_and(|c| ptr::eq(c, at));
            at = back;
            if was_child {
                break;
            }
        }
    }
}

impl Heap {
    pub(crate) const fn new() -> Self {
        Self { root: Cell::new(None), armed: Cell::new(0) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.root.get().is_none()
    }

    /// Puts in a timer that is in none.
    pub(crate) fn insert(&self, node: &'static Node) {
        node.armed.set(self.armed.get());
        self.armed.set(self.armed.get().wrapping_add(1));
        self.root.set(meld(self.root.get(), Some(node)));
    }

    /// Takes out a timer that is in this one.
    pub(crate) fn remove(&self, node: &'static Node) {
        let children = meld_all(node.child.take());
        let (back, next) = (node.back.take(), node.next.take());
        let Some(back) = back else {
            self.root.set(children);
            return;
        };
        let link = if back.child.get().is_some_and(|c| ptr::eq(c, node)) { &back.child } else { &back.next };
        link.set(next);
        if let Some(next) = next {
            next.back.set(Some(back));
        }
        self.root.set(meld(self.root.get(), children));
    }

    /// The first one for which `which` holds.
    pub(crate) fn first(&self, which: impl Fn(&Node) -> bool) -> Link {
        let root = self.root.get()?;
        if which(root) {
            return Some(root);
        }
        let all = core::iter::successors(Some(root), |n| after(n));
        all.filter(|n| which(n)).reduce(|a, b| if before(b, a) { b } else { a })
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    fn node(due: u64) -> &'static Node {
        let node: &'static Node = std::boxed::Box::leak(std::boxed::Box::new(Node::new(ptr::null())));
        node.due.set(due);
        node
    }

    /// The heap and a sorted list see the same random operations.
    #[test]
    fn it_is_a_sorted_list() {
        let (heap, mut list) = (Heap::new(), Vec::<&'static Node>::new());
        let mut seed = 7u64;
        let mut random = |n: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % n
        };
        for _ in 0..20_000 {
            match random(7) {
                0..3 => {
                    let node = node(random(50).wrapping_sub(10));
                    heap.insert(node);
                    let at = list.partition_point(|n| !time_after(n.due.get(), node.due.get()));
                    list.insert(at, node);
                }
                3 if !list.is_empty() => heap.remove(list.remove(random(list.len() as u64) as usize)),
                4 if !list.is_empty() => heap.remove(list.remove(0)),
                5 => {
                    let odd = |n: &Node| n.due.get() % 3 == 1;
                    let expected = list.iter().find(|n| odd(n)).map(|n| ptr::from_ref(*n));
                    assert_eq!(heap.first(odd).map(ptr::from_ref), expected);
                }
                _ => {}
            }
            assert_eq!(heap.first(|_| true).map(ptr::from_ref), list.first().map(|n| ptr::from_ref(*n)));
            assert_eq!(heap.is_empty(), list.is_empty());
        }
    }
}
