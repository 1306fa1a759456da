import Glibc

/// A capture that could not be written.
public struct CaptureWriteError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The path as it was given, or `-`.
    public var file: String
    /// `errno`, or 0 when the data itself could not be expressed.
    public var code: Int32
    public var reason: String

    init(file: String, code: Int32) {
        self.file = file
        self.code = code
        reason = String(cString: strerror(code))
    }

    init(file: String, reason: String) {
        self.file = file
        self.code = 0
        self.reason = reason
    }

    /// The reader at the other end of the pipe has gone, as in `… | head`.
    public var isBrokenPipe: Bool { code == EPIPE }

    public var description: String { "\(file): \(reason)" }
}

/// Where a capture is written to.
public enum CaptureDestination: Hashable, Sendable {
    /// A path; `-` is standard output. A regular file appears under its name only when it is complete: it is
    /// written beside it and renamed on close, so that reading and writing the same file is safe.
    case file(String)
    /// An open descriptor, which stays open.
    case descriptor(Int32)
    /// Memory, to be fetched with `takeBytes()`.
    case memory
}

/// One large buffer over a destination; packets are composed in it and leave it with few large writes.
struct CaptureOutput: ~Copyable, @unchecked Sendable {
    static let bufferSize = 1 << 20

    let name: String
    private var buffer: UnsafeMutableRawPointer
    private var capacity = Self.bufferSize
    private var count = 0
    private var descriptor: Int32 = -1
    private var closesDescriptor = false
    private var isOpen = true
    private var canBreak = false
    private var finalPath: String?
    private var temporaryPath: String?
    /// Bytes handed to the operating system so far.
    private(set) var bytesWritten: UInt64 = 0

    init(_ destination: CaptureDestination) throws(CaptureWriteError) {
        buffer = .allocate(byteCount: Self.bufferSize, alignment: 4096)
        switch destination {
        case .memory:
            name = "memory"
        case .descriptor(let number):
            name = "descriptor \(number)"
            descriptor = number
        case .file("-"):
            name = "-"
            descriptor = STDOUT_FILENO
        case .file(let path):
            name = path
            if let code = openFile(path) { throw CaptureWriteError(file: path, code: code) }
        }
        var status = stat()
        canBreak = descriptor >= 0 && fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT != S_IFREG
    }

    deinit {
        buffer.deallocate()
        if let temporaryPath { unlink(temporaryPath) }
        if closesDescriptor, descriptor >= 0 { Glibc.close(descriptor) }
    }

    /// Opens the file, or a temporary one beside it; the error's number when that fails.
    private mutating func openFile(_ path: String) -> Int32? {
        closesDescriptor = true
        var target = path
        var status = stat()
        let exists = stat(path, &status) == 0
        if exists, let resolved = realpath(path, nil) {
            // A symbolic link keeps pointing where it points.
            target = String(cString: resolved)
            free(resolved)
        }
        if !exists || status.st_mode & S_IFMT == S_IFREG {
            let beside = "\(target).\(getpid()).partial"
            descriptor = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            if descriptor >= 0 {
                if exists { fchmod(descriptor, status.st_mode & 0o777) }
                finalPath = target
                temporaryPath = beside
                return nil
            }
            guard exists, errno == EACCES || errno == EPERM || errno == EROFS || errno == EEXIST else {
                return errno
            }
        }
        // Devices, pipes, and files in folders that take no new file.
        descriptor = open(target, O_WRONLY | O_TRUNC | O_CLOEXEC)
        return descriptor >= 0 ? nil : errno
    }

    private var isMemory: Bool { descriptor < 0 }

    /// Room for `size` bytes to compose a record in; `commit` makes them part of the output.
    @inline(__always)
    mutating func reserve(_ size: Int) throws(CaptureWriteError) -> UnsafeMutableRawPointer {
        if capacity - count < size { try makeRoom(size) }
        return buffer + count
    }

    @inline(__always) mutating func commit(_ size: Int) { count += size }

    @inline(never) private mutating func makeRoom(_ size: Int) throws(CaptureWriteError) {
        if !isMemory { try flush() }
        guard capacity - count < size else { return }
        var larger = capacity
        while larger - count < size { larger *= 2 }
        let replacement = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 4096)
        replacement.copyMemory(from: buffer, byteCount: count)
        buffer.deallocate()
        buffer = replacement
        capacity = larger
    }

    /// Writes what has been composed so far.
    mutating func flush() throws(CaptureWriteError) {
        guard !isMemory else { return }
        var start = 0
        while start < count {
            let (written, code) =
                canBreak
                ? writeWithoutSignal(descriptor, buffer + start, count - start)
                : writeOnce(descriptor, buffer + start, count - start)
            if written < 0 {
                if code == EINTR { continue }
                // What has left must not be written again, should the caller try once more.
                buffer.copyMemory(from: buffer + start, byteCount: count - start)
                count -= start
                throw CaptureWriteError(file: name, code: code)
            }
            start += written
            bytesWritten &+= UInt64(written)
        }
        count = 0
    }

    /// Writes the rest, closes, and gives a file its name. A second call does nothing.
    mutating func close() throws(CaptureWriteError) {
        guard isOpen else { return }
        try flush()
        isOpen = false
        guard closesDescriptor else { return }
        let number = descriptor
        closesDescriptor = false
        guard Glibc.close(number) == 0 else { throw CaptureWriteError(file: name, code: errno) }
        guard let temporaryPath, let finalPath else { return }
        guard rename(temporaryPath, finalPath) == 0 else { throw CaptureWriteError(file: name, code: errno) }
        self.temporaryPath = nil
    }

    /// The bytes composed in memory since the last call.
    mutating func takeBytes() -> [UInt8] {
        guard isMemory else { return [] }
        let bytes = [UInt8](UnsafeRawBufferPointer(start: buffer, count: count))
        count = 0
        return bytes
    }
}

private func writeOnce(_ descriptor: Int32, _ start: UnsafeRawPointer, _ count: Int) -> (Int, Int32) {
    let written = write(descriptor, start, count)
    return (written, written < 0 ? errno : 0)
}

/// `write(2)` that answers EPIPE instead of ending the process with SIGPIPE, whatever the process does with
/// signals.
private func writeWithoutSignal(
    _ descriptor: Int32, _ start: UnsafeRawPointer, _ count: Int
) -> (Int, Int32) {
    var brokenPipe = sigset_t()
    sigemptyset(&brokenPipe)
    sigaddset(&brokenPipe, SIGPIPE)
    var pending = sigset_t()
    sigpending(&pending)
    let wasPending = sigismember(&pending, SIGPIPE) == 1
    var previous = sigset_t()
    pthread_sigmask(SIG_BLOCK, &brokenPipe, &previous)
    let result = writeOnce(descriptor, start, count)
    if result.1 == EPIPE, !wasPending {
        var now = timespec()
        sigtimedwait(&brokenPipe, nil, &now)
    }
    pthread_sigmask(SIG_SETMASK, &previous, nil)
    return result
}
