import HawseModel
import HawseWire

extension Dataplane {
    /// The virtual server's controls, as `ipvsadm` has them, while packets flow.
    public struct IPVS {
        let dataplane: Dataplane

        /// Applies one command at the node's present time.
        public func apply(_ command: IPVSCommand) throws(IPVSCommandError) {
            let node = dataplane.node
            node.pointee.flows.invalidate()
            node.pointee.ipvs.advance(to: node.pointee.now, node)
            node.pointee.ipvs.settleTallies()
            try node.pointee.ipvs.apply(command, node)
            node.pointee.generation += 1
            node.pointee.ipvs.refreshJiffy(node.pointee.now)
            dataplane.settleHelperTracking()
        }

        /// Changes one `net.ipv4.vs.*` setting.
        public func set(_ name: String, to value: String) {
            dataplane.node.pointee.flows.invalidate()
            dataplane.node.pointee.ipvs.settleTallies()
            dataplane.node.pointee.settings.all[name] = value
            var settings = IPVSSettings(dataplane.node.pointee.settings.all)
            settings.overhead = dataplane.node.pointee.ipvs.settings.overhead
            dataplane.node.pointee.ipvs.applySettings(settings)
        }

        /// Whether an active connection counts 256 (kernels before stable 6.12.104) or 257 times an inactive one.
        public func setOverheadBeforeTotalConnections(_ isOld: Bool) {
            var settings = dataplane.node.pointee.ipvs.settings
            settings.overhead = isOld ? .activeShifted : .totalConnections
            dataplane.node.pointee.ipvs.applySettings(settings)
        }

        /// How many pages of 4 KiB the node says are free, which modes 1 and 2 of `drop_entry`, `drop_packet` and
        /// `secure_tcp` compare with `amemthresh`; 262,144 (1 GiB) unless set.
        public func setAvailableMemory(pages: Int) {
            dataplane.node.pointee.ipvs.defence.availableMemory = pages
            dataplane.node.pointee.ipvs.applySettings(dataplane.node.pointee.ipvs.settings)
        }

        /// A synchronisation message (UDP payload) reaches the backup daemon. Returns whether it was taken; one that
        /// lies about a length changes nothing.
        @discardableResult
        public func receiveSync(_ message: [UInt8]) -> Bool {
            let node = dataplane.node
            let before = node.pointee.ipvs.sync.accepted
            message.withUnsafeBytes { node.pointee.ipvs.applySync($0, node) }
            return node.pointee.ipvs.sync.accepted > before
        }

        /// Synchronisation messages taken and refused so far.
        public var syncCounts: (accepted: Int, refused: Int) {
            let sync = dataplane.node.pointee.ipvs.sync
            return (sync.accepted, sync.refused)
        }

        /// The servers of one service in the scheduler's order, with their connections; none when there is no such
        /// service.
        public func servers(of key: VirtualService.Key) -> [IPVSListing.Server] {
            dataplane.node.pointee.ipvs.settleTallies()
            return dataplane.node.pointee.ipvs.servers(of: key)
        }

        /// A service with its destinations, as it is now; `nil` when there is none.
        public func service(_ key: VirtualService.Key) -> VirtualService? {
            dataplane.node.pointee.ipvs.settleTallies()
            return dataplane.node.pointee.ipvs.service(key)
        }

        /// Which destination has each slot of the scheduler's table (dh, sh, mh); `nil` for schedulers without one.
        public func schedulerTable(_ key: VirtualService.Key) -> [Destination?]? {
            dataplane.node.pointee.ipvs.schedulerTable(key)
        }

        /// Connections in the table, templates included.
        public var connectionCount: Int { dataplane.node.pointee.ipvs.connections.count }
        /// Bytes of the connection table that have been touched.
        public var memoryInUse: Int { dataplane.node.pointee.ipvs.connections.memoryInUse }
    }

    public var ipvs: IPVS { IPVS(dataplane: self) }

    /// Tracking begins and ends with the first and the last service that wants it.
    func settleHelperTracking() {
        let services = node.pointee.ipvs.services
        let wants = (services.trackers4 > 0, services.trackers6 > 0)
        if node.pointee.netfilter4.pointee.isTrackedForHelper != wants.0 {
            node.pointee.netfilter4.pointee.isTrackedForHelper = wants.0
        }
        if node.pointee.netfilter6.pointee.isTrackedForHelper != wants.1 {
            node.pointee.netfilter6.pointee.isTrackedForHelper = wants.1
        }
        if node.pointee.ipvs.isActive(6), !node.pointee.netfilter6.pointee.hadVirtualService {
            node.pointee.netfilter6.pointee.hadVirtualService = true
        }
    }

    /// Everything `ipvsadm -L` lists, at the node's present time. `isEarly`: before the timers' next tick, so that a
    /// connection whose place a new one has taken is still there.
    public func ipvsListing(isEarly: Bool = false) -> IPVSListing {
        if !isEarly { node.pointee.ipvs.advance(to: node.pointee.now, node) }
        node.pointee.ipvs.settleTallies()
        return node.pointee.ipvs.listing()
    }
}
