/// Unaligned loads of network-order fields as host-order numbers. Nothing here checks bounds: the caller
/// compares the packet's length with the header's once, then reads.
extension UnsafeRawPointer {
    @inlinable @inline(__always)
    public func load8(at offset: Int) -> UInt8 { load(fromByteOffset: offset, as: UInt8.self) }

    @inlinable @inline(__always)
    public func loadBE16(at offset: Int) -> UInt16 {
        UInt16(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    @inlinable @inline(__always)
    public func loadBE32(at offset: Int) -> UInt32 {
        UInt32(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    @inlinable @inline(__always)
    public func loadBE64(at offset: Int) -> UInt64 {
        UInt64(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// SCTP's CRC and the words of the kernel's hash functions are little endian.
    @inlinable @inline(__always)
    public func loadLE32(at offset: Int) -> UInt32 {
        UInt32(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    @inlinable @inline(__always)
    public func loadLE64(at offset: Int) -> UInt64 {
        UInt64(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    @inlinable @inline(__always)
    public func loadProtocol(at offset: Int) -> IPProtocol { IPProtocol(rawValue: load8(at: offset)) }

    @inlinable @inline(__always)
    public func loadEtherType(at offset: Int) -> EtherType { EtherType(rawValue: loadBE16(at: offset)) }

    /// The 16 bytes of an IPv6 address.
    @inlinable @inline(__always)
    public func loadAddressBits(at offset: Int) -> AddressBits {
        AddressBits(high: loadBE64(at: offset), low: loadBE64(at: offset + 8))
    }

    /// Six bytes, as two loads that stay within them.
    @inlinable @inline(__always)
    public func loadMAC(at offset: Int) -> MACAddress {
        MACAddress(UInt64(loadBE32(at: offset)) << 16 | UInt64(loadBE16(at: offset + 4)))
    }
}

extension UnsafeMutableRawPointer {
    @inlinable @inline(__always)
    public func load8(at offset: Int) -> UInt8 { UnsafeRawPointer(self).load8(at: offset) }

    @inlinable @inline(__always)
    public func loadProtocol(at offset: Int) -> IPProtocol { UnsafeRawPointer(self).loadProtocol(at: offset) }

    @inlinable @inline(__always)
    public func loadEtherType(at offset: Int) -> EtherType { UnsafeRawPointer(self).loadEtherType(at: offset) }

    @inlinable @inline(__always)
    public func loadBE16(at offset: Int) -> UInt16 { UnsafeRawPointer(self).loadBE16(at: offset) }

    @inlinable @inline(__always)
    public func loadBE32(at offset: Int) -> UInt32 { UnsafeRawPointer(self).loadBE32(at: offset) }

    @inlinable @inline(__always)
    public func loadBE64(at offset: Int) -> UInt64 { UnsafeRawPointer(self).loadBE64(at: offset) }

    @inlinable @inline(__always)
    public func loadLE32(at offset: Int) -> UInt32 { UnsafeRawPointer(self).loadLE32(at: offset) }

    @inlinable @inline(__always)
    public func loadLE64(at offset: Int) -> UInt64 { UnsafeRawPointer(self).loadLE64(at: offset) }

    @inlinable @inline(__always)
    public func loadAddressBits(at offset: Int) -> AddressBits {
        UnsafeRawPointer(self).loadAddressBits(at: offset)
    }

    @inlinable @inline(__always)
    public func loadMAC(at offset: Int) -> MACAddress { UnsafeRawPointer(self).loadMAC(at: offset) }
}
