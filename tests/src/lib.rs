//! Helpers of the test suite.
pub mod mini;
