internal import Glibc
public import KVStore

/// The machine's own clock: time since it was started, the time in which it was suspended included.
public final class SystemClock: MonotonicClock, Sendable {
    /// Nothing to set up.
    public init() {}

    /// `CLOCK_BOOTTIME`.
    public var now: MonotonicTime { MonotonicTime(nanoseconds: nanoseconds(of: CLOCK_BOOTTIME)) }
}

/// The machine's date (`CLOCK_REALTIME`), which may be set by anybody.
public final class SystemCalendar: CalendarClock, Sendable {
    /// Nothing to set up.
    public init() {}

    /// Milliseconds since 1970.
    public var milliseconds: UInt64 { nanoseconds(of: CLOCK_REALTIME) / 1_000_000 }
}

/// What the kernel makes of chance (`getrandom`).
public final class SystemEntropy: EntropySource, Sendable {
    /// Nothing to set up.
    public init() {}

    /// Never waits, but for a moment right after the machine's start, until the kernel has gathered enough.
    public func next() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }
}

/// The clock that waiting goes by: it stands still while the machine is suspended, and so do the loop's ticks.
func monotonicNanoseconds() -> UInt64 { nanoseconds(of: CLOCK_MONOTONIC) }

private func nanoseconds(of clock: clockid_t) -> UInt64 {
    var moment = timespec()
    let status = clock_gettime(clock, &moment)
    precondition(status == 0, "the machine has no clock \(clock)")
    return UInt64(moment.tv_sec) * 1_000_000_000 + UInt64(moment.tv_nsec)
}
