//! dkvm-testkit
