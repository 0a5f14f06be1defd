/// How large the pieces of a log are.
public struct LogOptions: Sendable, Hashable {
    /// A segment's length in bytes. It is reserved at once, so that commits change no metadata of the file system.
    public var segmentBytes = 64 << 20
    /// The most bytes of records that one write carries; what is more goes into several, each with a synchronisation.
    public var batchBytes = 8 << 20
    /// The most groups that one write carries.
    public var batchGroups = 4096
    /// How far ahead of the records a segment is filled with zeros. On file systems that must note which reserved
    /// blocks are written, the first write into a block costs twice a later one; this makes it the rare one.
    public var zeroAheadBytes = 1 << 20
    /// Entries of fewer bytes than this are not worth compressing.
    public var compressionBytes = 512

    /// The usual sizes.
    public init() {}

    func validate() {
        precondition(segmentBytes % SectorFormat.bytes == 0, "a segment is made of whole sectors")
        precondition(segmentBytes / SectorFormat.bytes <= LogFormat.segmentSectors, "a segment must be readable")
        precondition(zeroAheadBytes % SectorFormat.bytes == 0, "zeros are written in whole sectors")
        precondition(batchBytes <= segmentBytes / 2, "a segment must have room for two batches")
        precondition(batchBytes <= LogFormat.batchBytes / 2, "a batch must be readable")
        precondition(batchBytes >= 4096 && batchGroups >= 1, "a batch must have room for a record")
    }
}

/// The limits that decoders hold bytes from a disk against before they reserve memory for them.
enum LogFormat {
    /// The version that is written; readers refuse newer ones.
    static let version: UInt32 = 1
    /// No batch and no segment has a number as large, so that numbers can be counted on from those that are read.
    static let numbers: UInt64 = 1 << 62
    /// The most bytes of one batch.
    static let batchBytes = 64 << 20
    /// The most bytes that the entries of one record unfold to.
    static let recordBytes = 64 << 20
    /// The most bytes that the entries of one record take, if there are several.
    static let usualRecordBytes = 256 << 10
    /// The most that limits may charge for the payloads of one record: a sum that is told, and reserves nothing.
    static let chargedBytes = 1 << 40
    /// The most entries of one record.
    static let recordEntries = 1 << 20
    /// The most sectors of a segment.
    static let segmentSectors = 1 << 24
    /// The most bytes of a ledger that are read.
    static let ledgerBytes = 256 << 20
    /// The most bytes of the state of all groups: with the records of a commit it must stay within a batch.
    static let rosterBytes = 24 << 20
    /// The most members that each part of a configuration names.
    static let members = 1 << 16
}
