/// The door to a disk: everything that the store's own files ask of an operating system, and nothing more.
///
/// Two kinds of promise are kept apart, because crashes keep them apart:
///
///     a file's bytes    last over a crash once `DiskFile.synchronize()` has returned
///     a file's name     lasts over a crash once `DiskDirectory.synchronize()` has returned
///
/// What was not synchronised may be there after a crash, or not, or in part: sectors of 512 bytes are the only unit
/// that is written whole. A failed synchronisation says nothing about which bytes arrived, and a later success says
/// nothing about the bytes of the failed one; whoever gets `DiskError.synchronization` must stop.
///
/// Neither protocol is safe to use from two threads at once.
public protocol DiskDirectory: AnyObject {
    /// Creates an empty file for reading and writing. Fails with `alreadyExists` where the name is taken.
    func create(_ name: String) throws(DiskError) -> any DiskFile

    /// Opens a file for reading and writing. Fails with `notFound` where there is none.
    func open(_ name: String) throws(DiskError) -> any DiskFile

    /// Gives a file another name in one step, replacing the file that had it.
    func rename(_ name: String, to newName: String) throws(DiskError)

    /// Takes a file's name away. Handles that are open go on working.
    func remove(_ name: String) throws(DiskError)

    /// The names of the files, ascending.
    func list() throws(DiskError) -> [String]

    /// Makes every creation, renaming and removal so far last over a crash.
    func synchronize() throws(DiskError)

    /// Takes the directory for one holder alone, who has it until the lock's last reference goes or the process ends.
    /// Fails with `locked` where there is another holder, in this process or in another.
    func lock() throws(DiskError) -> any DiskLock

    /// Bytes that the disk can still take, so that its users can shed work before it is full.
    func freeBytes() throws(DiskError) -> Int
}

/// A directory that is held. Only those who ask for the lock are kept out.
public protocol DiskLock: AnyObject {}

/// One open file. It is closed when its last reference goes.
public protocol DiskFile: AnyObject {
    /// The file's length in bytes.
    func size() throws(DiskError) -> Int

    /// Fills `buffer` from `offset` on and returns how many bytes there were; fewer than asked only at the file's end.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(DiskError) -> Int

    /// Writes all of `bytes` at `offset`. On an error any part of them may have been written.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(DiskError)

    /// Reserves room so that the file is `size` bytes long, reading as zeros where it was not written.
    func preallocate(_ size: Int) throws(DiskError)

    /// Cuts the file down to `size` bytes.
    func truncate(to size: Int) throws(DiskError)

    /// Makes the file's bytes and length last over a crash (`fdatasync`).
    func synchronize() throws(DiskError)
}

extension DiskFile {
    /// Writes all of `bytes` at `offset`.
    public func write(_ bytes: [UInt8], at offset: Int) throws(DiskError) {
        let failure: DiskError? = bytes.withUnsafeBytes { raw in
            do throws(DiskError) {
                try write(raw, at: offset)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    /// Up to `count` bytes from `offset` on; fewer only at the file's end.
    public func read(_ count: Int, at offset: Int) throws(DiskError) -> [UInt8] {
        var failure: DiskError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(DiskError) {
                filled = try read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }
}
