/// A value as it lies in a partition: what the user gave, behind the version that this writing of it has.
///
///     format: 1 │ version: 16 bytes │ the user's bytes
enum StoredValue {
    private static let format: UInt8 = 1
    private static let headerBytes = 17

    static func encode(_ bytes: [UInt8], version: KeyVersion) -> [UInt8] {
        var stored: [UInt8] = []
        stored.reserveCapacity(headerBytes + bytes.count)
        stored.append(format)
        stored.appendFixed(version.rawValue)
        stored.append(contentsOf: bytes)
        return stored
    }

    /// Reads what `encode` has made.
    static func decode(_ stored: [UInt8]) throws(FieldError) -> VersionedValue {
        var reader = FieldReader(stored)
        try reader.version("stored value", upTo: format)
        let version = KeyVersion(try reader.fixed("version", as: UInt128.self))
        return VersionedValue(bytes: Array(stored[headerBytes...]), version: version)
    }
}
