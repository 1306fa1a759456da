/// Unaligned stores of host-order numbers as network-order fields; no bounds are checked.
extension UnsafeMutableRawPointer {
    @inlinable @inline(__always)
    public func store8(_ value: UInt8, at offset: Int) {
        storeBytes(of: value, toByteOffset: offset, as: UInt8.self)
    }

    @inlinable @inline(__always)
    public func storeBE16(_ value: UInt16, at offset: Int) {
        storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt16.self)
    }

    @inlinable @inline(__always)
    public func storeBE32(_ value: UInt32, at offset: Int) {
        storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt32.self)
    }

    @inlinable @inline(__always)
    public func storeBE64(_ value: UInt64, at offset: Int) {
        storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt64.self)
    }

    @inlinable @inline(__always)
    public func storeLE32(_ value: UInt32, at offset: Int) {
        storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt32.self)
    }

    @inlinable @inline(__always)
    public func storeLE64(_ value: UInt64, at offset: Int) {
        storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt64.self)
    }

    /// The 16 bytes of an IPv6 address.
    @inlinable @inline(__always)
    public func storeAddressBits(_ value: AddressBits, at offset: Int) {
        storeBE64(value.high, at: offset)
        storeBE64(value.low, at: offset + 8)
    }

    @inlinable @inline(__always)
    public func storeMAC(_ value: MACAddress, at offset: Int) {
        storeBE32(UInt32(truncatingIfNeeded: value.value >> 16), at: offset)
        storeBE16(UInt16(truncatingIfNeeded: value.value), at: offset + 4)
    }
}
