//! Logic with a third value: what hangs on something that the inventory can't know.

/// Whether something holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    /// It doesn't.
    False,
    /// It hangs on what isn't known.
    Unknown,
    /// It does.
    True,
}

impl Truth {
    /// Both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// Either holds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// Whether it may hold.
    pub fn may(self) -> bool {
        self != Self::False
    }

    /// All hold; true of none.
    pub fn all(truths: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::True;
        for truth in truths {
            all = all.and(truth);
            if all == Self::False {
                break;
            }
        }
        all
    }

    /// Any holds; false of none.
    pub fn any(truths: impl IntoIterator<Item = Self>) -> Self {
        let mut any = Self::False;
        for truth in truths {
            any = any.or(truth);
            if any == Self::True {
                break;
            }
        }
        any
    }
}

impl std::ops::Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_decided_does_not_hang_on_what_is_unknown() {
        let (no, unknown, yes) = (Truth::False, Truth::Unknown, Truth::True);
        assert_eq!(no.and(unknown), no);
        assert_eq!(yes.and(unknown), unknown);
        assert_eq!(yes.or(unknown), yes);
        assert_eq!(no.or(unknown), unknown);
        assert_eq!(!unknown, unknown);
        assert_eq!(Truth::all([]), yes);
        assert_eq!(Truth::any([]), no);
        assert_eq!(Truth::any([unknown, yes]), yes);
    }
}
