//! The programs of a module.

/// One program of a module: its life, or a KUnit case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The number of the case; none: the module's life.
    pub(crate) case: Option<usize>,
    /// `suite.case`.
    pub(crate) title: Option<String>,
}

impl Part {
    /// The module's life.
    pub(crate) const LIFE: Part = Part { case: None, title: None };

    /// `suite.case` for a KUnit case.
    #[must_use]
    pub fn case(&self) -> Option<&str> {
        self.title.as_deref()
    }
}
