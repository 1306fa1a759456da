/// What a DaemonSet's rolling update deletes and creates next (`rollingUpdate` of `pkg/controller/daemon`).
struct DaemonRollout {
    /// The pods of one node that a daemon pod should run on.
    struct NodePods {
        let node: String
        var old: Kubernetes.Pod?
        var new: Kubernetes.Pod?
        /// A pod is on its way out, or several have one template: the node is put in order first.
        var isBusy = false

        init(_ pods: [Kubernetes.Pod], hash: String, node: String) {
            self.node = node
            for pod in pods {
                let isNew = pod.metadata.labels["controller-revision-hash"] == hash
                if pod.metadata.isTerminating || (isNew ? new : old) != nil { isBusy = true }
                if isNew { new = pod } else { old = pod }
            }
        }
    }

    private(set) var delete: [Kubernetes.Pod] = []
    private(set) var create: [String] = []

    init(
        _ update: Kubernetes.RollingUpdate?, _ nodes: [NodePods], isAvailable: (Kubernetes.Pod) -> Bool
    ) {
        let surge = update?.maxSurge?.scaled(of: nodes.count, roundingUp: true) ?? 0
        let unavailable = update?.maxUnavailable?.scaled(of: nodes.count, roundingUp: true) ?? 1
        if surge > 0 {
            surgeFirst(surge, nodes, isAvailable)
        } else {
            deleteFirst(max(1, unavailable), nodes, isAvailable)
        }
    }

    /// Old pods that serve nobody go whatever the count; of the others as many as may be missing beside them.
    private mutating func deleteFirst(_ limit: Int, _ nodes: [NodePods], _ isAvailable: (Kubernetes.Pod) -> Bool) {
        var missing = 0
        var candidates: [Kubernetes.Pod] = []
        for node in nodes {
            switch (node.old, node.new) {
            case _ where node.isBusy, (nil, nil), (.some, .some): missing += 1
            case (nil, .some(let new)): missing += isAvailable(new) ? 0 : 1
            case (.some(let old), nil):
                if isAvailable(old) {
                    candidates.append(old)
                } else {
                    delete.append(old)
                    missing += 1
                }
            }
        }
        delete += candidates.prefix(max(0, limit - missing))
    }

    /// New pods beside the old ones, as many as may be too many at once; an old one goes when its successor is up.
    private mutating func surgeFirst(_ limit: Int, _ nodes: [NodePods], _ isAvailable: (Kubernetes.Pod) -> Bool) {
        var surging = 0
        var candidates: [String] = []
        for node in nodes {
            if node.isBusy {
                surging += 1
                continue
            }
            guard let old = node.old else { continue }
            guard let new = node.new else {
                if isAvailable(old) { candidates.append(node.node) } else { create.append(node.node) }
                continue
            }
            if isAvailable(new) { delete.append(old) } else { surging += 1 }
        }
        create += candidates.prefix(max(0, limit - surging))
    }
}
