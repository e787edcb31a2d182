//! Linux's interfaces, by rtnetlink.

use super::{message, Change};
use crate::{
    core::{address::Cidr, seen::Seen},
    error::{ChangeError, Error},
};
use futures_util::{stream::StreamExt, TryStreamExt};
use rtnetlink::{
    new_multicast_connection, packet_route::route::RouteMessage, AddressMessageBuilder, Handle,
    LinkMessageBuilder, LinkUnspec, MulticastGroup, RouteMessageBuilder,
};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
    time::Duration,
};
use tokio::sync::Notify;

/// A cable that is plugged in makes Linux say ten things at once: one look is enough for them.
const SETTLE: Duration = Duration::from_millis(30);

/// For a route that is taken away.
const ANY_METRIC: u32 = 0;

/// The connection to Linux.
pub struct Linux {
    handle: Handle,
}

impl Linux {
    /// Connects, and from now on tells `changed` when links, addresses or routes have changed.
    pub fn open(changed: Arc<Notify>) -> Result<Self, Error> {
        let groups = [
            MulticastGroup::Link,
            MulticastGroup::Ipv4Ifaddr,
            MulticastGroup::Ipv6Ifaddr,
            MulticastGroup::Ipv4Route,
            MulticastGroup::Ipv6Route,
        ];
        let (connection, handle, mut messages) =
            new_multicast_connection(&groups).map_err(Error::Open)?;
        tokio::spawn(connection);
        tokio::spawn(async move {
            // What Linux says is only that it has something to say: the look then finds all of it.
            while messages.next().await.is_some() {
                tokio::time::sleep(SETTLE).await;
                while messages.try_recv().is_ok() {}
                changed.notify_one();
            }
        });
        Ok(Self { handle })
    }

    /// All interfaces with their addresses and default routes.
    pub async fn look(&self) -> Result<Vec<Seen>, Error> {
        let links: Vec<_> = self
            .handle
            .link()
            .get()
            .execute()
            .try_collect()
            .await
            .map_err(Error::Look)?;
        let mut all: Vec<_> = links.iter().filter_map(message::link).collect();
        let addresses: Vec<_> = self
            .handle
            .address()
            .get()
            .execute()
            .try_collect()
            .await
            .map_err(Error::Look)?;
        for (index, cidr) in addresses.iter().filter_map(message::address) {
            all.iter_mut()
                .filter(|seen| seen.index == index)
                .for_each(|seen| seen.addresses.push(cidr));
        }
        for any in [
            RouteMessageBuilder::<Ipv4Addr>::new().build(),
            RouteMessageBuilder::<Ipv6Addr>::new().build(),
        ] {
            for (index, gateway) in self.default_routes(any).await? {
                all.iter_mut()
                    .filter(|seen| seen.index == index)
                    .for_each(|seen| seen.gateways.push(gateway));
            }
        }
        Ok(all)
    }

    async fn default_routes(&self, any: RouteMessage) -> Result<Vec<(u32, IpAddr)>, Error> {
        let routes: Vec<_> = self
            .handle
            .route()
            .get(any)
            .execute()
            .try_collect()
            .await
            .map_err(Error::Look)?;
        Ok(routes.iter().filter_map(message::default_route).collect())
    }

    /// Changes an interface. What is there already is no failure, and what is gone already neither.
    pub async fn change(&self, index: u32, change: Change) -> Result<(), ChangeError> {
        match change {
            Change::Up => self.set(LinkUnspec::new_with_index(index).up()).await?,
            Change::Down => self.set(LinkUnspec::new_with_index(index).down()).await?,
            Change::Forward(forwarding) => {
                let attribute = message::forwarding(forwarding);
                let link = LinkUnspec::new_with_index(index).append_extra_attribute(attribute);
                self.set(link).await?
            }
            Change::Add(cidr) => {
                self.handle
                    .address()
                    .add(index, cidr.address, cidr.prefix)
                    .replace()
                    .execute()
                    .await?
            }
            Change::Remove(cidr) => self.remove(index, cidr).await?,
            Change::Route(gateway, metric) => {
                let route = default_route(index, gateway, metric);
                self.handle.route().add(route).replace().execute().await?;
            }
            Change::Unroute(gateway) => {
                let route = default_route(index, gateway, ANY_METRIC);
                self.handle.route().del(route).execute().await?;
            }
        }
        Ok(())
    }

    async fn set(&self, link: LinkMessageBuilder<LinkUnspec>) -> Result<(), rtnetlink::Error> {
        self.handle.link().set(link.build()).execute().await
    }

    async fn remove(&self, index: u32, cidr: Cidr) -> Result<(), rtnetlink::Error> {
        let message = match cidr.address {
            IpAddr::V4(address) => AddressMessageBuilder::<Ipv4Addr>::new()
                .index(index)
                .address(address, cidr.prefix)
                .build(),
            IpAddr::V6(address) => AddressMessageBuilder::<Ipv6Addr>::new()
                .index(index)
                .address(address, cidr.prefix)
                .build(),
        };
        self.handle.address().del(message).execute().await
    }
}

fn default_route(index: u32, gateway: IpAddr, metric: u32) -> RouteMessage {
    match gateway {
        IpAddr::V4(gateway) => RouteMessageBuilder::<Ipv4Addr>::new()
            .output_interface(index)
            .gateway(gateway)
            .priority(metric)
            .build(),
        IpAddr::V6(gateway) => RouteMessageBuilder::<Ipv6Addr>::new()
            .output_interface(index)
            .gateway(gateway)
            .priority(metric)
            .build(),
    }
}
