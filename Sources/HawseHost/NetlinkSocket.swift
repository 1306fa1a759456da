import CNetlink

/// A netlink socket of libnl and what is asked over it: dumps.
struct NetlinkSocket: ~Copyable {
    private let socket: OpaquePointer

    /// `NETLINK_ROUTE` is 0, `NETLINK_SOCK_DIAG` 4.
    init(protocol number: Int32) throws(HostError) {
        guard let socket = nl_socket_alloc() else { throw HostError(operation: "nl_socket_alloc", reason: "out of memory") }
        let result = nl_connect(socket, number)
        guard result >= 0 else {
            nl_socket_free(socket)
            throw HostError(operation: "nl_connect", reason: String(cString: nl_geterror(result)))
        }
        self.socket = socket
    }

    deinit { nl_socket_free(socket) }

    /// All messages that answer one request with NLM_F_DUMP: their type and payload, in the kernel's order.
    func dump(_ type: Int, _ request: [UInt8], headerLength: Int) throws(HostError) -> [NetlinkMessage] {
        final class Box {
            let headerLength: Int
            var all: [NetlinkMessage] = []
            init(_ headerLength: Int) { self.headerLength = headerLength }
        }
        let box = Box(headerLength)
        let context = Unmanaged.passUnretained(box).toOpaque()
        nl_socket_modify_cb(
            socket, NL_CB_VALID, NL_CB_CUSTOM,
            { message, context in
                guard let context, let header = nlmsg_hdr(message), let data = nlmsg_data(header) else { return Int32(NL_OK.rawValue) }
                let box = Unmanaged<Box>.fromOpaque(context).takeUnretainedValue()
                let bytes = UnsafeRawBufferPointer(start: data, count: Int(nlmsg_datalen(header)))
                if let answer = NetlinkMessage(bytes, headerLength: box.headerLength) { box.all.append(answer) }
                return Int32(NL_OK.rawValue)
            }, context)
        var request = request
        let sent = request.withUnsafeMutableBytes { nl_send_simple(socket, Int32(type), 0x300, $0.baseAddress, $0.count) }  // NLM_F_DUMP
        let result = sent < 0 ? sent : nl_recvmsgs_default(socket)
        // The callback must not outlive the box.
        nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_DEFAULT, nil, nil)
        if result < 0 { throw HostError(operation: "netlink request \(type)", reason: String(cString: nl_geterror(result))) }
        return withExtendedLifetime(box) { box.all }
    }
}
