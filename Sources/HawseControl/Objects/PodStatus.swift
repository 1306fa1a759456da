import HawseModel

extension Kubernetes {
    public struct PodStatus: FieldMap {
        /// Pending, Running, Succeeded, Failed or Unknown.
        public var phase = ""
        public var conditions: [Condition] = []
        public var podIP = ""
        public var podIPs: [HostIP] = []
        public var hostIP = ""
        public var hostIPs: [HostIP] = []
        public var reason = ""
        public var message = ""
        public var nominatedNodeName = ""
        public var startTime: Time?
        public var qosClass = ""
        public var containerStatuses: [ContainerStatus] = []
        public var initContainerStatuses: [ContainerStatus] = []
        public var ephemeralContainerStatuses: [ContainerStatus] = []
        public var observedGeneration: Int64 = 0
        public var resize = ""
        public var other: [String: ManifestNode] = [:]
        static let otherFields = [
            "allocatedResources", "extendedResourceClaimStatus", "resourceClaimStatuses", "resources",
        ]

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("conditions", &conditions)
            map("containerStatuses", &containerStatuses)
            map("ephemeralContainerStatuses", &ephemeralContainerStatuses)
            map("hostIP", &hostIP)
            map("hostIPs", &hostIPs)
            map("initContainerStatuses", &initContainerStatuses)
            map("message", &message)
            map("nominatedNodeName", &nominatedNodeName)
            map("observedGeneration", &observedGeneration)
            map("phase", &phase)
            map("podIP", &podIP)
            map("podIPs", &podIPs)
            map("qosClass", &qosClass)
            map("reason", &reason)
            map("resize", &resize)
            map("startTime", &startTime)
            for name in Self.otherFields { map(name, &other[name]) }
        }

        /// `lastProbeTime` is always there, and null.
        public func written() -> ManifestNode {
            var copy = self
            var writer = FieldWriter()
            copy.fields(&writer)
            writer.complete("conditions", with: [.init("lastProbeTime", ManifestNode(.null))])
            return ManifestNode(.map(writer.entries))
        }
    }

    public struct HostIP: FieldMap {
        public var ip = ""
        public static var goType: String { "PodIP" }
        public init() {}
        public init(_ ip: String) { self.ip = ip }
        public mutating func fields<M: FieldMapper>(_ map: inout M) { map("ip", &ip) }
    }

    public struct ContainerStatus: FieldMap {
        public var name = ""
        public var image = ""
        public var imageID = ""
        public var containerID = ""
        public var ready = false
        public var started: Bool?
        public var restartCount = 0
        public var state = ContainerState()
        public var lastState = ContainerState()
        public var other: [String: ManifestNode] = [:]
        static let otherFields = [
            "allocatedResources", "allocatedResourcesStatus", "resources", "stopSignal", "user", "volumeMounts",
        ]

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("containerID", &containerID)
            map("image", &image)
            map("imageID", &imageID)
            map("lastState", &lastState)
            map("name", &name)
            map.always("ready", &ready)
            map.always("restartCount", &restartCount)
            map("started", &started)
            map("state", &state)
            for name in Self.otherFields { map(name, &other[name]) }
        }
    }

    public struct ContainerState: FieldMap {
        public var waiting: ContainerWaiting?
        public var running: ContainerRunning?
        public var terminated: ContainerTerminated?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("running", &running)
            map("terminated", &terminated)
            map("waiting", &waiting)
        }
    }

    public struct ContainerWaiting: FieldMap {
        public var reason = ""
        public var message = ""
        public static var goType: String { "ContainerStateWaiting" }
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("message", &message)
            map("reason", &reason)
        }
    }

    public struct ContainerRunning: FieldMap {
        public var startedAt: Time?
        public static var goType: String { "ContainerStateRunning" }
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) { map("startedAt", &startedAt) }
    }

    public struct ContainerTerminated: FieldMap {
        public var exitCode = 0
        public var signal = 0
        public var reason = ""
        public var message = ""
        public var startedAt: Time?
        public var finishedAt: Time?
        public var containerID = ""

        public static var goType: String { "ContainerStateTerminated" }
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("containerID", &containerID)
            map.always("exitCode", &exitCode)
            map("finishedAt", &finishedAt)
            map("message", &message)
            map("reason", &reason)
            map("signal", &signal)
            map("startedAt", &startedAt)
        }
    }
}
