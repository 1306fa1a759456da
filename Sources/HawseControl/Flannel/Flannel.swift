/// Flannel, the pod network: its configuration, its subnet registries, and what its daemon leaves on a node.
///
/// A *registry* gives each node a subnet and tells it of the others; a *backend* turns leases into devices, routes,
/// neighbours and forwarding entries. Nothing here sends a packet: the results are `NodeSpec` values.
public enum Flannel {}
