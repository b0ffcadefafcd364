//! FNV-1a: a hash that is the same in every build of Ringzero, for names in the cache and fingerprints in traces.
//! It tells texts apart that differ by accident; nothing here defends against someone who builds a collision.

/// A running hash of 128 bits.
#[derive(Clone, Copy)]
pub(crate) struct Hash(u128);

impl Hash {
    pub(crate) const fn new() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }

    /// Adds the bytes and their number, so that neighbours cannot be confused.
    pub(crate) fn add(mut self, bytes: &[u8]) -> Self {
        for byte in bytes.iter().copied().chain(bytes.len().to_le_bytes()) {
            self.0 = (self.0 ^ u128::from(byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b);
        }
        self
    }

    pub(crate) fn value(self) -> u128 {
        self.0
    }

    /// 32 hexadecimal digits.
    pub(crate) fn hex(self) -> String {
        format!("{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Hash;

    #[test]
    fn neighbours_are_not_confused() {
        assert_ne!(Hash::new().add(b"ab").add(b"c").value(), Hash::new().add(b"a").add(b"bc").value());
        assert_eq!(Hash::new().add(b"ab").hex(), Hash::new().add(b"ab").hex());
    }
}
