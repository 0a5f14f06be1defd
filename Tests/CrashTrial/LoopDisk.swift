import Glibc

/// An ext4 file system in a sparse file, mounted over a loop device, whose power can be cut: `FS_IOC_SHUTDOWN` without
/// flushing the journal makes the kernel forget everything that has not reached the device.
///
///     store's files ▶ page cache ▶ ext4 ▶ loop device ▶ image, in the host's page cache, which survives
///                      └─── lost by a cut ───┘
final class LoopDisk {
    let mountPoint: String
    private let image: String
    private let errors: String
    private var isMounted = false

    private static let bytes: off_t = 1 << 30

    /// Makes the file system and mounts it.
    init(directory: String) throws {
        mountPoint = "\(directory)/disk"
        image = "\(directory)/disk.image"
        errors = "\(directory)/mount-errors"
        guard mkdir(mountPoint, 0o700) == 0 || errno == EEXIST else { throw Trouble("cannot make \(mountPoint)") }
        let file = open(image, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0, ftruncate(file, Self.bytes) == 0 else { throw Trouble("cannot make \(image)") }
        close(file)
        try run(["mkfs.ext4", "-q", "-F", image])
        try mount()
    }

    func mount() throws {
        try run(["mount", "-t", "ext4", "-o", "loop", image, mountPoint])
        isMounted = true
    }

    /// Unmounts, which sets the loop device free, too.
    func unmount() throws {
        guard isMounted else { return }
        var attempts = 0
        while true {
            do {
                try run(["umount", mountPoint])
                isMounted = false
                return
            } catch {
                // A process that was just killed may still hold a file.
                attempts += 1
                guard attempts < 100 else { throw error }
                usleep(20_000)
            }
        }
    }

    /// Cuts the power: from now on everything on the file system fails.
    func cutPower() throws {
        try checkItIsOurs()
        let directory = open(mountPoint, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw Trouble("cannot open \(mountPoint)") }
        defer { close(directory) }
        // _IOR('X', 125, __u32) of linux/fs.h, and its flag for not writing the journal.
        let shutdownRequest: UInt = 0x8004_587D
        var withoutJournal: UInt32 = 2
        guard ioctl(directory, shutdownRequest, &withoutJournal) == 0 else {
            throw Trouble("cannot cut the power of \(mountPoint): \(String(cString: strerror(errno)))")
        }
    }

    /// Nothing but our own file system is ever shut down: it must be another than that of the image.
    private func checkItIsOurs() throws {
        var inside = stat()
        var outside = stat()
        guard isMounted, stat(mountPoint, &inside) == 0, stat(image, &outside) == 0, inside.st_dev != outside.st_dev,
            try isLoopDevice(inside.st_dev)
        else { throw Trouble("\(mountPoint) is not the trial's own file system") }
    }

    private func isLoopDevice(_ device: dev_t) throws -> Bool {
        let loopMajor: UInt64 = 7
        return UInt64(device) >> 8 & 0xFFF == loopMajor
    }

    private func run(_ arguments: [String]) throws {
        let (end, _) = try ChildProcess.run(arguments, errors: errors)
        guard end == .exit(0) else {
            let reason = String(decoding: (try? readFile(errors)) ?? [], as: UTF8.self)
            throw Trouble("\(arguments[0]) failed: \(reason)")
        }
    }
}
