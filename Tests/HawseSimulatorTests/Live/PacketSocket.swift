import Foundation
import Glibc

/// Work in another network namespace of the running kernel.
enum LiveNamespace {
    private typealias SetNamespace = @convention(c) (Int32, Int32) -> Int32

    /// Runs `work` with this thread in the named namespace; programs started by it run there too.
    static func inside<Result>(_ name: String, _ work: () throws -> Result) throws -> Result {
        guard let symbol = dlsym(nil, "setns") else { throw LiveNamespaces.Failure(message: "no setns") }
        let setns = unsafeBitCast(symbol, to: SetNamespace.self)
        let home = open("/proc/thread-self/ns/net", O_RDONLY)
        let there = open("/var/run/netns/\(name)", O_RDONLY)
        defer {
            _ = setns(home, 0)
            close(home)
            close(there)
        }
        guard home >= 0, there >= 0, setns(there, 0) == 0 else {
            throw LiveNamespaces.Failure(message: "the namespace \(name) cannot be entered")
        }
        return try work()
    }

    private typealias SetAffinity = @convention(c) (Int32, Int, UnsafeRawPointer?) -> Int32

    /// Runs `work` on the first processor: the kernel deals with what a processor sends on that processor, in order.
    static func onOneProcessor(_ work: () throws -> Void) throws {
        guard let symbol = dlsym(nil, "sched_setaffinity") else { throw LiveNamespaces.Failure(message: "no sched_setaffinity") }
        let setAffinity = unsafeBitCast(symbol, to: SetAffinity.self)
        var only: UInt64 = 1
        guard setAffinity(0, 8, &only) == 0 else { throw LiveNamespaces.Failure(message: "the first processor cannot be chosen") }
        var all = UInt64.max
        defer { _ = setAffinity(0, 8, &all) }
        try work()
    }
}

/// A raw socket on a device (`AF_PACKET`): whole frames in and out.
struct PacketSocket {
    let descriptor: Int32
    /// Bytes of the largest frame.
    private static let largest = 65536

    /// `etherType` in host order; 3 (`ETH_P_ALL`) for everything.
    init(on device: String, in namespace: String, etherType: UInt16 = 3) throws {
        descriptor = try LiveNamespace.inside(namespace) {
            let descriptor = Glibc.socket(17, Int32(SOCK_RAW.rawValue), Int32(etherType.bigEndian))
            guard descriptor >= 0 else { throw LiveNamespaces.Failure(message: "no packet socket") }
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
            var large: Int32 = 4 << 20
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &large, 4)
            // struct sockaddr_ll: family, protocol, index, hardware type, packet type, length, address.
            var address = [UInt8](repeating: 0, count: 20)
            address.withUnsafeMutableBytes { bytes in
                bytes.storeBytes(of: UInt16(17), toByteOffset: 0, as: UInt16.self)
                bytes.storeBytes(of: etherType.bigEndian, toByteOffset: 2, as: UInt16.self)
                bytes.storeBytes(of: Int32(if_nametoindex(device)), toByteOffset: 4, as: Int32.self)
            }
            let bound = address.withUnsafeBytes { bytes in
                bytes.baseAddress.map { bind(descriptor, $0.assumingMemoryBound(to: sockaddr.self), 20) } ?? -1
            }
            guard bound == 0 else { throw LiveNamespaces.Failure(message: "\(device) cannot be watched") }
            return descriptor
        }
    }

    func close() { _ = Glibc.close(descriptor) }

    func send(_ frame: [UInt8]) throws {
        guard Glibc.send(descriptor, frame, frame.count, 0) == frame.count else {
            throw LiveNamespaces.Failure(message: "a frame of \(frame.count) bytes was not taken: \(String(cString: strerror(errno)))")
        }
    }

    /// Frames that have come in (not those sent here) since the last call.
    func arrived() -> [[UInt8]] {
        var frames: [[UInt8]] = []
        var buffer = [UInt8](repeating: 0, count: Self.largest)
        while true {
            var address = [UInt8](repeating: 0, count: 20)
            var length = socklen_t(20)
            let count = address.withUnsafeMutableBytes { bytes in
                bytes.baseAddress.map {
                    recvfrom(descriptor, &buffer, buffer.count, 0, $0.assumingMemoryBound(to: sockaddr.self), &length)
                } ?? -1
            }
            guard count > 0 else { return frames }
            let isOutgoing = address[10] == 4
            if !isOutgoing { frames.append(Array(buffer[..<count])) }
        }
    }

    /// Waits until something is there to read.
    func await(milliseconds: Int32) -> Bool {
        var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&wait, 1, milliseconds) > 0
    }
}
