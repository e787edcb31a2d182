//! How much may be under way: as Cubic says, but never so little that input waits for pictures. Where packets are lost by chance,
//! as by radio, Cubic comes down to two packets; then each datagram waits until a picture's packet is acknowledged or given up.

use quinn::congestion::{Controller, ControllerFactory, ControllerMetrics, CubicConfig};
use quinn_proto::RttEstimator;
use std::{any::Any, sync::Arc, time::Instant};

/// As many as anybody may send unasked when he begins (RFC 6928): no more than these wait in any queue on the way.
const FLOOR_PACKETS: u64 = 10;

/// Makes one for each link.
#[derive(Debug, Default)]
pub struct Pacing(Arc<CubicConfig>);

impl ControllerFactory for Pacing {
    fn build(self: Arc<Self>, now: Instant, mtu: u16) -> Box<dyn Controller> {
        Box::new(Floored {
            cubic: self.0.clone().build(now, mtu),
            mtu,
        })
    }
}

struct Floored {
    cubic: Box<dyn Controller>,
    mtu: u16,
}

impl Controller for Floored {
    fn on_sent(&mut self, now: Instant, bytes: u64, last_packet_number: u64) {
        self.cubic.on_sent(now, bytes, last_packet_number);
    }

    fn on_ack(
        &mut self,
        now: Instant,
        sent: Instant,
        bytes: u64,
        app_limited: bool,
        rtt: &RttEstimator,
    ) {
        self.cubic.on_ack(now, sent, bytes, app_limited, rtt);
    }

    fn on_end_acks(
        &mut self,
        now: Instant,
        in_flight: u64,
        app_limited: bool,
        largest_packet_num_acked: Option<u64>,
    ) {
        self.cubic
            .on_end_acks(now, in_flight, app_limited, largest_packet_num_acked);
    }

    fn on_congestion_event(
        &mut self,
        now: Instant,
        sent: Instant,
        is_persistent_congestion: bool,
        lost_bytes: u64,
    ) {
        self.cubic
            .on_congestion_event(now, sent, is_persistent_congestion, lost_bytes);
    }

    fn on_mtu_update(&mut self, new_mtu: u16) {
        self.mtu = new_mtu;
        self.cubic.on_mtu_update(new_mtu);
    }

    fn window(&self) -> u64 {
        self.cubic.window().max(FLOOR_PACKETS * u64::from(self.mtu))
    }

    fn metrics(&self) -> ControllerMetrics {
        self.cubic.metrics()
    }

    fn clone_box(&self) -> Box<dyn Controller> {
        Box::new(Self {
            cubic: self.cubic.clone_box(),
            mtu: self.mtu,
        })
    }

    fn initial_window(&self) -> u64 {
        self.cubic.initial_window()
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn whatever_is_lost_input_has_room_and_what_is_more_is_cubics() {
        let begun = Instant::now();
        let mut pacing = Arc::new(Pacing::default()).build(begun, 1200);
        let first = pacing.window();
        for n in 1..50 {
            let now = begun + Duration::from_secs(n);
            pacing.on_congestion_event(now, now, true, 1200);
        }
        assert_eq!(pacing.window(), 12_000);
        assert!(first >= 12_000);
        pacing.on_mtu_update(1452);
        assert_eq!(pacing.clone_box().window(), 14_520);
    }
}
