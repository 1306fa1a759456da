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
            // `PACKET_AUXDATA`: the kernel takes tags out of frames, and tells of them beside.
            var one: Int32 = 1
            guard setsockopt(descriptor, 263, 8, &one, 4) == 0 else {
                throw LiveNamespaces.Failure(message: "\(device) does not tell of tags")
            }
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
        var address = [UInt8](repeating: 0, count: 20)
        var control = [UInt8](repeating: 0, count: 64)
        while true {
            let (count, told) = buffer.withUnsafeMutableBytes { buffer in
                address.withUnsafeMutableBytes { address in
                    control.withUnsafeMutableBytes { control in receive(buffer, address, control) }
                }
            }
            guard count > 0 else { return frames }
            let isOutgoing = address[10] == 4
            if !isOutgoing { frames.append(Self.tagged(buffer[..<count], control[..<told])) }
        }
    }

    private func receive(
        _ buffer: UnsafeMutableRawBufferPointer, _ address: UnsafeMutableRawBufferPointer, _ control: UnsafeMutableRawBufferPointer
    ) -> (count: Int, control: Int) {
        var vector = iovec(iov_base: buffer.baseAddress, iov_len: buffer.count)
        return withUnsafeMutablePointer(to: &vector) { vector in
            var message = msghdr()
            (message.msg_name, message.msg_namelen) = (address.baseAddress, socklen_t(address.count))
            (message.msg_iov, message.msg_iovlen) = (vector, 1)
            (message.msg_control, message.msg_controllen) = (control.baseAddress, control.count)
            return (recvmsg(descriptor, &message, 0), message.msg_controllen)
        }
    }

    /// The frame with the tag that `struct tpacket_auxdata` tells of (`TP_STATUS_VLAN_VALID`) in its place.
    private static func tagged(_ frame: ArraySlice<UInt8>, _ control: ArraySlice<UInt8>) -> [UInt8] {
        // struct cmsghdr: length, level, type; then status, two lengths, two offsets, the tag and its type.
        guard control.count >= 36, frame.count > 12 else { return Array(frame) }
        let (status, tag, type) = control.withUnsafeBytes {
            (
                $0.loadUnaligned(fromByteOffset: 16, as: UInt32.self), $0.loadUnaligned(fromByteOffset: 32, as: UInt16.self),
                $0.loadUnaligned(fromByteOffset: 34, as: UInt16.self)
            )
        }
        guard status & 0x10 != 0 else { return Array(frame) }
        let front = frame.startIndex + 12
        return frame[..<front] + [UInt8(type >> 8), UInt8(type & 255), UInt8(tag >> 8), UInt8(tag & 255)] + frame[front...]
    }

    /// Waits until something is there to read.
    func await(milliseconds: Int32) -> Bool {
        var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&wait, 1, milliseconds) > 0
    }
}
