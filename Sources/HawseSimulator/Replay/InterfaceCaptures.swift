import Foundation
import HawseCapture
import HawseDataplane

/// What leaves a node, one pcap an interface, each made when the first frame leaves by it.
public struct InterfaceCaptures: ~Copyable {
    private let directory: String
    private let names: [String]
    private let writers: UnsafeMutablePointer<PcapWriter>
    private var isOpen: [Bool]

    /// Makes the folder. `names`: of the node's interfaces, by index.
    public init(directory: String, names: [String]) throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        self.directory = directory
        self.names = names
        isOpen = [Bool](repeating: false, count: names.count)
        writers = .allocate(capacity: names.count)
    }

    deinit {
        for index in isOpen.indices where isOpen[index] { (writers + index).deinitialize(count: 1) }
        writers.deallocate()
    }

    public mutating func write(_ frame: OutputFrame) throws(CaptureWriteError) {
        let index = Int(frame.interface)
        guard index < isOpen.count else { return }
        if !isOpen[index] {
            (writers + index).initialize(to: try PcapWriter(to: .file("\(directory)/\(names[index]).pcap")))
            isOpen[index] = true
        }
        try writers[index].write(frame.bytes, timestamp: frame.time.nanoseconds)
    }

    /// Gives the files their names.
    public mutating func close() throws(CaptureWriteError) {
        for index in isOpen.indices where isOpen[index] { try writers[index].close() }
    }
}
