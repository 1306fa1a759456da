#if canImport(Glibc)
import Glibc
#endif

/// Threads that do the same work side by side, each with its own number, and wait for each other. Number 0 is the
/// caller's thread.
final class ShardThreads: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let begun = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let finished = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var threads: [pthread_t] = []
    private let count: Int
    // Guarded by the mutex.
    private var round = 0
    private var running = 0
    private var isEnding = false
    private var work: ((Int) -> Void)?
    /// Nanoseconds of CPU that each number's thread has spent at work.
    let busy: UnsafeMutablePointer<Int64>

    init(count: Int) {
        self.count = count
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(begun, nil)
        pthread_cond_init(finished, nil)
        busy = .allocate(capacity: count)
        busy.initialize(repeating: 0, count: count)
        for number in 1..<max(count, 1) {
            var thread = pthread_t()
            let start = Unmanaged.passRetained(Start(self, number))
            let failed = pthread_create(
                &thread, nil,
                { argument in
                    guard let argument else { return nil }
                    let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                    start.threads.loop(start.number)
                    return nil
                }, start.toOpaque())
            guard failed == 0 else {
                start.release()
                break
            }
            threads.append(thread)
        }
    }

    /// Ends the threads; their owner calls it once, before it lets go of them.
    func end() {
        pthread_mutex_lock(mutex)
        isEnding = true
        pthread_cond_broadcast(begun)
        pthread_mutex_unlock(mutex)
        for thread in threads { pthread_join(thread, nil) }
        threads = []
    }

    deinit {
        pthread_mutex_destroy(mutex)
        pthread_cond_destroy(begun)
        pthread_cond_destroy(finished)
        mutex.deallocate()
        begun.deallocate()
        finished.deallocate()
        busy.deallocate()
    }

    /// What a thread is started with.
    private final class Start {
        let threads: ShardThreads
        let number: Int
        init(_ threads: ShardThreads, _ number: Int) {
            self.threads = threads
            self.number = number
        }
    }

    /// Runs `body` for every number and returns when all are done. Numbers whose thread could not be started are run here.
    func run(_ body: @escaping (Int) -> Void) {
        pthread_mutex_lock(mutex)
        work = body
        round += 1
        running = threads.count
        pthread_cond_broadcast(begun)
        pthread_mutex_unlock(mutex)
        timed(0, body)
        for number in (threads.count + 1)..<max(count, threads.count + 1) { timed(number, body) }
        pthread_mutex_lock(mutex)
        while running > 0 { pthread_cond_wait(finished, mutex) }
        work = nil
        pthread_mutex_unlock(mutex)
    }

    private func loop(_ number: Int) {
        var seen = 0
        while true {
            pthread_mutex_lock(mutex)
            while round == seen, !isEnding { pthread_cond_wait(begun, mutex) }
            if isEnding {
                pthread_mutex_unlock(mutex)
                return
            }
            seen = round
            let body = work
            pthread_mutex_unlock(mutex)
            if let body { timed(number, body) }
            pthread_mutex_lock(mutex)
            running -= 1
            if running == 0 { pthread_cond_signal(finished) }
            pthread_mutex_unlock(mutex)
        }
    }

    private func timed(_ number: Int, _ body: (Int) -> Void) {
        let start = Self.threadTime()
        body(number)
        busy[number] += Self.threadTime() - start
    }

    private static func threadTime() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}
