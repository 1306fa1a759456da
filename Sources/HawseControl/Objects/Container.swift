import HawseModel

extension Kubernetes {
    public struct Container: FieldMap {
        public var name = ""
        public var image = ""
        public var command: [String] = []
        public var args: [String] = []
        public var ports: [ContainerPort] = []
        public var resources = ResourceRequirements()
        public var livenessProbe: Probe?
        public var readinessProbe: Probe?
        public var startupProbe: Probe?
        public var lifecycle: Lifecycle?
        /// `Always` makes an init container a sidecar.
        public var restartPolicy: String?
        public var imagePullPolicy = ""
        public var terminationMessagePath = ""
        public var terminationMessagePolicy = ""
        public var other: [String: ManifestNode] = [:]
        static let otherFields = [
            "env", "envFrom", "resizePolicy", "restartPolicyRules", "securityContext", "stdin", "stdinOnce",
            "targetContainerName", "tty", "volumeDevices", "volumeMounts", "workingDir",
        ]

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("args", &args)
            map("command", &command)
            map("image", &image)
            map("imagePullPolicy", &imagePullPolicy)
            map("lifecycle", &lifecycle)
            map("livenessProbe", &livenessProbe)
            map("name", &name)
            map("ports", &ports)
            map("readinessProbe", &readinessProbe)
            map("resources", &resources)
            map("restartPolicy", &restartPolicy)
            map("startupProbe", &startupProbe)
            map("terminationMessagePath", &terminationMessagePath)
            map("terminationMessagePolicy", &terminationMessagePolicy)
            for name in Self.otherFields { map.shaped(name, &other[name], PodShapes.container[name] ?? .any) }
        }
    }

    public struct ContainerPort: FieldMap {
        public var name = ""
        public var containerPort = 0
        public var hostPort = 0
        public var hostIP = ""
        public var `protocol`: TransportProtocol = ""

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map.always("containerPort", &containerPort)
            map("hostIP", &hostIP)
            map("hostPort", &hostPort)
            map("name", &name)
            map("protocol", &`protocol`)
        }
    }

    public struct ResourceRequirements: FieldMap {
        public var requests: [String: Quantity] = [:]
        public var limits: [String: Quantity] = [:]
        public var claims: [ManifestNode] = []

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("claims", &claims)
            map("limits", &limits)
            map("requests", &requests)
        }
    }

    public struct Probe: FieldMap {
        public var exec: ExecAction?
        public var httpGet: HTTPGetAction?
        public var tcpSocket: TCPSocketAction?
        public var grpc: GRPCAction?
        public var initialDelaySeconds = 0
        public var periodSeconds = 0
        public var timeoutSeconds = 0
        public var successThreshold = 0
        public var failureThreshold = 0
        public var terminationGracePeriodSeconds: Int64?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("exec", &exec)
            map("failureThreshold", &failureThreshold)
            map("grpc", &grpc)
            map("httpGet", &httpGet)
            map("initialDelaySeconds", &initialDelaySeconds)
            map("periodSeconds", &periodSeconds)
            map("successThreshold", &successThreshold)
            map("tcpSocket", &tcpSocket)
            map("terminationGracePeriodSeconds", &terminationGracePeriodSeconds)
            map("timeoutSeconds", &timeoutSeconds)
        }
    }

    public struct ExecAction: FieldMap {
        public var command: [String] = []
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) { map("command", &command) }
    }

    public struct HTTPGetAction: FieldMap {
        public var path = ""
        public var port: IntOrString = 0
        public var host = ""
        public var scheme = ""
        public var httpHeaders: [HTTPHeader] = []

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("host", &host)
            map("httpHeaders", &httpHeaders)
            map("path", &path)
            map.always("port", &port)
            map("scheme", &scheme)
        }
    }

    public struct HTTPHeader: FieldMap {
        public var name = ""
        public var value = ""
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map.always("name", &name)
            map.always("value", &value)
        }
    }

    public struct TCPSocketAction: FieldMap {
        public var port: IntOrString = 0
        public var host = ""
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("host", &host)
            map.always("port", &port)
        }
    }

    public struct GRPCAction: FieldMap {
        public var port = 0
        public var service: String?
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map.always("port", &port)
            map("service", &service)
        }
    }

    public struct Lifecycle: FieldMap {
        public var postStart: LifecycleHandler?
        public var preStop: LifecycleHandler?
        public var stopSignal: String?
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("postStart", &postStart)
            map("preStop", &preStop)
            map("stopSignal", &stopSignal)
        }
    }

    public struct LifecycleHandler: FieldMap {
        public var exec: ExecAction?
        public var httpGet: HTTPGetAction?
        public var tcpSocket: TCPSocketAction?
        public var sleep: SleepAction?
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("exec", &exec)
            map("httpGet", &httpGet)
            map("sleep", &sleep)
            map("tcpSocket", &tcpSocket)
        }
    }

    public struct SleepAction: FieldMap {
        public var seconds: Int64 = 0
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) { map.always("seconds", &seconds) }
    }
}
