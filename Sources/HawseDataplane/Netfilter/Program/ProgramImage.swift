import CShims
import HawseModel

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Where a program's records, owners and operations are when they came from an image: private pages of one mapping, of
/// which the system copies those that are written to.
struct ProgramMemory {
    fileprivate let base: UnsafeMutableRawPointer
    fileprivate let size: Int

    func holds(_ pointer: UnsafeMutableRawPointer) -> Bool { pointer >= base && pointer < base + size }
    func unmap() { munmap(base, size) }
}

/// A table, compiled once for all nodes that have it alike. Nothing ever runs in it: a node gets a copy whose pages are
/// the image's own until a counter in them counts.
final class ProgramImage {
    private let program: TableProgram
    private let file: Int32
    private let ownersAt: Int
    private let arenaAt: Int
    private let size: Int

    /// Takes the program over; `nil` when the system has no memory file, and the program stays the caller's.
    init?(_ compiled: TableProgram) {
        let page = Int(getpagesize())
        func whole(_ bytes: Int) -> Int { (bytes + page - 1) / page * page }
        ownersAt = whole(compiled.recordCapacity * MemoryLayout<RuleRecord>.stride)
        arenaAt = ownersAt + whole(compiled.recordCapacity * 4)
        size = arenaAt + whole(compiled.arenaCapacity)
        file = hawse_memory_file(size)
        guard file >= 0 else { return nil }
        guard let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), memory != MAP_FAILED else {
            close(file)
            return nil
        }
        let used = compiled.recordSpace.used
        memory.copyMemory(from: compiled.records, byteCount: used * MemoryLayout<RuleRecord>.stride)
        (memory + ownersAt).copyMemory(from: compiled.owners, byteCount: used * 4)
        (memory + arenaAt).copyMemory(from: compiled.arena, byteCount: compiled.arenaSpace.used * 8)
        munmap(memory, size)
        program = compiled
    }

    deinit {
        program.deallocate()
        close(file)
    }

    /// A program of a node's own; `nil` when there are no more mappings to be had.
    func copy(for named: UnsafeMutablePointer<NamedState>) -> TableProgram? {
        guard let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0), memory != MAP_FAILED else { return nil }
        var copy = program
        copy.memory = ProgramMemory(base: memory, size: size)
        copy.records = memory.bindMemory(to: RuleRecord.self, capacity: program.recordCapacity)
        copy.owners = (memory + ownersAt).bindMemory(to: UInt32.self, capacity: program.recordCapacity)
        copy.arena = memory + arenaAt
        copy.stack = .allocate(capacity: program.stackSize)
        copy.entries = Self.duplicate(program.entries, 5)
        copy.underflows = Self.duplicate(program.underflows, 5)
        copy.interfaceSets = program.interfaceNames.copied()
        copy.classifiers = program.classifiers.shared()
        copy.chains.share()
        copy.named = named
        return copy
    }

    private static func duplicate(_ words: UnsafeMutablePointer<UInt32>, _ count: Int) -> UnsafeMutablePointer<UInt32> {
        let copy = UnsafeMutablePointer<UInt32>.allocate(capacity: count)
        copy.initialize(from: words, count: count)
        return copy
    }

    /// How a table differs: chains with other rules, at most so many; `nil` when it is not to be made from this.
    func differences(from table: Table, atMost limit: Int) -> [Chain]? {
        guard table.name == program.name, table.chains.count == program.chains.count else { return nil }
        var others: [Chain] = []
        for (number, chain) in table.chains.enumerated() {
            let known = program.chains[number].model
            guard known.name == chain.name, (known.policy == nil) == (chain.policy == nil) else { return nil }
            if known.hasSameMemory(as: chain) || known.hasRules(of: chain) { continue }
            guard others.count < limit else { return nil }
            others.append(chain)
        }
        return others
    }
}

extension Chain {
    /// The very same rules, seen without looking at any.
    fileprivate func hasSameMemory(as other: Chain) -> Bool {
        guard policy == other.policy, rules.count == other.rules.count else { return false }
        return rules.withUnsafeBufferPointer { a in other.rules.withUnsafeBufferPointer { a.baseAddress == $0.baseAddress } }
    }
}
