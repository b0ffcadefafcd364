//! Wakeup trees: sequences of steps that still have to be tried from a node, sharing their beginnings.

use ringzero_trace::Label;

/// Index of a tree node; [`NIL`] is none.
pub type Id = u32;
/// No node.
pub const NIL: Id = u32::MAX;
/// In the place of a step: whatever the search tries where nothing is planned. First in its list, and without children.
pub const ANY: Label = Label { proc: u16::MAX, variant: 0 };

#[derive(Clone, Copy, Debug)]
struct Node {
    label: Label,
    idx: u32,
    child: Id,
    next: Id,
}

/// All wakeup trees of one search, in one pool.
#[derive(Default, Debug)]
pub struct Forest {
    nodes: Vec<Node>,
    free: Vec<Id>,
}

impl Forest {
    fn make(&mut self, label: Label, idx: u32) -> Id {
        let node = Node { label, idx, child: NIL, next: NIL };
        match self.free.pop() {
            Some(id) => {
                self.nodes[id as usize] = node;
                id
            }
            None => {
                self.nodes.push(node);
                (self.nodes.len() - 1) as Id
            }
        }
    }

    /// The label of a node, and which step of its context it stands for.
    pub fn label(&self, id: Id) -> (Label, u32) {
        let n = self.nodes[id as usize];
        (n.label, n.idx)
    }

    /// First child.
    pub fn child(&self, id: Id) -> Id {
        self.nodes[id as usize].child
    }

    /// Next sibling.
    pub fn next(&self, id: Id) -> Id {
        self.nodes[id as usize].next
    }

    /// Appends a sequence as the last branch of `root` (a list head); returns the new head.
    pub fn append(&mut self, head: Id, steps: impl Iterator<Item = (Label, u32)>) -> Id {
        let mut first = NIL;
        let mut last = NIL;
        for (label, idx) in steps {
            let id = self.make(label, idx);
            if last == NIL {
                first = id;
            } else {
                self.nodes[last as usize].child = id;
            }
            last = id;
        }
        self.push(head, first)
    }

    /// Appends node `id` as the last of the list that starts at `head`; returns the new head.
    pub fn push(&mut self, head: Id, id: Id) -> Id {
        if head == NIL || id == NIL {
            return if head == NIL { id } else { head };
        }
        let mut at = head;
        while self.nodes[at as usize].next != NIL {
            at = self.nodes[at as usize].next;
        }
        self.nodes[at as usize].next = id;
        head
    }

    /// Replaces the children of `id`.
    pub fn set_child(&mut self, id: Id, child: Id) {
        self.nodes[id as usize].child = child;
    }

    /// Has whatever is possible tried before what is in a list; returns its new head.
    pub fn any_first(&mut self, head: Id) -> Id {
        if head != NIL && self.label(head).0 == ANY {
            return head;
        }
        let any = self.make(ANY, 0);
        self.nodes[any as usize].next = head;
        any
    }

    /// Takes the first node off a list: its label, its children, the rest.
    pub fn shift(&mut self, head: Id) -> (Label, u32, Id, Id) {
        let n = self.nodes[head as usize];
        self.free.push(head);
        (n.label, n.idx, n.child, n.next)
    }

    /// Frees a whole list with all below it.
    pub fn drop_list(&mut self, head: Id) {
        let mut stack = vec![head];
        while let Some(id) = stack.pop() {
            if id != NIL {
                let n = self.nodes[id as usize];
                self.free.push(id);
                stack.push(n.child);
                stack.push(n.next);
            }
        }
    }
}
